#ifndef LAUNCHER_IDS_H
#define LAUNCHER_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/*
 * Which slot and user id belongs to which service name: given once and kept, also while the service
 * is not installed, because files of its volumes carry the uid. The launcher is the only writer.
 */
#define IDS_MAX       256
#define IDS_MAGIC     0x42494431u /* "BID1" */
#define IDS_FILE      "ids"
#define IDS_FIRST_UID 10000u

struct ids {
	uint32_t magic;
	uint32_t size;                  /* sizeof(struct ids) */
	char names[IDS_MAX][NAME_SIZE]; /* index = slot; empty: free */
};

/* No file = no name has an id yet. -EBADMSG: not an ids file of this build; else -errno of
 * openat(2), pread(2). */
int ids_load(int state_dir, struct ids *ids, struct err *err);

/*
 * Slot of @name; a new name gets the lowest free slot, and the file is stored before this
 * returns. -EINVAL: not a name; -ENOSPC: CONFIG_SERVICES_MAX names have one already; else -errno of
 * the store, and @ids is then as before.
 */
int ids_get(int state_dir, struct ids *ids, const char *name, uint16_t *slot, struct err *err);

bool ids_has(const struct ids *ids, const char *name);

/* @name has none any more, and another name may get it: nothing on the disk may carry it then.
 * Harmless when it has none. -errno of the store, and @ids is then as before. */
int ids_drop(int state_dir, struct ids *ids, const char *name, struct err *err);

/* The uid that comes with a slot. */
static inline uint32_t ids_uid(uint16_t slot)
{
	return IDS_FIRST_UID + slot;
}

#endif

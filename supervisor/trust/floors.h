#ifndef TRUST_FLOORS_H
#define TRUST_FLOORS_H

#include "base/err.h"
#include "base/str.h"

/*
 * Per name, the lowest epoch that may still run: written by the launcher only, only upwards. On the
 * state disk, so whoever rewrites that disk can lower it; min-epoch in the verified trust.conf is
 * the floor that they cannot.
 */
#define FLOORS_MAX   256
#define FLOORS_MAGIC 0x42464c31u /* "BFL1" */
#define FLOORS_FILE  "floors"

struct floor {
	char name[NAME_SIZE];
	uint32_t epoch;
	uint32_t trust_version; /* of the trust policy under which it was raised */
};

struct floors {
	uint32_t magic;
	uint32_t count;
	struct floor floors[FLOORS_MAX];
};

/* No file = no floors yet. -EBADMSG: not a floors file of this build; else -errno of openat(2),
 * pread(2). */
int floors_load(int directory, struct floors *f, struct err *err);

/* 0 for a name without floor. */
uint32_t floors_epoch(const struct floors *f, const char *name);

/* 1: raised, store it; 0: it was there already; -ENOSPC: no room for another name; -EINVAL: not a
 * name. */
int floors_raise(struct floors *f, const char *name, uint32_t epoch, uint32_t trust_version,
		 struct err *err);

/* Whole or not at all: temporary file, fsync, rename, fsync of @directory. -errno. */
int floors_store(int directory, const struct floors *f, struct err *err);

#endif

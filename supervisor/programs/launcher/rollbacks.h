#ifndef LAUNCHER_ROLLBACKS_H
#define LAUNCHER_ROLLBACKS_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "generated/autoconf.h"
#include "programs/launcher/images.h"

/* Why a name went back to an earlier version: the last time of each, for `bartizan image list`.
 * What the service wrote then is in its spool. The launcher is the only writer. */
#define ROLLBACKS_MAGIC 0x42524231u /* "BRB1" */
#define ROLLBACKS_FILE  "rollbacks"

struct rollback {
	char name[NAME_SIZE];
	char version[IMAGES_VERSION_SIZE]; /* that failed */
	char why[120];
	uint32_t generation; /* the life that failed; 0: none */
	int32_t code;        /* si_code and status of its end; 0: it did not run */
	int32_t status;
	uint64_t at_us; /* CLOCK_REALTIME */
};

struct rollbacks {
	uint32_t magic;
	uint32_t size;
	struct rollback of[CONFIG_SERVICES_MAX]; /* by slot */
};

/* No file, or one that cannot be understood: nothing is known. It decides nothing. */
void rollbacks_load(int state_dir, struct rollbacks *all);

/* Whole or not at all. -errno */
int rollbacks_store(int state_dir, const struct rollbacks *all);

#endif

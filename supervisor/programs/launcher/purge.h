#ifndef LAUNCHER_PURGE_H
#define LAUNCHER_PURGE_H

#include <stdbool.h>

#include "base/err.h"

/*
 * `image remove NAME --purge`: all that a service has on the state partition but its records, which
 * are the trail's, and its floor, which nobody lowers. Its versions and secrets go at once, its
 * volumes a piece for each turn of the loop, its user id last, when the device policy does not name
 * it any more. What a power cut leaves is removed by asking again. One at a time.
 */

/* Begun: update_purged() is called when it is over. -EBUSY: the service runs, is isolated or
 * installed, somebody uses its volumes, another purge; -ENOENT: there is nothing of that name;
 * -EINVAL, -EPERM, else -errno of the removal. */
int purge_begin(const char *name, struct err *err);

/* Is this name being purged? */
bool purge_is_of(const char *name);

/* update.c: it is over, with *err->code 0 or not. */
void update_purged(const struct err *err);

#endif

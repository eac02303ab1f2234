#ifndef POLICY_MOUNT_POINT_H
#define POLICY_MOUNT_POINT_H

#include "base/err.h"
#include "policy/policy.h"

/* Where a service has something mounted: the rules are the same for every kind of mount. */

/* -EINVAL: not a plain absolute path below /; -EPERM: it would cover what the sandbox itself puts
 * there. */
int policy_mount_point_check(const char *path, struct err *err);

/* -EEXIST: @path lies at, below or above a mount point that @policy has already; the later mount
 * would be hidden or would hide. */
int policy_mount_point_free(const struct policy *policy, const char *path, struct err *err);

/* The same for all pairs. */
int policy_mount_points_check(const struct policy *policy, struct err *err);

#endif

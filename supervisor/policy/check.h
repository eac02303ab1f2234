#ifndef POLICY_CHECK_H
#define POLICY_CHECK_H

#include <stddef.h>

#include "base/err.h"
#include "policy/policy.h"

/*
 * Does @policy ask for no more than the device grants this service? Walks the bound of every key
 * row. -EPERM: "FILE:LINE: [service] memory = 64m: above the device's bound 32m"; -EACCES for what
 * the device does not allow at all. @file is the service file's name in that message. The caller
 * has validated both structs.
 */
int policy_check_bounds(const struct policy *policy, const struct device_policy *device,
			const struct device_service *service, const char *file, struct err *err);

/*
 * Put "FILE:LINE: [service] key = " in front of a reason that begins with the value; @row of
 * policy_service_table. Returns -errno of @err.
 */
int policy_locate(const struct policy *policy, size_t row, const char *file, struct err *err);

/* Is it said how a collector is known? -EINVAL. */
int policy_check_collectors(const struct device_syslog *syslog, struct err *err);

/* The row of a key that is there. */
size_t policy_row(const char *key);

/* The row of @name in the device policy; NULL: the device does not name it, so it must not run. */
const struct device_service *policy_device_service(const struct device_policy *device,
						   const char *name);

#endif

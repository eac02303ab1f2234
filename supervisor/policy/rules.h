#ifndef POLICY_RULES_H
#define POLICY_RULES_H

#include "base/err.h"
#include "policy/policy.h"

/*
 * Does @policy keep to every deny and require rule of the device? -EACCES with the rule's name and
 * the line of @file. The caller has validated both structs.
 */
int policy_check_rules(const struct policy *policy, const struct device_policy *device,
		       const char *file, struct err *err);

#endif

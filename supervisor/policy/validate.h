#ifndef POLICY_VALIDATE_H
#define POLICY_VALIDATE_H

#include "base/err.h"
#include "policy/policy.h"
#include "policy/trust_policy.h"

/*
 * For structs that come from another process: every field is one that the loader could have made
 * (terminated, in range, counts within their arrays, enumerations known, words well-formed).
 * -EBADMSG with the key's name. No inih here.
 */
int policy_validate(const struct policy *policy, struct err *err);
int policy_validate_device(const struct device_policy *device, struct err *err);
int policy_validate_trust(const struct trust_policy *trust, struct err *err);

#endif

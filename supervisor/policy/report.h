#ifndef POLICY_REPORT_H
#define POLICY_REPORT_H

#include "policy/policy.h"

/*
 * Every key of a validated policy with its value as the file would write it, defaults included; a
 * `many` key once per value. @key and @value live until the call returns.
 */
void policy_report(const struct policy *policy,
		   void (*row)(void *context, const char *key, const char *value), void *context);

/* The same of a trust policy. Each section begins with a row of its own: "[signer]" and its name.
 */
struct trust_policy;
void policy_report_trust(const struct trust_policy *policy,
			 void (*row)(void *context, const char *key, const char *value),
			 void *context);

#endif

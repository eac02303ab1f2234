#ifndef POLICY_SYSCTLS_H
#define POLICY_SYSCTLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Which namespace holds the value. */
enum sysctl_place { SYSCTL_IPC, SYSCTL_NET };

/*
 * A kernel setting that a service may have of its own: it must be held by one of its namespaces and
 * must reach nothing else. A row with min equal to max is always set to that; writing it down is
 * allowed.
 */
struct policy_sysctl {
	const char *name;
	uint8_t place; /* enum sysctl_place */
	uint8_t count; /* numbers in the value */
	uint32_t min;
	uint32_t max;
};

/* "kernel.msgmax=65536": its row, or NULL with the reason in @err. */
const struct policy_sysctl *policy_sysctl_check(const char *pair, struct err *err);

#endif

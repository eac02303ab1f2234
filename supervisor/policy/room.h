#ifndef POLICY_ROOM_H
#define POLICY_ROOM_H

#include "base/err.h"
#include "policy/policy.h"

/* What the device has, and what the services that it admitted have of it already. */
struct policy_room {
	uint64_t ram;         /* bytes that the kernel manages */
	uint32_t cpus;        /* online */
	uint64_t memory;      /* sum over the others */
	uint64_t reservation; /* likewise */
};

/*
 * Is there room for @policy beside the others (services.md, rows 31, 33, 34)? -E2BIG with the line
 * of
 * @file: to ask again would only repeat the answer.
 */
int policy_check_room(const struct policy *policy, const struct device_policy *device,
		      const struct policy_room *room, const char *file, struct err *err);

#endif

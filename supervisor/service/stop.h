#ifndef SERVICE_STOP_H
#define SERVICE_STOP_H

#include <stdint.h>

#include "service/plan.h"

#define STOP_KILL_AGAIN_MS                                                                         \
	5000u /* SIGKILL is repeated: the message may have met a full queue, or a process in D     \
		 state */

struct service_stop {
	uint64_t due_ms; /* when service_stop_due() wants to be called */
	uint32_t kills;
};

/* The first signal to send. */
uint32_t service_stop_begin(struct service_stop *stop, const struct service_plan *plan,
			    uint64_t now_ms);

/* Still there at due_ms: the next signal, which is SIGKILL for the whole cgroup. */
uint32_t service_stop_due(struct service_stop *stop, uint64_t now_ms);

#endif

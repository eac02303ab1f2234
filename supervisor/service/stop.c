#include "service/stop.h"

#include <signal.h>

uint32_t service_stop_begin(struct service_stop *stop, const struct service_plan *plan,
			    uint64_t now_ms)
{
	*stop = (struct service_stop){.due_ms = now_ms + plan->stop_timeout_ms};
	return plan->stop_signal;
}

uint32_t service_stop_due(struct service_stop *stop, uint64_t now_ms)
{
	if (stop->kills < UINT32_MAX)
		stop->kills++;
	stop->due_ms = now_ms + STOP_KILL_AGAIN_MS;
	return SIGKILL;
}

#include "supervisor.h"

#include "audit/audit.h"

/*
 * critical = yes in [service NAME]: init feeds the hardware watchdog only while this says so. A
 * service on its way up or down, and one that the operator stopped, is no reason to withhold it;
 * the watchdog's own timeout is the time in which it may get well again.
 */
static bool is_ill(const struct service *s)
{
	return s->critical && s->wanted &&
	       (s->state == SERVICE_BACKOFF || s->state == SERVICE_FAILED ||
		s->state == SERVICE_REFUSED || s->health.state == HEALTH_UNHEALTHY);
}

void supervisor_vital_check(void)
{
	static bool held;
	const struct service *ill = NULL;

	for (size_t i = 0; supervisor.begun && i < CONFIG_SERVICES_MAX && !ill; i++)
		if (is_ill(&supervisor.table.services[i]))
			ill = &supervisor.table.services[i];
	if (held == (ill != NULL))
		return;
	held = ill != NULL;
	if (ill)
		audit_emit(EVENT_WATCHDOG_HELD, AUDIT_S(ill->name),
			   AUDIT_S(service_state_name(ill->state)));
	supervisor_init_vital(!held);
}

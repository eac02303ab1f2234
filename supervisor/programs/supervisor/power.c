#include "supervisor.h"

#include "base/clock.h"

/* Past the longest stop_timeout of a service: by then SIGKILL went out too. init has a limit of its
 * own behind this one. */
#define POWER_SLACK_MS 10000u
#define POWER_LIMIT_MS 90000u

static struct {
	bool begun;
	bool told;
	enum power how;
	struct timer limit;
} power;

static void tell(void)
{
	if (power.told)
		return;
	power.told = true;
	supervisor_init_power(power.how);
}

static void due(struct loop *loop, struct timer *timer)
{
	(void)loop;
	(void)timer;
	tell(); /* init kills what is left */
}

static uint64_t longest_stop_ms(void)
{
	uint64_t longest = 0;

	for (uint32_t i = 0; i < CONFIG_SERVICES_MAX; i++)
		if (supervisor.table.services[i].state == SERVICE_RUNNING &&
		    supervisor.table.services[i].plan.stop_timeout_ms > longest)
			longest = supervisor.table.services[i].plan.stop_timeout_ms;
	return longest;
}

bool supervisor_power_begun(void)
{
	return power.begun;
}

void supervisor_power_check(void)
{
	if (power.begun && service_all_down(&supervisor.table))
		tell();
}

void supervisor_power_begin(enum power how)
{
	uint64_t limit = longest_stop_ms() + POWER_SLACK_MS;

	if (power.begun)
		return;
	power.begun = true;
	power.how = how;
	power.limit.due = due;
	loop_timer_set(&supervisor.loop, &power.limit,
		       clock_monotonic_ms() + (limit < POWER_LIMIT_MS ? limit : POWER_LIMIT_MS));
	service_stop_all(&supervisor.table);
	supervisor_power_check();
}

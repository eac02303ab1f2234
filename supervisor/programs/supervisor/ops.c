#include "supervisor.h"

#include "base/clock.h"

/* xorshift32: spreads restarts, protects nothing. */
static uint32_t spread(void)
{
	static uint32_t state;

	if (!state)
		state = (uint32_t)clock_boot_us() | 1;
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

static void set(struct timer *timer, uint64_t at_ms)
{
	if (at_ms)
		loop_timer_set(&supervisor.loop, timer, at_ms);
	else
		loop_timer_clear(&supervisor.loop, timer);
}

static void state_due(struct loop *loop, struct timer *timer)
{
	(void)loop;
	service_due(&supervisor.table, &supervisor.table.services[timer - supervisor.timers]);
}

static void health_due(struct loop *loop, struct timer *timer)
{
	(void)loop;
	service_health_timer(&supervisor.table,
			     &supervisor.table.services[timer - supervisor.health_timers]);
}

static void set_timer(struct service *s, uint64_t at_ms)
{
	supervisor.timers[s->slot].due = state_due;
	set(&supervisor.timers[s->slot], at_ms);
}

static void set_health_timer(struct service *s, uint64_t at_ms)
{
	supervisor.health_timers[s->slot].due = health_due;
	set(&supervisor.health_timers[s->slot], at_ms);
}

static void changed(struct service *s)
{
	supervisor_memory_save(s);
	supervisor_readiness_changed(s);
	supervisor_vital_check();
	supervisor_control_changed(s);
	supervisor_power_check();
}

const struct service_ops supervisor_ops = {
	.now_ms = clock_monotonic_ms,
	.random = spread,
	.request = supervisor_launcher_request,
	.signal = supervisor_init_signal,
	.timer = set_timer,
	.health_timer = set_health_timer,
	.changed = changed,
};

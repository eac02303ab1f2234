#include "service/plan.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

static const struct {
	uint32_t number;
	const char *name;
} signals[] = {
	{SIGTERM, "TERM"}, {SIGHUP, "HUP"},   {SIGINT, "INT"},   {SIGUSR1, "USR1"},
	{SIGUSR2, "USR2"}, {SIGQUIT, "QUIT"}, {SIGKILL, "KILL"},
};

static const char *signal_name(uint32_t signal)
{
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (signals[i].number == signal)
			return signals[i].name;
	return NULL;
}

bool service_signal_allowed(uint32_t signal)
{
	return signal_name(signal) != NULL;
}

const char *service_signal_name(uint32_t signal)
{
	const char *name = signal_name(signal);

	return name ? name : "?";
}

void service_plan_default(struct service_plan *plan)
{
	*plan = (struct service_plan){.restart = true,
				      .restart_max = 5,
				      .stop_signal = SIGTERM,
				      .stop_timeout_ms = 10000};
}

int service_plan_copy(struct service_plan *plan, const struct policy *policy, struct err *err)
{
	/* SIGKILL is no stop signal (services.md row 69): it would skip the service's own clean-up
	 * every time. */
	if (!service_signal_allowed(policy->stop_signal) || policy->stop_signal == SIGKILL)
		return err_set(err, EINVAL, "stop_signal %u is not one that init sends",
			       policy->stop_signal);
	if (policy->depends_count > POLICY_DEPENDS_MAX)
		return err_set(err, EINVAL, "%u dependencies", policy->depends_count);
	*plan = (struct service_plan){
		.restart = policy->restart == RESTART_ON_FAILURE,
		.restart_max = policy->restart_max,
		.standby = policy->standby,
		.stop_signal = policy->stop_signal,
		.stop_timeout_ms = policy->stop_timeout_ms,
		.probed = policy->health.count > 0,
		.health_interval_ms = policy->health_interval_ms,
		.health_timeout_ms = policy->health_timeout_ms,
		.health_start_period_ms = policy->health_start_period_ms,
		.health_retries = policy->health_retries,
		.on_fail = policy->on_fail,
		.says_ready = policy->ready != READY_EXEC,
		.depends_count = policy->depends_count,
	};
	memcpy(plan->depends, policy->depends, sizeof(plan->depends));
	return 0;
}

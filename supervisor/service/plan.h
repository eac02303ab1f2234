#ifndef SERVICE_PLAN_H
#define SERVICE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "policy/policy.h"

/* What the supervisor needs to know of a service: times, counts and names. It never needs, and
 * never has to send, more. */
struct service_plan {
	bool restart;         /* on failure */
	uint32_t restart_max; /* attempts before it counts as failed */
	bool standby;         /* the next life is parked while this one runs */
	uint32_t stop_signal;
	uint32_t stop_timeout_ms;
	bool probed; /* it has a health_cmd */
	uint32_t health_interval_ms;
	uint32_t health_timeout_ms;
	uint32_t health_start_period_ms;
	uint32_t health_retries;
	uint8_t on_fail; /* enum policy_on_fail */
	bool says_ready; /* itself, later than it is executed */
	uint32_t depends_count;
	struct policy_depends depends[POLICY_DEPENDS_MAX];
};

/* The documented defaults (services.md rows 52, 53, 69): for a running service whose policy is not
 * known yet. */
void service_plan_default(struct service_plan *plan);

/* Copy from a policy that passed policy_validate(). -EINVAL for what validation leaves to us: a
 * stop signal that init would refuse. */
int service_plan_copy(struct service_plan *plan, const struct policy *policy, struct err *err);

/* May init be asked for this signal? The same list as message_signal in proto.h. */
bool service_signal_allowed(uint32_t signal);

/* "TERM"; "?" for what is not in the list. */
const char *service_signal_name(uint32_t signal);

#endif

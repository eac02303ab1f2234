#ifndef SERVICE_HEALTH_H
#define SERVICE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "service/plan.h"
#include "service/state.h"

#define HEALTH_EARLY_MS      500u /* first probe; then doubling up to the interval */
#define HEALTH_KILL_AGAIN_MS 5000u

/*
 * When to probe a service and what the results mean. Until max(start_period, interval) after the
 * start, probes come early and often and can only bring good news; after that every interval, and
 * `retries` failures in a row make the service unhealthy: a service that hangs from the start is
 * found after retries * interval.
 */
struct service_health {
	enum service_health_state state;
	uint32_t failures; /* in a row, that count */
	uint64_t judged_from_ms;
	uint64_t gap_ms;   /* between early probes */
	uint64_t begun_ms; /* of the probe under way */
	uint64_t due_ms;   /* when service_health_due() wants to be called; 0: not */
	bool asked;        /* a probe was asked for or runs */
	bool killed;
};

enum service_health_step { HEALTH_IDLE, HEALTH_PROBE, HEALTH_KILL };

void service_health_begin(struct service_health *health, const struct service_plan *plan,
			  uint64_t now_ms);
void service_health_end(struct service_health *health);

/* What to do at due_ms: start a probe, or kill the one that takes too long. */
enum service_health_step service_health_due(struct service_health *health, uint64_t now_ms);

/* The launcher runs the probe that was asked for: from now on its time counts. */
void service_health_probing(struct service_health *health, const struct service_plan *plan,
			    uint64_t now_ms);

/* The probe is over. True when the state of health changed. */
bool service_health_result(struct service_health *health, const struct service_plan *plan,
			   uint64_t now_ms, bool passed);

#endif

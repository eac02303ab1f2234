#include "service/health.h"

static uint64_t shorter(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void service_health_begin(struct service_health *health, const struct service_plan *plan,
			  uint64_t now_ms)
{
	uint64_t grace = plan->health_start_period_ms;

	if (!plan->probed) {
		service_health_end(health);
		return;
	}
	if (grace < plan->health_interval_ms)
		grace = plan->health_interval_ms;
	*health = (struct service_health){
		.state = HEALTH_STARTING,
		.judged_from_ms = now_ms + grace,
		.gap_ms = shorter(HEALTH_EARLY_MS, plan->health_interval_ms)};
	health->due_ms = now_ms + health->gap_ms;
}

void service_health_end(struct service_health *health)
{
	*health = (struct service_health){.state = HEALTH_NONE};
}

enum service_health_step service_health_due(struct service_health *health, uint64_t now_ms)
{
	if (health->state == HEALTH_NONE)
		return HEALTH_IDLE;
	if (health->asked) {
		health->killed = true;
		health->due_ms = now_ms + HEALTH_KILL_AGAIN_MS;
		return HEALTH_KILL;
	}
	health->asked = true;
	health->killed = false;
	health->begun_ms = now_ms;
	health->due_ms =
		0; /* until the launcher runs it: its being away is not the service's fault */
	return HEALTH_PROBE;
}

void service_health_probing(struct service_health *health, const struct service_plan *plan,
			    uint64_t now_ms)
{
	if (health->asked && !health->killed)
		health->due_ms = now_ms + plan->health_timeout_ms;
}

static void schedule(struct service_health *health, const struct service_plan *plan,
		     uint64_t now_ms)
{
	uint64_t at;

	if (health->state == HEALTH_STARTING && now_ms < health->judged_from_ms) {
		health->gap_ms = shorter(health->gap_ms * 2, plan->health_interval_ms);
		health->due_ms = shorter(now_ms + health->gap_ms, health->judged_from_ms);
		return;
	}
	at = health->begun_ms + plan->health_interval_ms;
	health->due_ms = at > now_ms ? at : now_ms + 1;
}

static bool pass(struct service_health *health)
{
	bool news = health->state != HEALTH_HEALTHY;

	health->failures = 0;
	health->state = HEALTH_HEALTHY;
	return news;
}

static bool fail(struct service_health *health, const struct service_plan *plan)
{
	if (health->state == HEALTH_STARTING && health->begun_ms < health->judged_from_ms)
		return false;
	if (health->failures < UINT32_MAX)
		health->failures++;
	if (health->failures < plan->health_retries || health->state == HEALTH_UNHEALTHY)
		return false;
	health->state = HEALTH_UNHEALTHY;
	return true;
}

bool service_health_result(struct service_health *health, const struct service_plan *plan,
			   uint64_t now_ms, bool passed)
{
	bool news;

	if (health->state == HEALTH_NONE || !health->asked)
		return false;
	/* One that had to be killed has failed, whatever status it got hold of on its way out. */
	news = passed && !health->killed ? pass(health) : fail(health, plan);
	health->asked = false;
	health->killed = false;
	schedule(health, plan, now_ms);
	return news;
}

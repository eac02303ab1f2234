#include "service/restart.h"

uint64_t service_ladder_delay(uint32_t failures, uint32_t random)
{
	uint64_t delay = RESTART_FIRST_MS;

	for (uint32_t i = 1; i < failures && delay < RESTART_MAX_MS; i++)
		delay *= 2;
	if (delay > RESTART_MAX_MS)
		delay = RESTART_MAX_MS;
	return delay + random % (delay / 4 + 1);
}

int service_ladder_fail(struct service_ladder *ladder, const struct service_plan *plan,
			uint32_t random, uint64_t *delay_ms)
{
	if (ladder->failures < UINT32_MAX)
		ladder->failures++;
	if (!plan->restart) {
		*delay_ms = 0;
		return 1;
	}
	if (ladder->failures > plan->restart_max) {
		*delay_ms = RESTART_RETRY_MS;
		return 1;
	}
	ladder->restarts++;
	*delay_ms = service_ladder_delay(ladder->failures, random);
	return 0;
}

void service_ladder_ran(struct service_ladder *ladder, uint64_t ran_ms)
{
	if (ran_ms >= RESTART_FORGET_MS)
		ladder->failures = 0;
}

#ifndef SERVICE_RESTART_H
#define SERVICE_RESTART_H

#include <stdint.h>

#include "service/plan.h"

#define RESTART_FIRST_MS  1000u   /* delay after the first failure; doubles */
#define RESTART_MAX_MS    60000u  /* up to this */
#define RESTART_FORGET_MS 60000u  /* running that long wipes the slate clean (row 53) */
#define RESTART_RETRY_MS  600000u /* a failed service is tried again after ten minutes */

struct service_ladder {
	uint32_t failures; /* in a row */
	uint32_t restarts; /* since boot, for people */
};

/* 0: try again after *delay_ms; 1: give up, *delay_ms until it is tried again all the same, 0 =
 * never (restart = no). */
int service_ladder_fail(struct service_ladder *ladder, const struct service_plan *plan,
			uint32_t random, uint64_t *delay_ms);

/* The service ran for @ran_ms. */
void service_ladder_ran(struct service_ladder *ladder, uint64_t ran_ms);

/*
 * Delay before attempt number @failures (1 ...): doubling, plus up to a quarter of itself so that
 * services that failed together do not come back together. Never shorter than the delay before it.
 */
uint64_t service_ladder_delay(uint32_t failures, uint32_t random);

#endif

#ifndef LAUNCHER_LIMITS_H
#define LAUNCHER_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

/* One per row of limits.c. */
enum limit { LIMIT_MEMORY, LIMIT_PIDS, LIMIT_MEMORY_HIGH, LIMIT_COUNT };

#define LIMIT_FILES 2 /* memory.events, pids.events */

/* How long reclaim has not helped. */
struct pressure {
	uint64_t events;   /* of memory.high, at the last look */
	uint64_t since_ms; /* 0: it was not above */
	uint64_t last_ms;
};

/* What is watched of a life. All zero: nothing. */
struct limit_watch {
	int files[LIMIT_FILES]; /* inotify watch descriptors, from 1 */
	bool changed;
	struct pressure pressure;
};

/*
 * Was @above true at every look for PRESSURE_MS? Looks happen only when the kernel counts an event
 * of memory.high; when it counted none for PRESSURE_GAP_MS the time starts again.
 */
#define PRESSURE_MS     1000
#define PRESSURE_GAP_MS 10000 /* the kernel lets a process sleep for 2 s before it may go on */
bool pressure_stays(struct pressure *pressure, bool above, uint64_t now_ms);

#endif

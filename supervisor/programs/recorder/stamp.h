#ifndef RECORDER_STAMP_H
#define RECORDER_STAMP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What time it is, as far as it may be said. A clock that nobody set since boot (it starts in 1970,
 * or at the build time that init gives it) or that is behind the last record of the boot before
 * says nothing: records carry no time then, only their place in the boot, from which the verifier
 * dates them later.
 */
struct stamp {
	uint64_t build_us; /* the firmware's build time */
	uint64_t floor_us; /* last time in the spool when this boot began; 0: unknown */
	int64_t offset_us; /* CLOCK_REALTIME - CLOCK_BOOTTIME */
	bool looked;
	uint64_t looked_us; /* CLOCK_BOOTTIME then */
	bool jumped;        /* since the last stamp_step() */
	int64_t before_us;  /* offset_us before that */
	bool stepped;       /* somebody set the clock in this boot: the floor, a guess, is no longer
			       needed */
	bool synced;        /* the kernel says so */
	uint64_t asked_us;  /* when it was asked */
};

/* Look at the clocks: once per batch of records is enough. */
void stamp_refresh(struct stamp *s);

/* Has the clock jumped since the last look? Slewing is no jump. *from_us, *to_us: CLOCK_REALTIME
 * before and after, at *boot_us of CLOCK_BOOTTIME. */
bool stamp_step(struct stamp *s, uint64_t *from_us, uint64_t *to_us, uint64_t *boot_us);

/* CLOCK_REALTIME of a moment of CLOCK_BOOTTIME, or 0 while the clock is not set. */
uint64_t stamp_real(const struct stamp *s, uint64_t boot_us);

#endif

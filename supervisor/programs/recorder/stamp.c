#include "programs/recorder/stamp.h"

#include <sys/timex.h>

#include "base/clock.h"

#define ASK_US  1000000u
#define STEP_US 10000 /* less than that between two readings is slewing, or being interrupted */

static uint64_t look(struct stamp *s)
{
	uint64_t boot_us = clock_boot_us();
	int64_t offset_us = (int64_t)(clock_real_us() - boot_us);
	int64_t moved = offset_us - s->offset_us;

	if (s->looked && (moved >= STEP_US || moved <= -STEP_US)) {
		if (!s->jumped)
			s->before_us = s->offset_us;
		s->jumped = true;
		s->stepped = true;
		s->asked_us = 0;
	}
	s->looked = true;
	s->looked_us = boot_us;
	s->offset_us = offset_us;
	return boot_us;
}

void stamp_refresh(struct stamp *s)
{
	struct timex state = {.modes = 0};
	uint64_t boot_us = look(s);

	if (s->asked_us && boot_us < s->asked_us + ASK_US)
		return;
	s->asked_us = boot_us;
	s->synced = adjtimex(&state) >= 0 && !(state.status & STA_UNSYNC);
}

bool stamp_step(struct stamp *s, uint64_t *from_us, uint64_t *to_us, uint64_t *boot_us)
{
	*boot_us = look(s);
	*from_us = *boot_us + (uint64_t)s->before_us;
	*to_us = *boot_us + (uint64_t)s->offset_us;
	if (!s->jumped)
		return false;
	s->jumped = false;
	return true;
}

uint64_t stamp_real(const struct stamp *s, uint64_t boot_us)
{
	uint64_t born = (uint64_t)s->offset_us;

	/* Kernel start in 1970, or exactly at the build time, is a clock that init set for want of
	 * a better one. */
	if (s->offset_us <= 0 || born <= s->build_us)
		return 0;
	/* Once past the floor, always: only before that is the clock asked for every record. */
	if (!s->stepped && born + s->looked_us < s->floor_us &&
	    born + clock_boot_us() < s->floor_us)
		return 0;
	return born + boot_us;
}

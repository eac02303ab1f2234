#include "base/clock.h"

#include <time.h>

static uint64_t read_ns(clockid_t id)
{
	struct timespec now = {0};

	(void)clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clock_monotonic_ms(void)
{
	return read_ns(CLOCK_MONOTONIC) / 1000000u;
}

uint64_t clock_boot_us(void)
{
	return read_ns(CLOCK_BOOTTIME) / 1000u;
}

uint64_t clock_real_us(void)
{
	return read_ns(CLOCK_REALTIME) / 1000u;
}

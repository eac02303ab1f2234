/* links: base programs/recorder */
/* What time may be said. The clocks are the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "programs/recorder/stamp.h"

#define HOUR 3600000000ull

static uint64_t now(void)
{
	return clock_real_us();
}

/* A stamp that believes the machine's clocks to be @moved_us away. */
static struct stamp looked(int64_t moved_us)
{
	struct stamp s = {.build_us = 1};

	stamp_refresh(&s);
	s.offset_us += moved_us;
	return s;
}

static void test_set_clock_is_said(void **state)
{
	struct stamp s = {.build_us = 1767225600000000};
	uint64_t boot_us = clock_boot_us();
	uint64_t said;

	(void)state;
	stamp_refresh(&s);
	said = stamp_real(&s, boot_us);
	assert_true(said + 1000000 > now() && said < now() + 1000000);
	/* A moment before it is that much earlier, to the microsecond. */
	assert_int_equal(stamp_real(&s, boot_us - 5), said - 5);
}

static void test_unset_clock_is_silent(void **state)
{
	struct stamp s = looked(0);

	(void)state;
	/* 1970: the kernel was started at or before the epoch. */
	s.offset_us = 0;
	assert_int_equal(stamp_real(&s, clock_boot_us()), 0);
	s.offset_us = -5;
	assert_int_equal(stamp_real(&s, clock_boot_us()), 0);
	/* What init set for want of better: the build time at some moment of this boot. */
	s = looked(0);
	s.build_us = (uint64_t)s.offset_us;
	assert_int_equal(stamp_real(&s, clock_boot_us()), 0);
	s.build_us--;
	assert_true(stamp_real(&s, clock_boot_us()) > 0);
}

/* Behind the last time in the spool; a step, wherever to, is somebody's word. */
static void test_floor_until_a_step(void **state)
{
	struct stamp s = looked(0);
	uint64_t from;
	uint64_t to;
	uint64_t at;

	(void)state;
	s.floor_us = now() + HOUR;
	assert_int_equal(stamp_real(&s, clock_boot_us()), 0);
	s.floor_us = now() - HOUR;
	assert_true(stamp_real(&s, clock_boot_us()) > 0);
	s.floor_us = now() + HOUR;
	s.offset_us -= (int64_t)HOUR; /* so the next look sees the clock go an hour ahead */
	assert_true(stamp_step(&s, &from, &to, &at));
	assert_true(to - from > HOUR - 1000000 && to - from < HOUR + 1000000);
	assert_true(stamp_real(&s, clock_boot_us()) > 0);
	assert_false(stamp_step(&s, &from, &to, &at));
}

/* A batch between the step and its notice does not swallow it. */
static void test_refresh_keeps_the_step(void **state)
{
	struct stamp s = looked((int64_t)(24 * HOUR));
	uint64_t from;
	uint64_t to;
	uint64_t at;

	(void)state;
	stamp_refresh(&s);
	stamp_refresh(&s);
	assert_true(stamp_step(&s, &from, &to, &at));
	assert_true(from - to > 24 * HOUR - 1000000 && from - to < 24 * HOUR + 1000000);
	/* Slewing is none. */
	s.offset_us += 2000;
	stamp_refresh(&s);
	assert_false(stamp_step(&s, &from, &to, &at));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_clock_is_said),
		cmocka_unit_test(test_unset_clock_is_silent),
		cmocka_unit_test(test_floor_until_a_step),
		cmocka_unit_test(test_refresh_keeps_the_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

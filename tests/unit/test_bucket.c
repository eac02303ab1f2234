/* links: base event ipc audit spool programs/recorder */
/* How many lines a second are taken, and how many at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "programs/recorder/recorder.h"

#define RATE    10u
#define BURST   5u
#define HOUR_MS 3600000u

static uint64_t take_all(struct bucket *b, uint64_t now_ms)
{
	uint64_t count = 0;

	while (count < 1000 && bucket_take(b, now_ms))
		count++;
	return count;
}

/* However long nothing came: no more at once than the burst. */
static void test_never_more_than_the_burst(void **state)
{
	static const uint64_t waits[] = {500, 501, 1000, HOUR_MS, 30ull * 24 * HOUR_MS, 1ull << 50};
	struct bucket b;
	uint64_t now = 7;

	(void)state;
	bucket_init(&b, RATE, BURST, now);
	assert_int_equal(take_all(&b, now), BURST);
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		now += waits[i];
		assert_int_equal(take_all(&b, now), BURST);
	}
	/* A debt is paid by time alone, and a long time pays no more than it. */
	for (unsigned int i = 0; i < RATE; i++)
		(void)bucket_owe(&b, now);
	assert_int_equal(take_all(&b, now + HOUR_MS), BURST);
}

static void test_rate(void **state)
{
	struct bucket b;
	uint64_t now = 7;
	uint64_t count = 0;

	(void)state;
	bucket_init(&b, RATE, BURST, now);
	(void)take_all(&b, now);
	for (unsigned int i = 0; i < 1000; i++)
		count += take_all(&b, now += 10);
	assert_int_equal(count, 10 * RATE);
	assert_int_equal(bucket_owe(&b, now), 101);
}

/* No sum overflows for the greatest rate, and a clock that stands or falls gives nothing. */
static void test_odd_times(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, UINT32_MAX, UINT32_MAX, 1000);
	for (uint64_t now = 1000; now < 1ull << 62; now *= 3)
		assert_true(bucket_take(&b, now));
	bucket_init(&b, RATE, BURST, 1000);
	assert_int_equal(take_all(&b, 1000), BURST);
	assert_int_equal(take_all(&b, 1000), 0);
	assert_int_equal(take_all(&b, 10), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never_more_than_the_burst),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_odd_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

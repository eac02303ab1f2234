/* links: base event ipc spool crypto export audit mbedtls programs/shipper */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "programs/shipper/shipper.h"

#define MOST 300000u
#define NOW  5000u

/* The wait after one more failure, in the middle of its jitter. */
static uint64_t wait_of(struct backoff *b, uint64_t most_ms)
{
	uint64_t next_ms = b->delay_ms < most_ms ? b->delay_ms : most_ms;

	backoff_failed(b, most_ms, NOW, (uint32_t)(next_ms / 2));
	return b->not_before_ms - NOW;
}

static void test_doubles_up_to_the_most(void **state)
{
	static const uint64_t wanted_s[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300};
	struct backoff b;

	(void)state;
	backoff_reset(&b);
	for (size_t i = 0; i < ARRAY_SIZE(wanted_s); i++)
		assert_int_equal(wait_of(&b, MOST), wanted_s[i] * 1000);
	backoff_reset(&b);
	assert_int_equal(b.not_before_ms, 0);
	assert_int_equal(wait_of(&b, MOST), 1000);
	backoff_reset(&b);
	for (int i = 0; i < 9; i++)
		assert_true(wait_of(&b, 3000) <= 3000);
}

/* Every wait from half to one and a half, none outside, whatever the random number is. */
static void test_jitter(void **state)
{
	struct backoff b;
	uint64_t least = UINT64_MAX;
	uint64_t most = 0;

	(void)state;
	for (uint32_t random = 0; random < 100000; random++) {
		backoff_reset(&b);
		backoff_failed(&b, MOST, NOW, random * 2654435761u);
		least = b.not_before_ms - NOW < least ? b.not_before_ms - NOW : least;
		most = b.not_before_ms - NOW > most ? b.not_before_ms - NOW : most;
	}
	assert_int_equal(least, 500);
	assert_int_equal(most, 1500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doubles_up_to_the_most),
		cmocka_unit_test(test_jitter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

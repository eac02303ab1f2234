/* links: base event ipc spool crypto export audit mbedtls programs/shipper */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "programs/shipper/shipper.h"

#define DAY 86400u
#define NOW 1800000000u

/* What is told of a certificate that ends in @left_s: the days, or -1 for nothing. */
static int64_t look(struct expiry *told, uint64_t until_s, uint64_t now_s)
{
	struct expiry now = {.until_s = until_s};

	if (!expiry_news(told, &now, now_s))
		return -1;
	*told = now;
	return now.days;
}

/* From 40 days before the end to a day behind it, every hour: first, at 30, 7, 1 and 0 days. */
static void test_stages(void **state)
{
	static const struct {
		int64_t days;
		uint64_t left_s;
		enum expiry_stage stage;
	} wanted[] = {{40, 40 * DAY, EXPIRY_FAR},
		      {30, 30 * DAY, EXPIRY_MONTH},
		      {7, 7 * DAY, EXPIRY_WEEK},
		      {1, DAY, EXPIRY_DAY},
		      {0, 0, EXPIRY_OVER}};
	uint64_t until_s = NOW + 40 * DAY;
	struct expiry told = {0};
	size_t count = 0;

	(void)state;
	for (uint64_t now_s = NOW; now_s < until_s + DAY; now_s += 3600) {
		int64_t days = look(&told, until_s, now_s);

		if (days < 0)
			continue;
		assert_true(count < ARRAY_SIZE(wanted));
		assert_int_equal(days, wanted[count].days);
		assert_int_equal(told.stage, wanted[count].stage);
		assert_int_equal(now_s, until_s - wanted[count].left_s);
		count++;
	}
	assert_int_equal(count, ARRAY_SIZE(wanted));
}

static void test_first_look_is_late(void **state)
{
	struct expiry told = {0};

	(void)state;
	assert_int_equal(look(&told, NOW + 5 * DAY + 1, NOW), 5);
	assert_int_equal(told.stage, EXPIRY_WEEK);
	assert_int_equal(look(&told, NOW + 5 * DAY + 1, NOW + 3 * DAY), -1);
}

/* A renewed one is told, near its end or not, and its own stages follow; a clock that goes back
 * does not repeat what was said; what is not known says nothing. */
static void test_renewed(void **state)
{
	struct expiry told = {0};

	(void)state;
	assert_int_equal(look(&told, NOW + DAY, NOW), 1);
	assert_int_equal(look(&told, NOW + DAY, NOW - 20 * DAY), -1);
	assert_int_equal(look(&told, NOW + 300 * DAY, NOW), 300);
	assert_int_equal(told.stage, EXPIRY_FAR);
	assert_int_equal(look(&told, 0, NOW), -1);
	assert_int_equal(look(&told, NOW + 300 * DAY, NOW + 299 * DAY), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stages),
		cmocka_unit_test(test_first_look_is_late),
		cmocka_unit_test(test_renewed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* links: base sandbox */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "sandbox/cgroup.h"

/* What runc makes of these shares: ceil(10^((l^2 + 125 l) / 612 - 7/34)), l = log2(shares). */
static const struct {
	uint32_t shares;
	uint32_t weight;
} runc[] = {{2, 1},         {4, 2},         {8, 3},          {16, 5},      {32, 8},
	    {64, 12},       {128, 21},      {256, 35},       {512, 59},    {1024, 100},
	    {2048, 174},    {4096, 303},    {8192, 532},     {16384, 942}, {32768, 1681},
	    {65536, 3023},  {131072, 5478}, {262144, 10000}, {100, 17},    {700, 75},
	    {1000, 99},     {1100, 106},    {1536, 138},     {3000, 236},  {10000, 627},
	    {100000, 4340}, {200000, 7899}, {262143, 10000}};

static void test_weights_of_runc(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(runc); i++) {
		uint32_t weight = cgroup_weight_of_shares(runc[i].shares);
		uint32_t slack =
			(runc[i].shares & (runc[i].shares - 1)) ? runc[i].weight / 33 + 1 : 0;

		if (weight > runc[i].weight || weight + slack < runc[i].weight)
			fail_msg("%u shares: weight %u, not %u", runc[i].shares, weight,
				 runc[i].weight);
	}
}

/* cpu.weight takes 1 to 10000, and who asks for more never gets less. */
static void test_weights_rise(void **state)
{
	uint32_t last = 1;

	(void)state;
	for (uint32_t shares = 0; shares < 262300; shares++) {
		uint32_t weight = cgroup_weight_of_shares(shares);

		if (weight < last || weight > 10000)
			fail_msg("%u shares: weight %u after %u", shares, weight, last);
		last = weight;
	}
	assert_int_equal(last, 10000);
	assert_int_equal(cgroup_weight_of_shares(0), 1);
	assert_int_equal(cgroup_weight_of_shares(UINT32_MAX), 10000);
}

/* Without a cgroup below this name nobody is known to be gone: the uid stays taken. */
static void test_absent_is_not_empty(void **state)
{
	(void)state;
	assert_false(cgroup_is_empty("no-such-service"));
	assert_int_equal(cgroup_remove_leaf("no-such-service", "1"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_weights_of_runc),
		cmocka_unit_test(test_weights_rise),
		cmocka_unit_test(test_absent_is_not_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

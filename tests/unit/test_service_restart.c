/* links: base service audit ipc policy */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "service/restart.h"
#include "service/stop.h"

static void test_delays_double_up_to_a_minute(void **state)
{
	static const uint64_t base[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};

	(void)state;
	for (uint32_t i = 0; i < sizeof(base) / sizeof(base[0]); i++) {
		assert_int_equal(service_ladder_delay(i + 1, 0), base[i]);
		assert_true(service_ladder_delay(i + 1, 0xdeadbeef) >= base[i]);
		assert_true(service_ladder_delay(i + 1, 0xdeadbeef) <= base[i] + base[i] / 4);
	}
	assert_int_equal(service_ladder_delay(UINT32_MAX, 0), 60000);
}

/* "growing delay" must hold whatever the dice say. */
static void test_jitter_never_overtakes(void **state)
{
	(void)state;
	for (uint32_t failures = 1; failures < 7; failures++)
		for (uint32_t random = 0; random < 5000; random += 7)
			assert_true(service_ladder_delay(failures, random) <
				    service_ladder_delay(failures + 1, 0));
}

static void test_gives_up_after_the_attempts(void **state)
{
	struct service_plan plan;
	struct service_ladder ladder = {0};
	uint64_t delay = 0;

	(void)state;
	service_plan_default(&plan);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(service_ladder_fail(&ladder, &plan, 0, &delay), 0);
	assert_int_equal(ladder.restarts, 5);
	assert_int_equal(service_ladder_fail(&ladder, &plan, 0, &delay), 1);
	assert_int_equal(delay, RESTART_RETRY_MS);
	/* The attempt after ten minutes is one attempt, not five more. */
	assert_int_equal(service_ladder_fail(&ladder, &plan, 0, &delay), 1);
}

static void test_forgets_after_a_minute(void **state)
{
	struct service_plan plan;
	struct service_ladder ladder = {.failures = 5};
	uint64_t delay = 0;

	(void)state;
	service_plan_default(&plan);
	service_ladder_ran(&ladder, RESTART_FORGET_MS - 1);
	assert_int_equal(ladder.failures, 5);
	service_ladder_ran(&ladder, RESTART_FORGET_MS);
	assert_int_equal(ladder.failures, 0);
	assert_int_equal(service_ladder_fail(&ladder, &plan, 0, &delay), 0);
	assert_int_equal(delay, RESTART_FIRST_MS);
}

static void test_restart_no(void **state)
{
	struct service_plan plan;
	struct service_ladder ladder = {0};
	uint64_t delay = 99;

	(void)state;
	service_plan_default(&plan);
	plan.restart = false;
	assert_int_equal(service_ladder_fail(&ladder, &plan, 0, &delay), 1);
	assert_int_equal(delay, 0);
}

static void test_stop_then_kill(void **state)
{
	struct service_plan plan;
	struct service_stop stop;

	(void)state;
	service_plan_default(&plan);
	plan.stop_signal = SIGINT;
	plan.stop_timeout_ms = 700;
	assert_int_equal(service_stop_begin(&stop, &plan, 1000), SIGINT);
	assert_int_equal(stop.due_ms, 1700);
	assert_int_equal(service_stop_due(&stop, 1700), SIGKILL);
	assert_int_equal(stop.due_ms, 1700 + STOP_KILL_AGAIN_MS);
	assert_int_equal(stop.kills, 1);
}

static void test_plan_takes_only_signals_of_init(void **state)
{
	static struct policy policy;
	struct service_plan plan = {.restart_max = 77};
	struct err err = {0};

	(void)state;
	policy = (struct policy){
		.stop_signal = SIGTERM, .restart = RESTART_ON_FAILURE, .restart_max = 3};
	assert_int_equal(service_plan_copy(&plan, &policy, &err), 0);
	assert_true(plan.restart);
	assert_false(plan.probed);
	assert_int_equal(plan.restart_max, 3);
	policy.restart_max = 4;
	policy.stop_signal = SIGKILL;
	assert_int_equal(service_plan_copy(&plan, &policy, &err), -EINVAL);
	policy.stop_signal = SIGSEGV;
	assert_int_equal(service_plan_copy(&plan, &policy, &err), -EINVAL);
	policy.stop_signal = SIGTERM;
	policy.depends_count = POLICY_DEPENDS_MAX + 1;
	assert_int_equal(service_plan_copy(&plan, &policy, &err), -EINVAL);
	assert_int_equal(plan.restart_max, 3); /* untouched by refusals */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delays_double_up_to_a_minute),
		cmocka_unit_test(test_jitter_never_overtakes),
		cmocka_unit_test(test_gives_up_after_the_attempts),
		cmocka_unit_test(test_forgets_after_a_minute),
		cmocka_unit_test(test_restart_no),
		cmocka_unit_test(test_stop_then_kill),
		cmocka_unit_test(test_plan_takes_only_signals_of_init),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* links: base service audit ipc policy */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "service/health.h"

static const struct service_plan plan = {
	.probed = true,
	.health_interval_ms = 30000,
	.health_timeout_ms = 5000,
	.health_retries = 3,
};

/* Probes at due_ms until @until, each ending after @takes ms; returns the time of the first change,
 * 0 if none. */
static uint64_t run(struct service_health *h, uint64_t until, uint64_t takes, bool passed)
{
	while (h->due_ms && h->due_ms <= until) {
		uint64_t now = h->due_ms;

		assert_int_equal(service_health_due(h, now), HEALTH_PROBE);
		assert_int_equal(h->due_ms, 0);
		service_health_probing(h, &plan, now);
		if (service_health_result(h, &plan, now + takes, passed))
			return now + takes;
	}
	return 0;
}

static void test_good_news_come_early(void **state)
{
	struct service_health h;

	(void)state;
	service_health_begin(&h, &plan, 1000);
	assert_int_equal(h.state, HEALTH_STARTING);
	assert_int_equal(run(&h, 100000, 10, true), 1510);
	assert_int_equal(h.state, HEALTH_HEALTHY);
	/* From then on, once per interval from beginning to beginning. */
	assert_int_equal(h.due_ms, 1500 + 30000);
}

static void test_bad_news_come_after_retries_times_interval(void **state)
{
	struct service_health h;

	(void)state;
	service_health_begin(&h, &plan, 0);
	assert_int_equal(run(&h, 89999, 0, false), 0);
	assert_int_equal(h.state, HEALTH_STARTING);
	assert_int_equal(h.failures, 2);
	assert_int_equal(run(&h, 1000000, 0, false), 90000);
	assert_int_equal(h.state, HEALTH_UNHEALTHY);
}

static void test_start_period_excuses(void **state)
{
	struct service_plan patient = plan;
	struct service_health h;

	(void)state;
	patient.health_start_period_ms = 100000;
	service_health_begin(&h, &patient, 0);
	assert_int_equal(h.judged_from_ms, 100000);
	assert_int_equal(run(&h, 99999, 0, false), 0);
	assert_int_equal(h.failures, 0);
}

static void test_failures_must_be_in_a_row(void **state)
{
	struct service_health h;

	(void)state;
	service_health_begin(&h, &plan, 0);
	assert_int_not_equal(run(&h, 1000, 0, true), 0);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(run(&h, h.due_ms + 30000, 0, false), 0); /* two failures */
		assert_int_equal(run(&h, h.due_ms, 0, true), 0); /* still healthy: no news */
		assert_int_equal(h.failures, 0);
	}
	assert_int_not_equal(run(&h, h.due_ms + 60000, 0, false), 0);
}

static void test_slow_probe_is_killed_and_failed(void **state)
{
	struct service_health h;

	(void)state;
	service_health_begin(&h, &plan, 0);
	assert_int_not_equal(run(&h, 1000, 0, true), 0);
	assert_int_equal(service_health_due(&h, h.due_ms), HEALTH_PROBE);
	service_health_probing(&h, &plan, 31000);
	assert_int_equal(h.due_ms, 36000);
	assert_int_equal(service_health_due(&h, 36000), HEALTH_KILL);
	/* It says "exit 0" while being killed: too late. */
	assert_false(service_health_result(&h, &plan, 36001, true));
	assert_int_equal(h.failures, 1);
}

/* A launcher that is away is not the service's fault. */
static void test_launcher_away(void **state)
{
	struct service_health h;

	(void)state;
	service_health_begin(&h, &plan, 0);
	assert_int_equal(service_health_due(&h, 500), HEALTH_PROBE);
	assert_int_equal(h.due_ms, 0);
	service_health_probing(&h, &plan, 500000);
	assert_int_equal(h.due_ms, 505000);
}

static void test_without_probe(void **state)
{
	struct service_plan none = plan;
	struct service_health h;

	(void)state;
	none.probed = false;
	service_health_begin(&h, &none, 0);
	assert_int_equal(h.state, HEALTH_NONE);
	assert_int_equal(h.due_ms, 0);
	assert_int_equal(service_health_due(&h, 1), HEALTH_IDLE);
	assert_false(service_health_result(&h, &none, 1, true));
}

/* A result nobody asked for: forged, or of an earlier life. */
static void test_unasked_result(void **state)
{
	struct service_health h;

	(void)state;
	service_health_begin(&h, &plan, 0);
	assert_false(service_health_result(&h, &plan, 1, true));
	assert_int_equal(h.state, HEALTH_STARTING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_news_come_early),
		cmocka_unit_test(test_bad_news_come_after_retries_times_interval),
		cmocka_unit_test(test_start_period_excuses),
		cmocka_unit_test(test_failures_must_be_in_a_row),
		cmocka_unit_test(test_slow_probe_is_killed_and_failed),
		cmocka_unit_test(test_launcher_away),
		cmocka_unit_test(test_without_probe),
		cmocka_unit_test(test_unasked_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

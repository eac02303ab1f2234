/* links: base service audit ipc policy */
#include "service_world.h"

#include <errno.h>

static struct service *running(const char *name)
{
	struct service *s = add(0, name);

	service_want(&table, s);
	admit(s, policy_of(s));
	run_it(s);
	assert_int_equal(s->state, SERVICE_RUNNING);
	diary[0] = '\0';
	return s;
}

static void test_up_and_down(void **state)
{
	struct service *s = add(0, "web");

	(void)state;
	service_want(&table, s);
	assert_diary("ADMIT(web,0) ");
	admit(s, policy_of(s));
	assert_diary("START(web,1) ");
	assert_int_equal(s->state, SERVICE_STARTING);
	run_it(s);
	assert_int_equal(s->state, SERVICE_RUNNING);
	assert_int_equal(s->pid, 100);
	service_unwant(&table, s);
	assert_diary("TERM(web,1) ");
	assert_int_equal(timer_at[0], now + 10000);
	now += 10000;
	service_due(&table, s);
	assert_diary("KILL(web,1) ");
	die(s, CLD_KILLED, SIGKILL);
	assert_diary("RELEASE(web,1) ");
	assert_int_equal(s->state, SERVICE_STOPPED);
	assert_int_equal(s->pid, 0);
	assert_int_equal(s->last.status, SIGKILL);
	assert_int_equal(s->leaf, 1);
	released(s);
	assert_int_equal(s->leaf, 0);
}

static void test_crashes_climb_the_ladder(void **state)
{
	struct service *s = running("web");
	uint64_t last = 0;

	(void)state;
	for (uint32_t i = 1; i <= 5; i++) {
		die(s, CLD_KILLED, SIGSEGV);
		assert_int_equal(s->state, SERVICE_BACKOFF);
		assert_string_equal(s->why.msg, "killed by signal 11");
		assert_true(timer_at[0] - now > last);
		last = timer_at[0] - now;
		released(s);
		now = timer_at[0];
		service_due(&table, s);
		admit(s, policy_of(s));
		assert_int_equal(s->generation, i + 1);
		run_it(s);
	}
	die(s, CLD_EXITED, 3);
	assert_int_equal(s->state, SERVICE_FAILED);
	assert_string_equal(s->why.msg, "exit status 3");
	assert_int_equal(timer_at[0] - now, RESTART_RETRY_MS);
	assert_int_equal(s->ladder.restarts, 5);
}

static void test_a_minute_forgives(void **state)
{
	struct service *s = running("web");

	(void)state;
	s->ladder.failures = 5;
	now += RESTART_FORGET_MS;
	die(s, CLD_EXITED, 1);
	assert_int_equal(s->state, SERVICE_BACKOFF);
	assert_int_equal(s->ladder.failures, 1);
}

/* The launcher was killed in the middle of a start: whatever its successor says, the next one
 * follows at once and nothing counts as a failure of the service. */
static void test_lost_start_is_no_failure(void **state)
{
	const struct err stale = {.code = ESTALE, .msg = "begun before"};
	const struct service_exit gate = {.code = CLD_EXITED, .status = 125, .unborn = 1};
	struct service *s = running("web");

	(void)state;
	service_renew(&table, s);
	die(s, CLD_KILLED, SIGTERM);
	released(s);
	admit(s, policy_of(s));
	diary[0] = '\0';
	service_answer(&table, s, M_START, 2, &stale);
	assert_int_equal(s->state, SERVICE_ADMITTING);
	released(s);
	admit(s, policy_of(s));
	assert_diary("ADMIT(web,0) RELEASE(web,2) START(web,3) ");
	service_exited(&table, s, 3, &gate);
	run_it(s); /* the successor took a dead process over */
	assert_int_equal(s->state, SERVICE_ADMITTING);
	released(s);
	admit(s, policy_of(s));
	run_it(s);
	assert_int_equal(s->state, SERVICE_RUNNING);
	service_exited(&table, s, 4, &gate);
	assert_int_equal(s->state, SERVICE_ADMITTING);
	assert_int_equal(s->ladder.failures, 0);
	released(s);
	admit(s, policy_of(s));
	run_it(s);
	/* Its own 125, and one that nobody wants back. */
	die(s, CLD_EXITED, 125);
	assert_int_equal(s->state, SERVICE_BACKOFF);
	assert_int_equal(s->ladder.failures, 1);
}

static void test_exit_0_is_an_end(void **state)
{
	struct service *s = running("web");

	(void)state;
	die(s, CLD_EXITED, 0);
	assert_int_equal(s->state, SERVICE_STOPPED);
	assert_false(s->wanted);
}

/* The next life waits until the remains of the last one are gone. */
static void test_start_waits_for_release(void **state)
{
	struct service *s = running("web");
	const struct err busy = {.code = EBUSY, .msg = "populated"};

	(void)state;
	service_renew(&table, s);
	assert_diary("TERM(web,1) ");
	die(s, CLD_KILLED, SIGTERM);
	assert_diary("RELEASE(web,1) ADMIT(web,0) ");
	admit(s, policy_of(s));
	assert_int_equal(s->state, SERVICE_WAITING);
	assert_diary("");
	service_answer(&table, s, M_RELEASE, 1, &busy);
	assert_diary("RELEASE(web,1) ");
	service_answer(&table, s, M_RELEASE, 1, &fine);
	assert_diary("START(web,2) ");
}

static void test_release_is_tried_again(void **state)
{
	struct service *s = running("web");
	const struct err busy = {.code = EBUSY, .msg = "populated"};

	(void)state;
	service_unwant(&table, s);
	die(s, CLD_EXITED, 0);
	diary[0] = '\0';
	service_answer(&table, s, M_RELEASE, 1, &busy);
	assert_diary("");
	now = timer_at[0];
	service_due(&table, s);
	assert_diary("RELEASE(web,1) ");
}

static void start_to(struct service *s)
{
	service_want(&table, s);
	admit(s, policy_of(s));
	assert_int_equal(s->state, SERVICE_STARTING);
}

/* M_DONE with an error and the exit status 125 of the same child are one failure, in either order.
 */
static void test_failed_start_counts_once(void **state)
{
	struct service *s = add(0, "web");
	const struct err error = {.code = EAGAIN, .msg = "clone3: no room"};

	(void)state;
	start_to(s);
	die(s, CLD_EXITED, 125);
	assert_int_equal(s->state, SERVICE_STARTING);
	service_answer(&table, s, M_START, 1, &error);
	assert_int_equal(s->state, SERVICE_BACKOFF);
	assert_int_equal(s->ladder.failures, 1);
	released(s);
	now = timer_at[0];
	service_due(&table, s);
	admit(s, policy_of(s));
	service_answer(&table, s, M_START, 2, &error);
	assert_int_equal(s->ladder.failures, 2);
	die(s, CLD_EXITED, 125);
	assert_int_equal(s->state, SERVICE_BACKOFF);
	assert_int_equal(s->ladder.failures, 2);
}

/* It ran and died before the launcher's M_RUNNING was read. */
static void test_death_overtakes_start(void **state)
{
	struct service *s = add(0, "web");

	(void)state;
	start_to(s);
	service_running(&table, s, 2, 4711); /* not the life that was asked for */
	assert_int_equal(s->state, SERVICE_STARTING);
	die(s, CLD_KILLED, SIGABRT);
	assert_int_equal(s->state, SERVICE_STARTING);
	run_it(s);
	assert_int_equal(s->state, SERVICE_BACKOFF);
	assert_int_equal(s->last.status, SIGABRT);
	assert_int_equal(s->pid, 0);
}

static void test_refusals_stay(void **state)
{
	struct service *s = add(0, "web");
	const struct err no = {.code = EKEYREJECTED, .msg = "unsigned", .hint = "sign it"};

	(void)state;
	service_want(&table, s);
	service_answer(&table, s, M_ADMIT, 0, &no);
	assert_int_equal(s->state, SERVICE_REFUSED);
	assert_string_equal(s->why.msg, "unsigned");
	assert_int_equal(timer_at[0], 0);
	service_unwant(&table, s);
	assert_int_equal(s->state, SERVICE_REFUSED);
	diary[0] = '\0';
	service_want(&table, s);
	assert_diary("ADMIT(web,0) ");
	admit(s, policy_of(s));
	service_answer(&table, s, M_START, 1, &no); /* dm-verity found a bad block at exec */
	assert_int_equal(s->state, SERVICE_REFUSED);
}

static void test_success_without_policy_is_none(void **state)
{
	struct service *s = add(0, "web");
	struct policy *other;

	(void)state;
	service_want(&table, s);
	service_answer(&table, s, M_ADMIT, 0, &fine);
	assert_int_equal(s->state, SERVICE_REFUSED);
	service_want(&table, s);
	other = policy_of(s);
	(void)str_copy(other->name, sizeof(other->name), "mail");
	admit(s, other);
	assert_int_equal(s->state, SERVICE_REFUSED);
	assert_false(s->has_plan);
	service_want(&table, s);
	admit(s, policy_of(s));
	service_answer(&table, s, M_START, 1, &fine); /* without M_RUNNING */
	assert_int_equal(s->state, SERVICE_REFUSED);
}

/* Answers and deaths that belong to nothing. */
static void test_strays_change_nothing(void **state)
{
	struct service *s = running("web");
	struct service before;
	struct service_exit how = {.code = CLD_KILLED, .status = 9};

	(void)state;
	before = *s;
	service_exited(&table, s, 0, &how);
	service_exited(&table, s, 2, &how);
	service_running(&table, s, 1, 4711);
	service_running(&table, s, 2, 4711);
	service_answer(&table, s, M_START, 2, &(struct err){.code = EPERM, .msg = "forged"});
	service_probing(&table, s, 5);
	service_probe_exited(&table, s, 5, &how);
	assert_memory_equal(&before, s, sizeof(before));
	assert_diary("");
}

static void test_stop_during_start(void **state)
{
	struct service *s = add(0, "web");

	(void)state;
	start_to(s);
	diary[0] = '\0';
	service_unwant(&table, s);
	assert_int_equal(s->state, SERVICE_STARTING);
	assert_diary("");
	run_it(s);
	assert_diary("TERM(web,1) ");
	assert_int_equal(s->state, SERVICE_STOPPING);
	service_want(&table, s); /* changed their mind again */
	die(s, CLD_KILLED, SIGTERM);
	assert_int_equal(s->state, SERVICE_ADMITTING);
	assert_int_equal(s->ladder.failures, 0);
}

static struct service *probed(void)
{
	struct service *s = add(0, "web");
	struct policy *policy;

	service_want(&table, s);
	policy = policy_of(s);
	policy->health.count = 1;
	admit(s, policy);
	run_it(s);
	diary[0] = '\0';
	return s;
}

static void probe(struct service *s, int32_t status)
{
	struct service_exit how = {.code = CLD_EXITED, .status = status};

	now = health_at[0];
	service_health_timer(&table, s);
	service_probing(&table, s, s->probe);
	service_probe_exited(&table, s, s->probe, &how);
}

static void test_health(void **state)
{
	struct service *s = probed();

	(void)state;
	probe(s, 0);
	assert_diary("PROBE(web,1) HEALTHY(web,1) ");
	assert_int_equal(s->health.state, HEALTH_HEALTHY);
	probe(s, 1);
	probe(s, 1);
	assert_int_equal(s->state, SERVICE_RUNNING);
	diary[0] = '\0';
	probe(s, 1);
	assert_diary("PROBE(web,1) TERM(web,1) ");
	assert_int_equal(s->state, SERVICE_STOPPING);
	die(s, CLD_EXITED, 0); /* polite to the end, and still a failure */
	assert_int_equal(s->state, SERVICE_BACKOFF);
	assert_string_equal(s->why.msg, "its health check failed 3 times");
}

static void test_hanging_probe(void **state)
{
	struct service *s = probed();

	(void)state;
	now = health_at[0];
	service_health_timer(&table, s);
	service_probing(&table, s, s->probe);
	assert_int_equal(health_at[0], now + 5000);
	now = health_at[0];
	diary[0] = '\0';
	service_health_timer(&table, s);
	assert_string_equal(diary, "probe-KILL(web,3) ");
}

/* on_fail = none: on record, and probed on until it is well again. */
static void test_sick_and_left_alone(void **state)
{
	struct service *s = probed();

	(void)state;
	s->plan.on_fail = ON_FAIL_NONE;
	while (s->health.state == HEALTH_STARTING)
		probe(s, 1);
	probe(s, 1);
	assert_int_equal(s->health.state, HEALTH_UNHEALTHY);
	assert_int_equal(s->state, SERVICE_RUNNING);
	assert_null(strstr(diary, "TERM"));
	probe(s, 0);
	assert_int_equal(s->health.state, HEALTH_HEALTHY);
}

static void test_sick_and_stopped(void **state)
{
	struct service *s = probed();

	(void)state;
	s->plan.on_fail = ON_FAIL_STOP;
	while (s->state == SERVICE_RUNNING)
		probe(s, 1);
	assert_non_null(strstr(diary, "TERM(web,1)"));
	die(s, CLD_KILLED, SIGTERM);
	assert_int_equal(s->state, SERVICE_STOPPED);
	assert_int_equal(timer_at[0], 0);
}

/* Overtaken by init: the probe's end is known before the launcher said that it began. */
static void test_fast_probe(void **state)
{
	struct service *s = probed();
	struct service_exit how = {.code = CLD_EXITED, .status = 0};

	(void)state;
	now = health_at[0];
	service_health_timer(&table, s);
	service_probe_exited(&table, s, s->probe, &how);
	assert_int_equal(s->health.state, HEALTH_HEALTHY);
	service_probing(&table, s, s->probe);
	assert_false(s->health.asked);
}

static void test_adopted(void **state)
{
	struct service *s = add(0, "web");
	const struct err no = {.code = EKEYREJECTED, .msg = "revoked"};

	(void)state;
	s->wanted = true;
	service_adopt(&table, s, 7, 321);
	assert_int_equal(s->state, SERVICE_RUNNING);
	assert_int_equal(s->generation, 7);
	service_answer(&table, s, M_ADMIT, 0, &no);
	assert_int_equal(s->state, SERVICE_RUNNING); /* it goes on */
	assert_diary("");
	die(s, CLD_EXITED, 1);
	released(s);
	now = timer_at[0];
	service_due(&table, s);
	admit(s, policy_of(s));
	assert_int_equal(s->generation, 8);
}

/* The supervisor died between asking for a start and hearing of it. */
static void test_start_is_repeated_with_its_number(void **state)
{
	struct service *s = add(0, "web");

	(void)state;
	s->generation = 4;
	s->leaf = 4;
	s->repeat = true;
	service_resume(&table, s);
	admit(s, policy_of(s));
	assert_diary("ADMIT(web,0) START(web,4) ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_up_and_down, fresh),
		cmocka_unit_test_setup(test_crashes_climb_the_ladder, fresh),
		cmocka_unit_test_setup(test_a_minute_forgives, fresh),
		cmocka_unit_test_setup(test_lost_start_is_no_failure, fresh),
		cmocka_unit_test_setup(test_exit_0_is_an_end, fresh),
		cmocka_unit_test_setup(test_start_waits_for_release, fresh),
		cmocka_unit_test_setup(test_release_is_tried_again, fresh),
		cmocka_unit_test_setup(test_failed_start_counts_once, fresh),
		cmocka_unit_test_setup(test_death_overtakes_start, fresh),
		cmocka_unit_test_setup(test_refusals_stay, fresh),
		cmocka_unit_test_setup(test_success_without_policy_is_none, fresh),
		cmocka_unit_test_setup(test_strays_change_nothing, fresh),
		cmocka_unit_test_setup(test_stop_during_start, fresh),
		cmocka_unit_test_setup(test_health, fresh),
		cmocka_unit_test_setup(test_hanging_probe, fresh),
		cmocka_unit_test_setup(test_fast_probe, fresh),
		cmocka_unit_test_setup(test_sick_and_left_alone, fresh),
		cmocka_unit_test_setup(test_sick_and_stopped, fresh),
		cmocka_unit_test_setup(test_adopted, fresh),
		cmocka_unit_test_setup(test_start_is_repeated_with_its_number, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

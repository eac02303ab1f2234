/* links: base service audit ipc policy */
#include "service_world.h"

#include <errno.h>

/* The next life, parked while this one runs: which number it has, when it is asked for, and when it
 * is not wanted any more. */
static struct policy *with_standby(const struct service *s)
{
	struct policy *policy = policy_of(s);

	policy->standby = true;
	return policy;
}

static void admit_and_run(struct service *s)
{
	admit(s, with_standby(s));
	run_it(s);
	assert_int_equal(s->state, SERVICE_RUNNING);
}

static void parked(struct service *s)
{
	service_answer(&table, s, M_PARK, s->parked, &fine);
}

static struct service *running(const char *name)
{
	struct service *s = add(0, name);

	service_want(&table, s);
	admit_and_run(s);
	assert_diary("ADMIT(web,0) START(web,1) PARK(web,2) ");
	parked(s);
	return s;
}

static void standby_dies(struct service *s, uint32_t generation)
{
	struct service_exit how = {.code = CLD_EXITED, .status = 125, .unborn = 1};

	service_standby_exited(&table, s, generation, &how);
}

/* The first failure is answered at once, by the life that was parked; the second in a row meets the
 * ladder. */
static void test_crash_meets_no_delay(void **state)
{
	struct service *s = running("web");

	(void)state;
	die(s, CLD_KILLED, SIGSEGV);
	assert_int_equal(s->state, SERVICE_ADMITTING);
	assert_int_equal(s->ladder.failures, 1);
	released(s);
	admit_and_run(s);
	assert_int_equal(s->generation, 2);
	assert_diary("RELEASE(web,1) ADMIT(web,0) START(web,2) PARK(web,3) ");
	parked(s);
	die(s, CLD_KILLED, SIGSEGV);
	assert_int_equal(s->state, SERVICE_BACKOFF);
	assert_true(timer_at[0] > now);
	released(s);
	now = timer_at[0];
	service_due(&table, s);
	admit_and_run(s);
	assert_int_equal(s->generation, 3);
	now += RESTART_FORGET_MS;
	die(s, CLD_KILLED, SIGSEGV);
	assert_int_equal(s->state, SERVICE_ADMITTING);
}

/* The operator's restart takes it too, and after that no number is used twice. */
static void test_restart_uses_it(void **state)
{
	struct service *s = running("web");

	(void)state;
	service_renew(&table, s);
	die(s, CLD_KILLED, SIGTERM);
	released(s);
	admit_and_run(s);
	assert_int_equal(s->ladder.failures, 0);
	assert_diary("TERM(web,1) RELEASE(web,1) ADMIT(web,0) START(web,2) PARK(web,3) ");
}

static void test_stop_drops_it(void **state)
{
	struct service *s = running("web");

	(void)state;
	service_unwant(&table, s);
	die(s, CLD_KILLED, SIGTERM);
	assert_diary("TERM(web,1) RELEASE(web,1) PARK(web,0) ");
	assert_int_equal(s->parked, 0);
	standby_dies(s, 2);
	assert_int_equal(s->state, SERVICE_STOPPED);
	assert_int_equal(timer_at[0], 0);
	released(s);
	service_want(&table, s);
	admit(s, with_standby(s));
	assert_diary("ADMIT(web,0) START(web,3) ");
}

static void test_end_and_shutdown_drop_it(void **state)
{
	struct service *s = running("web");

	(void)state;
	die(s, CLD_EXITED, 0);
	assert_diary("RELEASE(web,1) PARK(web,0) ");
	released(s);
	service_want(&table, s);
	admit_and_run(s);
	diary[0] = '\0';
	service_stop_all(&table);
	die(s, CLD_KILLED, SIGTERM);
	assert_diary("TERM(web,3) RELEASE(web,3) PARK(web,0) ");
}

/* A life that failed too often rests ten minutes, and so does what is kept for it. */
static void test_giving_up_drops_it(void **state)
{
	struct service *s = running("web");

	(void)state;
	s->ladder.failures = 5;
	die(s, CLD_EXITED, 1);
	assert_int_equal(s->state, SERVICE_FAILED);
	assert_diary("RELEASE(web,1) PARK(web,0) ");
}

/* Its launcher died, or a limit left no room for it: another one, with another number, after a
 * delay that grows. */
static void test_lost_one_is_replaced(void **state)
{
	struct service *s = running("web");
	uint64_t first;

	(void)state;
	standby_dies(s, 2);
	assert_int_equal(s->state, SERVICE_RUNNING);
	assert_diary("");
	first = timer_at[0] - now;
	assert_true(first >= RESTART_FIRST_MS);
	now = timer_at[0];
	service_due(&table, s);
	assert_diary("PARK(web,3) ");
	standby_dies(s, 3);
	assert_true(timer_at[0] - now > first);
	/* A death that was heard of late says nothing about the one of now. */
	now = timer_at[0];
	service_due(&table, s);
	assert_diary("PARK(web,4) ");
	standby_dies(s, 3);
	assert_int_equal(s->parked, 4);
	now += RESTART_FORGET_MS;
	standby_dies(s, 4);
	assert_int_equal(timer_at[0] - now, first);
}

static void test_refused_park_is_tried_again(void **state)
{
	const struct err full = {.code = ENOMEM, .msg = "no"};
	struct service *s = running("web");

	(void)state;
	standby_dies(s, 2);
	now = timer_at[0];
	service_due(&table, s);
	service_answer(&table, s, M_PARK, 3, &full);
	assert_int_equal(s->state, SERVICE_RUNNING);
	assert_int_equal(s->parked, 0);
	assert_true(timer_at[0] > now);
	/* Nothing waits, so a crash meets the ladder as without standby. */
	diary[0] = '\0';
	die(s, CLD_KILLED, SIGSEGV);
	assert_int_equal(s->state, SERVICE_BACKOFF);
	assert_diary("RELEASE(web,1) ");
}

/* It was gone when it was needed: the launcher says so, the next number is a cold start. */
static void test_gone_when_needed(void **state)
{
	const struct err stale = {.code = ESTALE, .msg = "begun before"};
	struct service *s = running("web");

	(void)state;
	die(s, CLD_KILLED, SIGSEGV);
	released(s);
	admit(s, with_standby(s));
	assert_diary("RELEASE(web,1) ADMIT(web,0) START(web,2) ");
	standby_dies(s, 2);
	service_answer(&table, s, M_START, 2, &stale);
	released(s);
	admit_and_run(s);
	assert_diary("ADMIT(web,0) RELEASE(web,2) START(web,3) PARK(web,4) ");
	assert_int_equal(s->ladder.failures, 1);
}

/* Let go, and dead before init made it the service's: an ordinary death all the same. */
static void test_dies_as_it_is_let_go(void **state)
{
	struct service_exit killed = {.code = CLD_KILLED, .status = SIGKILL, .unborn = 1};
	struct service *s = running("web");

	(void)state;
	die(s, CLD_KILLED, SIGSEGV);
	released(s);
	admit(s, with_standby(s));
	service_standby_exited(&table, s, 2, &killed);
	run_it(s);
	assert_int_equal(s->state, SERVICE_BACKOFF);
	assert_int_equal(s->pid, 0);
}

/* A supervisor that comes after this one asks for the same, and the launcher knows it. */
static void test_taken_over(void **state)
{
	struct service *s = add(0, "web");

	(void)state;
	s->wanted = true;
	s->begun = s->parked = 5;
	service_adopt(&table, s, 4, 77);
	admit(s, with_standby(s));
	assert_diary("PARK(web,5) ");
	/* Let go meanwhile: the next one has a number above it. */
	(void)fresh(NULL);
	s = add(0, "web");
	s->wanted = true;
	s->begun = s->parked = 5;
	service_adopt(&table, s, 5, 77);
	admit(s, with_standby(s));
	assert_diary("PARK(web,6) ");
}

static void test_without_the_key_nothing_is_parked(void **state)
{
	struct service *s = add(0, "web");

	(void)state;
	service_want(&table, s);
	admit(s, policy_of(s));
	run_it(s);
	assert_diary("ADMIT(web,0) START(web,1) ");
	die(s, CLD_KILLED, SIGSEGV);
	assert_int_equal(s->state, SERVICE_BACKOFF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_crash_meets_no_delay, fresh),
		cmocka_unit_test_setup(test_restart_uses_it, fresh),
		cmocka_unit_test_setup(test_stop_drops_it, fresh),
		cmocka_unit_test_setup(test_end_and_shutdown_drop_it, fresh),
		cmocka_unit_test_setup(test_giving_up_drops_it, fresh),
		cmocka_unit_test_setup(test_lost_one_is_replaced, fresh),
		cmocka_unit_test_setup(test_refused_park_is_tried_again, fresh),
		cmocka_unit_test_setup(test_gone_when_needed, fresh),
		cmocka_unit_test_setup(test_dies_as_it_is_let_go, fresh),
		cmocka_unit_test_setup(test_taken_over, fresh),
		cmocka_unit_test_setup(test_without_the_key_nothing_is_parked, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* links: base service audit ipc policy */
#include "service_world.h"

/* ready = notify: who depends on it waits for its word, not for its process. */
static void test_says_that_it_is_ready(void **state)
{
	struct service *s = add(0, "web");
	struct service *after = add(1, "after");
	struct policy *policy;

	(void)state;
	service_want(&table, s);
	policy = policy_of(s);
	policy->ready = READY_NOTIFY;
	admit(s, policy);
	service_want(&table, after);
	policy = policy_of(after);
	policy->depends_count = 1;
	(void)str_copy(policy->depends[0].name, NAME_SIZE, "web");
	admit(after, policy);
	run_it(s);
	assert_int_equal(after->state, SERVICE_WAITING);
	assert_string_equal(after->why.msg, "waits for web, which has not said that it is ready");
	service_told_ready(&table, s, s->generation - 1); /* of a life that is over */
	assert_int_equal(after->state, SERVICE_WAITING);
	service_told_ready(&table, s, s->generation);
	assert_int_equal(after->state, SERVICE_STARTING);
	/* The next life has to say so itself. */
	die(s, CLD_EXITED, 1);
	now = timer_at[0];
	service_due(&table, s);
	service_answer(&table, s, M_RELEASE, 1, &fine);
	policy = policy_of(s);
	policy->ready = READY_NOTIFY;
	admit(s, policy);
	run_it(s);
	assert_int_equal(s->state, SERVICE_RUNNING);
	assert_false(service_is_ready(s));
}

/* Its word may come before the launcher has said that it runs. */
static void test_ready_overtakes_running(void **state)
{
	struct service *s = add(0, "web");
	struct policy *policy;

	(void)state;
	service_want(&table, s);
	policy = policy_of(s);
	policy->ready = READY_FD;
	admit(s, policy);
	service_told_ready(&table, s, s->generation);
	assert_false(service_is_ready(s));
	run_it(s);
	assert_true(service_is_ready(s));
}

/* Adopted by a supervisor that has no record of it: those who wait for it shall not wait for ever.
 */
static void test_adopted_without_record(void **state)
{
	struct service *s = add(0, "web");

	(void)state;
	service_adopt(&table, s, 7, 100);
	s->plan.says_ready = true;
	assert_true(service_is_ready(s));
}

/* Adopted with one: what it has not said yet, it still has to say. */
static void test_adopted_before_its_word(void **state)
{
	struct service *s = add(0, "web");

	(void)state;
	s->generation = 7;
	s->wanted = true;
	service_adopt(&table, s, 7, 100);
	s->plan.says_ready = true;
	assert_false(service_is_ready(s));
	service_told_ready(&table, s, 7);
	assert_true(service_is_ready(s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_says_that_it_is_ready, fresh),
		cmocka_unit_test_setup(test_ready_overtakes_running, fresh),
		cmocka_unit_test_setup(test_adopted_without_record, fresh),
		cmocka_unit_test_setup(test_adopted_before_its_word, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

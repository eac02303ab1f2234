/* links: base service audit ipc policy */
#include "service_world.h"

static void start_to(struct service *s)
{
	service_want(&table, s);
	admit(s, policy_of(s));
	assert_int_equal(s->state, SERVICE_STARTING);
}

/* Another version is to run. */
static void test_reversion(void **state)
{
	struct service *s = add(0, "web");

	(void)state;
	service_reversion(&table, s); /* nobody wants it */
	assert_diary("");
	start_to(s);
	diary[0] = '\0';
	service_reversion(&table, s); /* a start cannot be called back */
	assert_diary("");
	run_it(s);
	assert_diary("TERM(web,1) ");
	die(s, CLD_KILLED, SIGTERM);
	assert_int_equal(s->state, SERVICE_ADMITTING);
	assert_false(s->again);
}

/* A version on trial whose ladder ends is given up; one that is confirmed is not. */
static void test_give_up_version(void **state)
{
	struct service *s = add(0, "web");

	(void)state;
	start_to(s);
	run_it(s);
	s->plan.restart = false;
	diary[0] = '\0';
	die(s, CLD_EXITED, 3);
	assert_int_equal(s->state, SERVICE_FAILED);
	assert_null(strstr(diary, "GAVE_UP"));
	service_want(&table, s);
	admit(s, policy_of(s));
	s->identity.trial = true;
	released(s);
	run_it(s);
	s->plan.restart = false;
	diary[0] = '\0';
	die(s, CLD_EXITED, 3);
	assert_int_equal(s->state, SERVICE_FAILED);
	assert_non_null(strstr(diary, "GAVE_UP(web,2)"));
	service_reversion(&table, s); /* and there was another version */
	assert_int_equal(s->state, SERVICE_ADMITTING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_reversion, fresh),
		cmocka_unit_test_setup(test_give_up_version, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* links: base service audit ipc policy */
#include "service_world.h"

/* What a service does that root has frozen or isolated. */
static struct service *probed(void)
{
	struct service *s = add(0, "web");
	struct policy *policy = policy_of(s);

	service_want(&table, s);
	policy->health.count = 1;
	admit(s, policy);
	run_it(s);
	assert_int_equal(s->state, SERVICE_RUNNING);
	assert_int_equal(s->health.state, HEALTH_STARTING);
	assert_true(health_at[0] != 0);
	diary[0] = '\0';
	return s;
}

static void test_health_pauses(void **state)
{
	struct service *s = probed();

	(void)state;
	service_held(&table, s, HOLD_FROZEN, 1);
	assert_true(service_is_held(s));
	assert_int_equal(s->health.state, HEALTH_NONE);
	assert_int_equal(health_at[0], 0);
	now += 3600000;
	service_health_timer(&table, s);
	assert_diary("");
	assert_int_equal(s->state, SERVICE_RUNNING);
	/* Let go: from the beginning, with its grace. */
	service_held(&table, s, HOLD_NONE, 1);
	assert_false(service_is_held(s));
	assert_int_equal(s->health.state, HEALTH_STARTING);
	assert_true(health_at[0] > now);
}

/* The probe that is under way dies with the pause: it would run in the service's namespaces. */
static void test_probe_is_killed(void **state)
{
	struct service *s = probed();

	(void)state;
	now = health_at[0];
	service_health_timer(&table, s);
	assert_diary("PROBE(web,1) ");
	service_probing(&table, s, s->probe);
	service_held(&table, s, HOLD_FROZEN, 1);
	assert_diary("probe-KILL(web,3) ");
	/* Its end says nothing of the service. */
	service_probe_exited(&table, s, s->probe,
			     &(struct service_exit){.code = CLD_KILLED, .status = SIGKILL});
	assert_int_equal(s->health.state, HEALTH_NONE);
	assert_int_equal(s->state, SERVICE_RUNNING);
}

static void test_stop_kills(void **state)
{
	struct service *s = probed();

	(void)state;
	service_held(&table, s, HOLD_FROZEN, 1);
	service_unwant(&table, s);
	assert_diary("KILL(web,1) ");
	die(s, CLD_KILLED, SIGKILL);
	assert_int_equal(s->state, SERVICE_STOPPED);
	/* It was this life that was frozen. */
	service_want(&table, s);
	released(s);
	admit(s, policy_of(s));
	released(s);
	assert_int_equal(s->generation, 2);
	assert_false(service_is_held(s));
}

static void test_restart_kills(void **state)
{
	struct service *s = probed();

	(void)state;
	service_held(&table, s, HOLD_ISOLATED, 1);
	service_renew(&table, s);
	assert_diary("KILL(web,1) ");
}

/* A supervisor that came later hears of it before it knows the process. */
static void test_adopted(void **state)
{
	struct service *s = add(0, "web");
	struct policy *policy = policy_of(s);

	(void)state;
	service_held(&table, s, HOLD_FROZEN, 7);
	s->wanted = true;
	service_adopt(&table, s, 7, 100);
	policy->health.count = 1;
	admit(s, policy);
	assert_int_equal(s->state, SERVICE_RUNNING);
	assert_true(service_is_held(s));
	assert_int_equal(s->health.state, HEALTH_NONE);
	assert_int_equal(health_at[0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_health_pauses, fresh),
		cmocka_unit_test_setup(test_probe_is_killed, fresh),
		cmocka_unit_test_setup(test_stop_kills, fresh),
		cmocka_unit_test_setup(test_restart_kills, fresh),
		cmocka_unit_test_setup(test_adopted, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* links: base service audit ipc policy */
#include "service_world.h"

#include <errno.h>

static struct service *ask(uint16_t slot, const char *name)
{
	struct service *s = add(slot, name);

	service_want(&table, s);
	return s;
}

static void up(struct service *s, const struct policy *policy)
{
	admit(s, policy);
	if (s->state == SERVICE_STARTING)
		run_it(s);
}

static void test_waits_for_started(void **state)
{
	struct service *db = ask(0, "db");
	struct service *web = ask(1, "web");
	struct policy *policy = policy_of(web);

	(void)state;
	needs(policy, "db", DEPEND_STARTED);
	admit(web, policy);
	assert_int_equal(web->state, SERVICE_WAITING);
	assert_string_equal(web->why.msg, "waits for db, which is admitting");
	diary[0] = '\0';
	admit(db, policy_of(db));
	assert_diary("START(db,1) ");
	run_it(db);
	assert_diary("START(web,1) ");
}

static void test_waits_for_healthy(void **state)
{
	struct service *db = ask(0, "db");
	struct service *web = ask(1, "web");
	struct service_exit passed = {.code = CLD_EXITED, .status = 0};
	struct policy *policy = policy_of(web);

	(void)state;
	needs(policy, "db", DEPEND_HEALTHY);
	admit(web, policy);
	policy = policy_of(db);
	policy->health.count = 1;
	up(db, policy);
	assert_int_equal(db->state, SERVICE_RUNNING);
	assert_int_equal(web->state, SERVICE_WAITING);
	assert_string_equal(web->why.msg, "waits for db, whose health is starting");
	now = health_at[0];
	service_health_timer(&table, db);
	service_probe_exited(&table, db, db->probe, &passed);
	assert_int_equal(web->state, SERVICE_STARTING);
}

static void test_healthy_of_one_without_probe_is_refused(void **state)
{
	struct service *db = ask(0, "db");
	struct service *web = ask(1, "web");
	struct policy *policy = policy_of(web);

	(void)state;
	needs(policy, "db", DEPEND_HEALTHY);
	admit(web, policy);
	up(db, policy_of(db));
	assert_int_equal(web->state, SERVICE_REFUSED);
	assert_string_equal(web->why.msg, "depends_on = db:healthy, but db has no health_cmd");
}

static void test_unknown_name_is_refused_at_once(void **state)
{
	struct service *db = ask(0, "db");
	struct service *web = ask(1, "web");
	struct policy *policy = policy_of(web);

	(void)state;
	(void)db; /* not running yet: what can never be comes before what is not yet */
	needs(policy, "db", DEPEND_STARTED);
	needs(policy, "cache", DEPEND_STARTED);
	admit(web, policy);
	assert_int_equal(web->state, SERVICE_REFUSED);
	assert_string_equal(web->why.msg,
			    "depends_on names cache, which the device policy does not name");
}

static void test_circle_is_named(void **state)
{
	struct service *a = ask(0, "a");
	struct service *b = ask(1, "b");
	struct service *c = ask(2, "c");
	struct policy *policy = policy_of(a);

	(void)state;
	needs(policy, "b", DEPEND_STARTED);
	admit(a, policy);
	policy = policy_of(b);
	needs(policy, "c", DEPEND_STARTED);
	admit(b, policy);
	policy = policy_of(c);
	needs(policy, "a", DEPEND_STARTED);
	admit(c, policy);
	assert_int_equal(c->state, SERVICE_REFUSED);
	assert_string_equal(c->why.msg, "depends_on is a circle: c -> a -> b -> c");
	assert_int_equal(a->state, SERVICE_WAITING);
	assert_int_equal(b->state, SERVICE_WAITING);
	assert_string_equal(b->why.msg, "waits for c, which is refused");
}

static void test_circle_of_one(void **state)
{
	struct service *a = ask(0, "a");
	struct policy *policy = policy_of(a);

	(void)state;
	needs(policy, "a", DEPEND_STARTED);
	admit(a, policy);
	assert_int_equal(a->state, SERVICE_REFUSED);
	assert_string_equal(a->why.msg, "depends_on is a circle: a -> a");
}

/* Two ways to the same service are no circle. */
static void test_diamond(void **state)
{
	struct service *top = ask(0, "top");
	struct service *left = ask(1, "left");
	struct service *right = ask(2, "right");
	struct service *base = ask(3, "base");
	struct policy *policy = policy_of(top);

	(void)state;
	needs(policy, "left", DEPEND_STARTED);
	needs(policy, "right", DEPEND_STARTED);
	admit(top, policy);
	policy = policy_of(left);
	needs(policy, "base", DEPEND_STARTED);
	admit(left, policy);
	policy = policy_of(right);
	needs(policy, "base", DEPEND_STARTED);
	admit(right, policy);
	diary[0] = '\0';
	up(base, policy_of(base));
	assert_diary("START(base,1) START(left,1) START(right,1) ");
	run_it(right);
	assert_diary("");
	run_it(left);
	assert_diary("START(top,1) ");
}

static void test_start_pulls_what_it_needs(void **state)
{
	struct service *db = add(0, "db");
	struct service *web = ask(1, "web");
	struct policy *policy = policy_of(web);

	(void)state;
	needs(policy, "db", DEPEND_STARTED);
	diary[0] = '\0';
	admit(web, policy);
	assert_diary("ADMIT(db,0) ");
	up(db, policy_of(db));
	run_it(web);
	/* Stopped on purpose: the next crash of web does not bring it back. */
	service_unwant(&table, db);
	die(db, CLD_EXITED, 0);
	released(db);
	die(web, CLD_EXITED, 1);
	released(web);
	now = timer_at[1];
	diary[0] = '\0';
	service_due(&table, web);
	policy = policy_of(web);
	needs(policy, "db", DEPEND_STARTED);
	admit(web, policy);
	assert_diary("ADMIT(web,0) ");
	assert_int_equal(web->state, SERVICE_WAITING);
	assert_int_equal(db->state, SERVICE_STOPPED);
}

static void test_shutdown_in_reverse(void **state)
{
	struct service *db = ask(0, "db");
	struct service *web = ask(1, "web");
	struct service *other = ask(2, "other");
	struct policy *policy;

	(void)state;
	up(db, policy_of(db));
	up(other, policy_of(other));
	policy = policy_of(web);
	needs(policy, "db", DEPEND_STARTED);
	up(web, policy);
	diary[0] = '\0';
	service_stop_all(&table);
	assert_diary("TERM(web,1) TERM(other,1) ");
	assert_false(service_all_down(&table));
	die(other, CLD_KILLED, SIGTERM);
	diary[0] = '\0';
	die(web, CLD_KILLED, SIGTERM);
	assert_diary("RELEASE(web,1) TERM(db,1) ");
	die(db, CLD_KILLED, SIGTERM);
	assert_true(service_all_down(&table));
	/* Nothing comes back. */
	diary[0] = '\0';
	service_want(&table, db);
	service_renew(&table, web);
	service_resume(&table, other);
	assert_diary("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_waits_for_started, fresh),
		cmocka_unit_test_setup(test_waits_for_healthy, fresh),
		cmocka_unit_test_setup(test_healthy_of_one_without_probe_is_refused, fresh),
		cmocka_unit_test_setup(test_unknown_name_is_refused_at_once, fresh),
		cmocka_unit_test_setup(test_circle_is_named, fresh),
		cmocka_unit_test_setup(test_circle_of_one, fresh),
		cmocka_unit_test_setup(test_diamond, fresh),
		cmocka_unit_test_setup(test_start_pulls_what_it_needs, fresh),
		cmocka_unit_test_setup(test_shutdown_in_reverse, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* links: base sys programs/launcher */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "purge_fixture.h"

/* When nothing may be purged, and then nothing is touched; otherwise what goes, in which order. */

static void put_all(void)
{
	put_images();
	put_secrets();
	put_volumes(1);
}

/* Not begun, nothing gone, nothing forgotten. */
static void expect_refused(const char *name, int code, const char *why)
{
	assert_int_equal(purge_begin(name, &err), -code);
	if (strcmp(err.msg, why) != 0)
		fail_msg("%s", err.msg);
	assert_true(!next || !next->armed);
	assert_true(!*name || !purge_is_of(name));
	assert_true(has("images/web.raw.v/web_1_x86_64.raw"));
	assert_true(has("secrets/web/password") && has("volumes/web/data/0"));
	assert_int_equal(forgotten, 0);
}

static void expect_all_gone(void)
{
	(void)turn();
	assert_int_equal(ended, 1);
	assert_int_equal(ended_code, 0);
	assert_false(has("images/web.raw.v") || has("secrets/web") || has("volumes/web"));
	assert_false(has("volumes/.web"));
}

/* ---- may it? */

static void test_no_name(void **state)
{
	(void)state;
	put_all();
	expect_refused("", EINVAL, " is not a name");
	expect_refused("../images/web", EINVAL, "../images/web is not a name");
	expect_refused("web/data", EINVAL, "web/data is not a name");
	expect_refused(".web", EINVAL, ".web is not a name");
}

static void test_not_on_this_boot(void **state)
{
	int images_fd = launcher.images_fd;

	(void)state;
	put_all();
	(void)str_copy(launcher.locked, sizeof(launcher.locked), "board");
	expect_refused("web", EPERM, "nothing is removed on this boot: board");
	*launcher.locked = '\0';
	launcher.policies = false; /* who uses what is not known */
	expect_refused("web", EPERM, "nothing is removed on this boot: no policy or no state");
	launcher.policies = true;
	launcher.images_fd = -1;
	expect_refused("web", EPERM, "nothing is removed on this boot: no policy or no state");
	launcher.images_fd = images_fd;
	assert_int_equal(purge_begin("web", &err), 0);
	expect_all_gone();
}

static void test_in_use(void **state)
{
	(void)state;
	put_all();
	alive = web;
	expect_refused("web", EBUSY, "web runs");
	alive = NULL;
	held = HOLD_ISOLATED;
	expect_refused("web", EBUSY, "web is isolated: what it has is kept as it is");
	held = HOLD_NONE;
	installing = true;
	expect_refused("web", EBUSY, "an image of web is being installed");
	installing = false;
	assert_int_equal(purge_begin("web", &err), 0);
	expect_all_gone();
}

/* Of a name that the device policy has forgotten as well. */
static void test_borrowed(void **state)
{
	(void)state;
	put_all();
	mqtt->policy.volume_count = 2;
	(void)str_copy(mqtt->policy.volumes[0].owner, NAME_SIZE, "mqtt");
	(void)str_copy(mqtt->policy.volumes[1].owner, NAME_SIZE, "web");
	(void)str_copy(mqtt->policy.volumes[1].name, NAME_SIZE, "data");
	alive = mqtt;
	expect_refused("web", EBUSY, "mqtt uses volume data of web");
	*web->name = '\0';
	expect_refused("web", EBUSY, "mqtt uses volume data of web");
	alive = NULL; /* it has none mounted */
	assert_int_equal(purge_begin("web", &err), 0);
	expect_all_gone();
}

/* One that runs with volumes of its own is nobody's borrower. */
static void test_neighbour(void **state)
{
	(void)state;
	put_all();
	mqtt->policy.volume_count = 1;
	(void)str_copy(mqtt->policy.volumes[0].owner, NAME_SIZE, "mqtt");
	alive = mqtt;
	assert_int_equal(purge_begin("web", &err), 0);
	expect_all_gone();
}

static void test_one_at_a_time(void **state)
{
	(void)state;
	put_volumes(1);
	put_directory("volumes/mqtt");
	assert_false(purge_is_of("web") || purge_is_of(""));
	assert_int_equal(purge_begin("web", &err), 0);
	assert_true(purge_is_of("web") && !purge_is_of("mqtt"));
	assert_int_equal(purge_begin("mqtt", &err), -EBUSY);
	assert_string_equal(err.msg, "web is being purged");
	assert_int_equal(purge_begin("web", &err), -EBUSY);
	assert_true(has("volumes/mqtt"));
	expect_all_gone();
	assert_true(has("volumes/mqtt"));
}

/* ---- is there anything? */

static void expect_something(void)
{
	ended = 0;
	assert_int_equal(purge_begin("web", &err), 0);
	expect_all_gone();
}

static void test_nothing(void **state)
{
	(void)state;
	give_id("web"); /* it stays while the device policy names the service */
	give_id("mqtt");
	put_directory("volumes/mqtt");
	assert_int_equal(purge_begin("web", &err), -ENOENT);
	assert_string_equal(err.msg, "there is nothing of web");
	assert_true((!next || !next->armed) && !purge_is_of("web"));
	put_directory("images/web.raw.v");
	expect_something();
	put_directory("secrets/web");
	expect_something();
	put_directory("volumes/web");
	expect_something();
	put_directory("volumes/.web"); /* of one that was cut short */
	expect_something();
	*web->name = '\0';
	expect_something(); /* its user id */
	assert_int_equal(purge_begin("web", &err), -ENOENT);
	assert_true(has_id("mqtt") && has("volumes/mqtt"));
}

/* ---- what goes */

static void test_all_goes(void **state)
{
	struct rollback *of = launcher.rollbacks.of;

	(void)state;
	give_id("web");
	put_images();
	put_secrets();
	put_volumes(600);
	(void)str_copy(of[2].name, NAME_SIZE, "web");
	(void)str_copy(of[5].name, NAME_SIZE, "mqtt");
	assert_int_equal(purge_begin("web", &err), 0);
	/* No start finds them from here on. */
	assert_false(has("images/web.raw.v") || has("secrets/web"));
	assert_int_equal(removed_images, 2);
	assert_int_equal(forgotten, 1);
	assert_string_equal(calls, "ou"); /* nobody reads what was a secret */
	assert_string_equal(of[2].name, "");
	assert_string_equal(of[5].name, "mqtt");
	/* The volumes go bit by bit, under a name that nobody mounts. */
	next->due(&launcher.loop, next);
	assert_true(!has("volumes/web") && has("volumes/.web") && !ended);
	assert_true(turn() > 2);
	expect_all_gone();
	assert_true(has_id("web")); /* it would be given one at the next boot */
}

/* Nothing on the disk carries the number of one that nobody names any more: it is free then. */
static void test_id(void **state)
{
	(void)state;
	*web->name = '\0';
	give_id("web");
	put_volumes(1);
	assert_int_equal(purge_begin("web", &err), 0);
	assert_int_equal(forgotten, 0);
	next->due(&launcher.loop, next);
	assert_true(!ended && has_id("web"));
	expect_all_gone();
	assert_false(has_id("web"));
}

int main(void)
{
#define CASE(function_) cmocka_unit_test_setup_teardown(function_, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_no_name),  CASE(test_not_on_this_boot), CASE(test_in_use),
		CASE(test_borrowed), CASE(test_neighbour),        CASE(test_one_at_a_time),
		CASE(test_nothing),  CASE(test_all_goes),         CASE(test_id),
	};

	return cmocka_run_group_tests_name("purge", tests, NULL, NULL);
}

/* links: base programs/launcher */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "slots_fixture.h"

/* The versions of one name: which file is called what after each verb, and what must not happen. */

/* ---- rollback */

static void test_roll_back(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+2-1.raw");
	map("web_2_x86_64+2-1.raw", true);
	assert_int_equal(slots_roll_back(web, &err), 0);
	expect("web_1_x86_64.raw web_2_x86_64+0-1.raw ");
	assert_string_equal(calls, "rs");
	assert_int_equal(renewed, 1);
	assert_int_equal(events[EVENT_ROLLBACK], 1);
	assert_string_equal(launcher.rollbacks.of[2].version, "2");
}

/* Bad and damaged versions are none to go back to. */
static void test_roll_back_to_nothing(void **state)
{
	(void)state;
	put("web_2_x86_64+2-1.raw");
	map("web_2_x86_64+2-1.raw", true);
	assert_int_equal(slots_roll_back(web, &err), -ENOENT);
	put("web_1_x86_64+0-3.raw");
	put("web_3_x86_64.raw.bad");
	assert_int_equal(slots_roll_back(web, &err), -ENOENT);
	web->note.trial = 1;
	assert_int_equal(slots_give_up(web, "no", &err), -ENOENT);
	assert_int_equal(slots_refuse(web, &(struct image_file){.version = "2"}, &err), -ENOENT);
	expect("web_1_x86_64+0-3.raw web_2_x86_64+2-1.raw web_3_x86_64.raw.bad ");
	assert_string_equal(calls, "");
	assert_int_equal(renewed, 0);
}

/* A confirmed version is not given up for what the supervisor says of it. */
static void test_take_back(void **state)
{
	const struct image_file old = {.version = "1"};

	(void)state;
	put("web_1_x86_64.raw");
	put("web_0_x86_64+0-3.raw");
	put("web_4_x86_64.raw.bad");
	assert_int_equal(slots_take_back(web, &old, &err), -ENOENT);
	put("web_2_x86_64+0-1.raw");
	put("web_3_x86_64+0-3.raw");
	assert_int_equal(slots_take_back(web, &old, &err), 0);
	expect("web_0_x86_64+0-3.raw web_1_x86_64.raw web_2_x86_64+0-1.raw web_3_x86_64+3-0.raw "
	       "web_4_x86_64.raw.bad ");
	assert_string_equal(calls, "rs");
	assert_int_equal(events[EVENT_ROLLBACK], 1);
}

static void test_give_up_confirmed(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64.raw");
	map("web_2_x86_64.raw", false);
	assert_int_equal(slots_give_up(web, "no", &err), -ENOENT);
	web->note.trial = 1;
	assert_int_equal(slots_give_up(web, "no", &err), 0);
	expect("web_1_x86_64.raw web_2_x86_64+0-1.raw ");
}

/* ---- activate */

static void test_activate(void **state)
{
	(void)state;
	put("web_1_x86_64+0-2.raw");
	put("web_2_x86_64.raw");
	put("web_4_x86_64.raw.bad");
	map("web_2_x86_64.raw", true);
	assert_int_equal(slots_activate(web, "4", &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "install it again"));
	assert_int_equal(slots_activate(web, "3", &err), -ENOENT);
	expect("web_1_x86_64+0-2.raw web_2_x86_64.raw web_4_x86_64.raw.bad ");
	assert_int_equal(renewed, 0);
	assert_int_equal(slots_activate(web, "1", &err), 0);
	expect("web_1_x86_64+3-0.raw web_2_x86_64+0-0.raw web_4_x86_64.raw.bad ");
	assert_string_equal(calls, "rsrs");
	assert_int_equal(renewed, 1);
}

/* A power cut between the two renames: the newer one still wins, and is what ran. */
static void test_activate_order(void **state)
{
	static struct image_set set;

	(void)state;
	put("web_1_x86_64+0-2.raw");
	put("web_2_x86_64.raw");
	map("web_2_x86_64.raw", true);
	put("web_2_x86_64+0-0.raw"); /* in the way of the second one */
	assert_int_equal(slots_activate(web, "1", &err), -EEXIST);
	assert_int_equal(images_scan(launcher.images_fd, "web", &set), 0);
	assert_string_equal(set.files[0].version, "2");
	assert_string_equal(calls, "rsr");
}

/* ---- remove */

static void test_remove_active(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64.raw");
	put("web_3_x86_64+0-1.raw");
	put("web.partial");
	map("web_2_x86_64.raw", true);
	assert_int_equal(slots_remove(web, "2", &err), -EBUSY);
	assert_int_equal(slots_remove(web, "", &err), -EBUSY); /* and nothing goes before that */
	assert_int_equal(slots_remove(web, "9", &err), -ENOENT);
	expect("web.partial web_1_x86_64.raw web_2_x86_64.raw web_3_x86_64+0-1.raw ");
	assert_int_equal(slots_remove(web, "1", &err), 0);
	assert_int_equal(slots_remove(web, "3", &err), 0);
	expect("web.partial web_2_x86_64.raw ");
	assert_string_equal(calls, "usus");
	assert_int_equal(forgotten, 0);
	alive = false;
	installing = true;
	assert_int_equal(slots_remove(web, "", &err), 0);
	expect("web.partial ");
	assert_int_equal(forgotten, 1);
	assert_int_equal(slots_remove(web, "", &err), -ENOENT);
	installing = false;
	assert_int_equal(slots_remove(web, "", &err), 0);
	expect("");
}

/* In its last try a version is bad by name and runs; what would be next stays as well. */
static void test_remove_last_try(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+0-3.raw");
	map("web_2_x86_64+0-3.raw", true);
	assert_int_equal(slots_remove(web, "2", &err), -EBUSY);
	assert_int_equal(slots_remove(web, "1", &err), -EBUSY);
	expect("web_1_x86_64.raw web_2_x86_64+0-3.raw ");
}

/* ---- tries */

static void try_once(const char *from, int code)
{
	map(from, false);
	assert_int_equal(slots_begin_try(web, &err), code);
}

static void test_tries(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+3-0.raw");
	try_once("web_2_x86_64+3-0.raw", 0);
	try_once("web_2_x86_64+2-1.raw", 0);
	try_once("web_2_x86_64+1-2.raw", 0);
	expect("web_1_x86_64.raw web_2_x86_64+0-3.raw ");
	assert_string_equal(calls, "rsrsrs");
	try_once("web_2_x86_64+0-3.raw", -ESTALE);
	try_once("web_1_x86_64.raw", 0);
	assert_string_equal(calls, "rsrsrs");
}

/* Three power cuts in a row must not leave a name without a version. */
static void test_last_version(void **state)
{
	(void)state;
	put("web_2_x86_64+1-2.raw");
	for (int i = 0; i < 5; i++)
		try_once("web_2_x86_64+1-2.raw", 0);
	expect("web_2_x86_64+1-2.raw ");
}

/* Another version was activated since this one was admitted. */
static void test_not_active(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+3-0.raw");
	try_once("web_1_x86_64.raw", -ESTALE);
	expect("web_1_x86_64.raw web_2_x86_64+3-0.raw ");
}

static void test_confirm(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+0-3.raw");
	map("web_2_x86_64+0-3.raw", true);
	assert_int_equal(slots_confirm(web, &err), 0);
	expect("web_1_x86_64.raw web_2_x86_64.raw ");
	assert_string_equal(calls, "rs");
	web->note.file_inode = 1; /* the file that runs is gone */
	assert_int_equal(slots_confirm(web, &err), -ESTALE);
}

/* ---- damage */

static void test_quarantine(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64.raw");
	map("web_2_x86_64.raw", true);
	assert_true(slots_quarantine(web));
	expect("web_1_x86_64.raw web_2_x86_64.raw.bad ");
	assert_int_equal(events[EVENT_QUARANTINED], 1);
	assert_true(slots_quarantine(web)); /* known already: there is still the other */
	map("web_1_x86_64.raw", true);
	assert_false(slots_quarantine(web));
	expect("web_1_x86_64.raw.bad web_2_x86_64.raw.bad ");
	assert_string_equal(calls, "rsrs");
	/* Nothing makes one anything else than damaged. */
	assert_int_equal(slots_confirm(web, &err), -EBADMSG);
	put("web_0_x86_64.raw");
	web->note.trial = 1;
	assert_int_equal(slots_give_up(web, "no", &err), -EBADMSG);
	assert_int_equal(slots_roll_back(web, &err), -EBADMSG);
	expect("web_0_x86_64.raw web_1_x86_64.raw.bad web_2_x86_64.raw.bad ");
}

/* ---- room for another */

static void test_room(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+2-1.raw");
	map("web_2_x86_64+2-1.raw", true);
	assert_int_equal(slots_make_room(web, "2", &err), -EEXIST);
	assert_int_equal(slots_make_room(web, "3", &err), -EBUSY);
	expect("web_1_x86_64.raw web_2_x86_64+2-1.raw ");
	assert_int_equal(slots_confirm(web, &err), 0);
	assert_int_equal(slots_make_room(web, "3", &err), 0);
	expect("web_2_x86_64.raw ");
}

/* In its last try it runs, and what it would go back to is the active one by name. */
static void test_room_last_try(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+0-3.raw");
	map("web_2_x86_64+0-3.raw", true);
	web->note.trial = 1;
	assert_int_equal(slots_make_room(web, "3", &err), -EBUSY);
	expect("web_1_x86_64.raw web_2_x86_64+0-3.raw ");
	web->note.trial = 0;
}

int main(void)
{
#define CASE(function_) cmocka_unit_test_setup_teardown(function_, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_roll_back),     CASE(test_roll_back_to_nothing),
		CASE(test_take_back),     CASE(test_give_up_confirmed),
		CASE(test_activate),      CASE(test_activate_order),
		CASE(test_remove_active), CASE(test_remove_last_try),
		CASE(test_tries),         CASE(test_last_version),
		CASE(test_not_active),    CASE(test_confirm),
		CASE(test_quarantine),    CASE(test_room),
		CASE(test_room_last_try),
	};

	return cmocka_run_group_tests_name("slots", tests, NULL, NULL);
}

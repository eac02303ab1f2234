/* links: base programs/launcher */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "slots_fixture.h"

/* Versions that are gone, names that are taken, a disk that fails: what is refused is not on record
 * as done, and what must stay stays. */

#define OTHER_INODE 1 /* of no file of ours */

static void map_gone(bool runs)
{
	web->admitted = true;
	web->note.file_inode = OTHER_INODE;
	web->note.trial = 1;
	alive = runs;
}

/* ---- the file that is mapped is gone */

static void test_gone(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64.raw");
	map_gone(true);
	assert_int_equal(slots_begin_try(web, &err), -ESTALE);
	assert_string_equal(err.msg, "another version is to run");
	assert_int_equal(slots_give_up(web, "no", &err), -ENOENT);
	assert_int_equal(slots_refuse(web, &(struct image_file){.version = "9"}, &err), -ENOENT);
	assert_true(slots_quarantine(web)); /* there is another one */
	assert_string_equal(calls, "");
	assert_int_equal(events[EVENT_ROLLBACK] + events[EVENT_QUARANTINED], 0);
}

/* Not admitted, whatever number the note of its last life has. */
static void test_not_admitted(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+2-1.raw");
	map("web_2_x86_64+2-1.raw", false);
	web->admitted = false;
	web->note.trial = 1;
	assert_int_equal(slots_begin_try(web, &err), -ESTALE);
	assert_int_equal(slots_give_up(web, "no", &err), -ENOENT);
	assert_int_equal(slots_confirm(web, &err), -ESTALE);
	assert_string_equal(calls, "");
}

/* ---- a change that fails did not happen */

static void expect_no_record(const char *files)
{
	expect(files);
	assert_int_equal(events[EVENT_ROLLBACK], 0);
	assert_string_equal(launcher.rollbacks.of[2].version, "");
	assert_int_equal(renewed, 0);
}

static void test_give_up_fails(void **state)
{
	static const char *const files = "web_1_x86_64.raw web_2_x86_64+0-1.raw "
					 "web_2_x86_64+2-1.raw ";

	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+2-1.raw");
	put("web_2_x86_64+0-1.raw"); /* in the way */
	map("web_2_x86_64+2-1.raw", true);
	web->note.trial = 1;
	assert_int_equal(slots_give_up(web, "no", &err), -EEXIST);
	expect_no_record(files);
	assert_int_equal(slots_refuse(web, &(struct image_file){.version = "2"}, &err), -EEXIST);
	expect_no_record(files);
	assert_int_equal(slots_roll_back(web, &err), -EEXIST);
	expect_no_record(files);
}

static void test_take_back_fails(void **state)
{
	const struct image_file old = {.version = "1"};

	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+0-3.raw");
	put("web_2_x86_64+3-0.raw"); /* in the way */
	assert_int_equal(slots_take_back(web, &old, &err), -EEXIST);
	expect_no_record("web_1_x86_64.raw web_2_x86_64+0-3.raw web_2_x86_64+3-0.raw ");
}

/* The version itself is not newer than itself. */
static void test_take_back_same(void **state)
{
	const struct image_file old = {.version = "2"};

	(void)state;
	put("web_2_x86_64+0-3.raw");
	assert_int_equal(slots_take_back(web, &old, &err), -ENOENT);
	expect_no_record("web_2_x86_64+0-3.raw ");
}

static void test_quarantine_fails(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64.raw");
	put("web_2_x86_64.raw.bad"); /* in the way */
	map("web_2_x86_64.raw", true);
	assert_false(slots_quarantine(web));
	expect("web_1_x86_64.raw web_2_x86_64.raw web_2_x86_64.raw.bad ");
	assert_int_equal(events[EVENT_QUARANTINED], 0);
}

/* There is no room for a counter in it: cut, the name would be nobody's image any more. */
static void test_long_name(void **state)
{
	char file[IMAGES_FILE_SIZE], wanted[IMAGES_FILE_SIZE + 32];

	(void)state;
	memset(file, 'a', sizeof(file));
	memcpy(file, "web_2_", 6);
	memcpy(file + sizeof(file) - 5, ".raw", 5);
	put("web_1_x86_64.raw");
	put(file);
	assert_int_equal(slots_roll_back(web, &err), -ENAMETOOLONG);
	(void)snprintf(wanted, sizeof(wanted), "web_1_x86_64.raw %s ", file);
	expect_no_record(wanted);
}

/* A power cut may bring the old name back: nobody hears that it is done, and no step follows. */
static void test_not_on_disk(void **state)
{
	(void)state;
	put("web_1_x86_64+0-2.raw");
	put("web_2_x86_64.raw");
	map("web_2_x86_64.raw", true);
	unsafe = true;
	assert_int_equal(slots_activate(web, "1", &err), -EIO);
	expect_no_record("web_1_x86_64+3-0.raw web_2_x86_64.raw ");
	assert_int_equal(events[EVENT_IMAGE_ACTIVATED], 0);
	assert_int_equal(slots_roll_back(web, &err), -EIO);
	assert_int_equal(events[EVENT_ROLLBACK], 0);
}

/* ---- files that do not go */

static void test_remove_fails(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64.raw");
	put("web_3_x86_64+0-1.raw");
	put("web.partial");
	stuck = "web_1_x86_64.raw";
	assert_int_equal(slots_remove(web, "1", &err), -EIO);
	assert_int_equal(events[EVENT_IMAGE_REMOVED], 0);
	assert_int_equal(slots_remove(web, "", &err), -EIO);
	expect("web.partial web_1_x86_64.raw web_2_x86_64.raw ");
	assert_int_equal(events[EVENT_IMAGE_REMOVED], 1);
	stuck = NULL;
	unsafe = true;
	assert_int_equal(slots_remove(web, "1", &err), -EIO);
	assert_int_equal(events[EVENT_IMAGE_REMOVED], 1);
}

/* A name without room is not said to have some, and loses nothing more for it. */
static void test_room_fails(void **state)
{
	(void)state;
	put("web_0_x86_64+0-3.raw");
	put("web_1_x86_64.raw");
	put("web_2_x86_64.raw");
	stuck = "web_1_x86_64.raw";
	assert_int_equal(slots_make_room(web, "3", &err), -EIO);
	expect("web_0_x86_64+0-3.raw web_1_x86_64.raw web_2_x86_64.raw ");
}

/* ---- which one is on trial, and is there another? */

/* It waits for its first life; what runs is what it would fall back to. */
static void test_room_before_trial(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+3-0.raw");
	map("web_1_x86_64.raw", true);
	assert_int_equal(slots_make_room(web, "3", &err), -EBUSY);
	expect("web_1_x86_64.raw web_2_x86_64+3-0.raw ");
}

static void test_room_after_trial(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+0-3.raw");
	map("web_2_x86_64+0-3.raw", false);
	web->note.trial = 1;
	assert_int_equal(slots_make_room(web, "3", &err), 0);
	expect("web_1_x86_64.raw ");
	map_gone(true);
	assert_int_equal(slots_make_room(web, "3", &err), 0);
	expect("web_1_x86_64.raw ");
}

/* Nothing that it would fall back to is lost. */
static void test_room_alone(void **state)
{
	(void)state;
	put("web_1_x86_64+0-3.raw");
	put("web_2_x86_64+2-1.raw");
	map("web_2_x86_64+2-1.raw", true);
	web->note.trial = 1;
	assert_int_equal(slots_make_room(web, "3", &err), 0);
	expect("web_2_x86_64+2-1.raw ");
}

/* What was given up is not the active one, however alone it is: it may be tried or sent again. */
static void test_all_given_up(void **state)
{
	(void)state;
	put("web_1_x86_64+0-1.raw");
	put("web_2_x86_64+0-3.raw");
	assert_int_equal(slots_roll_back(web, &err), -ENOENT);
	assert_int_equal(slots_activate(web, "1", &err), 0);
	expect("web_1_x86_64+3-0.raw web_2_x86_64+0-3.raw ");
	assert_int_equal(slots_remove(web, "1", &err), 0);
	assert_int_equal(slots_make_room(web, "2", &err), 0);
	expect("");
}

/* An operator means what would run next, unless something runs. */
static void test_roll_back_next(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+3-0.raw");
	map("web_1_x86_64.raw", false);
	assert_int_equal(slots_roll_back(web, &err), 0);
	expect("web_1_x86_64.raw web_2_x86_64+0-1.raw ");
}

int main(void)
{
#define CASE(function_) cmocka_unit_test_setup_teardown(function_, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_gone),
		CASE(test_not_admitted),
		CASE(test_give_up_fails),
		CASE(test_take_back_fails),
		CASE(test_take_back_same),
		CASE(test_quarantine_fails),
		CASE(test_long_name),
		CASE(test_not_on_disk),
		CASE(test_remove_fails),
		CASE(test_room_fails),
		CASE(test_room_before_trial),
		CASE(test_room_after_trial),
		CASE(test_room_alone),
		CASE(test_all_given_up),
		CASE(test_roll_back_next),
	};

	return cmocka_run_group_tests_name("slots_odd", tests, NULL, NULL);
}

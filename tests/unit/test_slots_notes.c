/* links: base programs/launcher */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "slots_fixture.h"

/* What is kept beside the names: the note of the file that runs, and why a version was given up. */

static int64_t changed_ns(const char *file)
{
	char path[300];
	struct stat st;

	path_of(file, path);
	assert_int_equal(stat(path, &st), 0);
	return (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
}

/* ---- the note of the file that runs */

/* Its name changed, so its ctime did: it is still what was verified. */
static void test_note_follows_rename(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+2-1.raw");
	map("web_2_x86_64+2-1.raw", true);
	web->note.file_changed_ns = 1;
	assert_int_equal(slots_confirm(web, &err), 0);
	assert_int_equal(web->note.file_changed_ns, changed_ns("web_2_x86_64.raw"));
	assert_int_equal(stored, 1);
}

/* What happens to another file says nothing about the one that runs. */
static void test_note_of_another(void **state)
{
	(void)state;
	put("web_1_x86_64+0-2.raw");
	put("web_2_x86_64.raw");
	map("web_2_x86_64.raw", true);
	web->note.file_changed_ns = 1;
	/* Both are renamed, the second one runs. */
	assert_int_equal(slots_activate(web, "1", &err), 0);
	assert_int_equal(web->note.file_changed_ns, changed_ns("web_2_x86_64+0-0.raw"));
	assert_int_equal(stored, 1);
	web->note.file_changed_ns = 1;
	assert_int_equal(slots_refuse(web, &(struct image_file){.version = "1"}, &err), 0);
	assert_int_equal(web->note.file_changed_ns, 1);
	assert_int_equal(stored, 1);
}

/* Nothing is mapped: nothing was verified that a note could speak of. */
static void test_note_of_none(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+2-1.raw");
	map("web_2_x86_64+2-1.raw", false);
	web->admitted = false;
	web->note.file_changed_ns = 1;
	assert_int_equal(slots_roll_back(web, &err), 0);
	assert_int_equal(web->note.file_changed_ns, 1);
	assert_int_equal(stored, 0);
}

/* ---- on trial or not */

/* One that was set aside and runs again begins anew: three tries, and it may be given up. */
static void test_aside_is_tried(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+0-0.raw");
	put("web_3_x86_64.raw.bad");
	assert_int_equal(slots_refuse(web, &(struct image_file){.version = "1"}, &err), 0);
	expect("web_1_x86_64+0-1.raw web_2_x86_64+0-0.raw web_3_x86_64.raw.bad ");
	map("web_2_x86_64+0-0.raw", false);
	assert_int_equal(slots_begin_try(web, &err), 0);
	expect("web_1_x86_64+0-1.raw web_2_x86_64+2-1.raw web_3_x86_64.raw.bad ");
	assert_true(web->note.trial);
}

static void test_good_is_no_trial(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64.raw");
	map("web_2_x86_64.raw", false);
	assert_int_equal(slots_begin_try(web, &err), 0);
	assert_false(web->note.trial);
	assert_string_equal(calls, "");
}

static void test_confirmed_is_no_trial(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+2-1.raw");
	map("web_2_x86_64+2-1.raw", false);
	assert_int_equal(slots_begin_try(web, &err), 0);
	assert_true(web->note.trial);
	alive = true;
	assert_int_equal(slots_confirm(web, &err), 0);
	assert_false(web->note.trial);
	assert_int_equal(slots_give_up(web, "no", &err), -ENOENT);
	expect("web_1_x86_64.raw web_2_x86_64.raw ");
}

/* To activate what is confirmed does not put it on trial again. */
static void test_activate_good(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64.raw");
	map("web_2_x86_64.raw", true);
	assert_int_equal(slots_activate(web, "2", &err), 0);
	assert_string_equal(calls, "");
	assert_int_equal(renewed, 0); /* it runs already */
	assert_int_equal(slots_activate(web, "1", &err), 0);
	expect("web_1_x86_64.raw web_2_x86_64+0-0.raw ");
	assert_int_equal(renewed, 1);
	assert_int_equal(events[EVENT_IMAGE_ACTIVATED], 2);
}

/* ---- why a version was given up */

static void end_life(uint32_t generation, const char *why)
{
	web->ended = (struct ended){.generation = generation, .code = 1, .status = 42};
	(void)strcpy(web->ended.why, why);
}

static const struct rollback *on_record(void)
{
	return &launcher.rollbacks.of[2];
}

static void expect_record(const char *version, uint32_t generation, int32_t status, const char *why)
{
	assert_string_equal(on_record()->name, "web");
	assert_string_equal(on_record()->version, version);
	assert_int_equal(on_record()->generation, generation);
	assert_int_equal(on_record()->code, status ? 1 : 0);
	assert_int_equal(on_record()->status, status);
	assert_string_equal(on_record()->why, why);
}

static void test_life_on_record(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+2-1.raw");
	map("web_2_x86_64+2-1.raw", true);
	end_life(7, "it ended");
	assert_int_equal(slots_roll_back(web, &err), 0);
	expect_record("2", 7, 42, "an operator asked for it");
}

/* The life that ended was another version's: its end is not this one's. */
static void test_life_of_another(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+2-1.raw");
	map("web_1_x86_64.raw", false);
	end_life(7, "it ended");
	assert_int_equal(slots_roll_back(web, &err), 0);
	expect_record("2", 0, 0, "an operator asked for it");
}

static void test_never_lived(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+2-1.raw");
	map("web_2_x86_64+2-1.raw", true);
	end_life(0, "");
	assert_int_equal(slots_roll_back(web, &err), 0);
	expect_record("2", 0, 0, "an operator asked for it");
}

/* ---- what was bad before anyone could say why */

static void test_last_try_cut_short(void **state)
{
	(void)state;
	put("web_1_x86_64+0-2.raw");
	put("web_2_x86_64+0-3.raw");
	put("web_3_x86_64.raw.bad");
	put("web_0_x86_64.raw");
	map("web_0_x86_64.raw", false);
	end_life(7, "it ended");
	slots_note_bad(web);
	expect_record("2", 0, 0, "its last try was cut short: the device went down");
	assert_int_equal(events[EVENT_ROLLBACK], 1);
	slots_note_bad(web); /* known: not once more at each boot */
	assert_int_equal(events[EVENT_ROLLBACK], 1);
}

/* The name of the slot's last user is not this one's, the version may well be. */
static void test_known_of_another(void **state)
{
	struct rollback *known = &launcher.rollbacks.of[2];

	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+0-3.raw");
	(void)strcpy(known->name, "old");
	(void)strcpy(known->version, "2");
	slots_note_bad(web);
	expect_record("2", 0, 0, "its last try was cut short: the device went down");
	(void)strcpy(known->version, "1");
	slots_note_bad(web); /* another version of its own */
	assert_int_equal(events[EVENT_ROLLBACK], 2);
}

static void test_last_try_ended(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+0-3.raw");
	map("web_2_x86_64+0-3.raw", false);
	end_life(7, "it ended");
	slots_note_bad(web);
	expect_record("2", 7, 42, "it ended");
	launcher.rollbacks.of[2] = (struct rollback){0};
	end_life(7, "");
	slots_note_bad(web);
	expect_record("2", 7, 42, "its last try was cut short: the device went down");
}

static void test_nothing_is_bad(void **state)
{
	(void)state;
	put("web_1_x86_64+0-0.raw");
	put("web_2_x86_64+2-1.raw");
	put("web_3_x86_64.raw.bad");
	slots_note_bad(web);
	assert_string_equal(on_record()->version, "");
	assert_int_equal(events[EVENT_ROLLBACK], 0);
}

int main(void)
{
#define CASE(function_) cmocka_unit_test_setup_teardown(function_, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_note_follows_rename), CASE(test_note_of_another),
		CASE(test_note_of_none),        CASE(test_aside_is_tried),
		CASE(test_good_is_no_trial),    CASE(test_confirmed_is_no_trial),
		CASE(test_activate_good),       CASE(test_life_on_record),
		CASE(test_life_of_another),     CASE(test_never_lived),
		CASE(test_last_try_cut_short),  CASE(test_known_of_another),
		CASE(test_last_try_ended),      CASE(test_nothing_is_bad),
	};

	return cmocka_run_group_tests_name("slots_notes", tests, NULL, NULL);
}

/* links: base sys programs/launcher */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "purge_fixture.h"

/* A purge among links and with a disk that fails: nothing of somebody else's goes, and what did not
 * go is told. */

/* What a link must not lead to. */
static int setup_odd(void **state)
{
	int r = setup(state);

	put_directory("other");
	put_directory("other/web");
	put("other/web/password");
	put("other/web_1_x86_64.raw");
	return r;
}

static int teardown_odd(void **state)
{
	bool stays = has("other/web/password") && has("other/web_1_x86_64.raw");

	return teardown(state) || !stays;
}

static void expect_not_begun(int code)
{
	assert_int_equal(purge_begin("web", &err), -code);
	assert_true((!next || !next->armed) && !purge_is_of("web"));
}

/* ---- links */

static void test_images_link(void **state)
{
	(void)state;
	put_secrets();
	put_link("../other", "images/web.raw.v");
	expect_not_begun(ELOOP);
	assert_true(has("images/web.raw.v") && has("secrets/web/password"));
	assert_int_equal(unlinkat(launcher.state_fd, "images/web.raw.v", 0), 0);
	put_link("nowhere", "images/web.raw.v");
	expect_not_begun(ELOOP);
	assert_int_equal(unlinkat(launcher.state_fd, "images/web.raw.v", 0), 0);
	put("images/web.raw.v");
	expect_not_begun(ENOTDIR);
	assert_true(has("images/web.raw.v") && has("secrets/web/password"));
}

/* The link itself is what there is of the service, and goes; also one that leads nowhere. */
static void test_links_go(void **state)
{
	static const char *const links[] = {"secrets/web", "volumes/web", "volumes/.web"};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(links); i++) {
		const char *path = links[i / 2];

		put_link(i % 2 ? "nowhere" : "../other/web", path);
		assert_int_equal(purge_begin("web", &err), 0);
		(void)turn();
		assert_int_equal(ended_code, 0);
		assert_false(has(path));
	}
	assert_int_equal(ended, 2 * ARRAY_SIZE(links));
}

/* Not the state partition's own directory: what is behind it is not what volumes were made in. */
static void test_volumes_link(void **state)
{
	(void)state;
	*web->name = '\0';
	give_id("web");
	assert_int_equal(unlinkat(launcher.state_fd, "volumes", AT_REMOVEDIR), 0);
	put_link("other", "volumes");
	assert_int_equal(purge_begin("web", &err), 0);
	(void)turn();
	assert_int_equal(ended, 1);
	assert_int_equal(ended_code, ENOTDIR);
	assert_true(has_id("web"));
}

/* What cannot be looked at is not "there are none". */
static void test_secrets_link(void **state)
{
	(void)state;
	*web->name = '\0';
	give_id("web");
	assert_int_equal(unlinkat(launcher.state_fd, "secrets", AT_REMOVEDIR), 0);
	put_link("other", "secrets");
	assert_int_equal(purge_begin("web", &err), -ENOTDIR);
	assert_true(has_id("web"));
}

static void test_no_volumes(void **state)
{
	(void)state;
	*web->name = '\0';
	give_id("web");
	assert_int_equal(unlinkat(launcher.state_fd, "volumes", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(launcher.state_fd, "secrets", AT_REMOVEDIR), 0);
	assert_int_equal(purge_begin("web", &err), 0);
	(void)turn();
	assert_true(ended == 1 && !ended_code && !has_id("web"));
}

/* ---- a disk that fails */

static void expect_told(void)
{
	assert_int_equal(purge_begin("web", &err), 0);
	assert_true(turn() < 100);
	assert_int_equal(ended, 1);
	assert_int_equal(ended_code, EIO);
	assert_true(ids_has(&launcher.ids, "web")); /* something may still carry it */
	ended = 0;
}

static void test_stays(void **state)
{
	(void)state;
	put_images();
	put_secrets();
	stuck = "web_1_x86_64.raw";
	expect_not_begun(EIO);
	assert_true(has("secrets/web/password"));
	assert_int_equal(removed_images, 0);
	stuck = "password";
	expect_not_begun(EIO);
	assert_true(has("secrets/web/password") && !has("images/web.raw.v"));
}

static void test_volume_stays(void **state)
{
	(void)state;
	*web->name = '\0';
	give_id("web");
	put_volumes(1);
	stuck = "web";
	expect_told();
	assert_true(has("volumes/web/data/0"));
	stuck = "0";
	expect_told();
	assert_true(has("volumes/.web/data/0") || has("volumes/.web/0"));
	stuck = NULL;
	assert_int_equal(purge_begin("web", &err), 0);
	(void)turn();
	assert_true(ended_code == 0 && !has("volumes/.web") && !has_id("web"));
}

/* What another purge left goes first: if it cannot, what is whole stays so. */
static void test_left_over_stays(void **state)
{
	(void)state;
	*web->name = '\0';
	give_id("web");
	put_volumes(1);
	put_directory("volumes/.web");
	stuck = ".web";
	expect_told();
	assert_true(has("volumes/web/data/0"));
}

/* Gone is what stays gone after a power cut. */
static void test_not_on_disk(void **state)
{
	(void)state;
	*web->name = '\0';
	give_id("web");
	put_images();
	put_secrets();
	put_volumes(1);
	unsafe = "images";
	expect_not_begun(EIO);
	assert_int_equal(removed_images, 0);
	unsafe = "secrets";
	expect_not_begun(EIO);
	unsafe = "volumes";
	expect_told();
	unsafe = "."; /* the number is not free */
	expect_told();
}

int main(void)
{
#define CASE(function_) cmocka_unit_test_setup_teardown(function_, setup_odd, teardown_odd)
	const struct CMUnitTest tests[] = {
		CASE(test_images_link),  CASE(test_links_go),        CASE(test_volumes_link),
		CASE(test_secrets_link), CASE(test_no_volumes),      CASE(test_stays),
		CASE(test_volume_stays), CASE(test_left_over_stays), CASE(test_not_on_disk),
	};

	return cmocka_run_group_tests_name("purge_odd", tests, NULL, NULL);
}

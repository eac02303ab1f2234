/* links: base sys sandbox */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "sandbox/step.h"

/* The child's own proof of its profile, over a label of our making: it must not take the write for
 * the deed, nor the word of the label for what the kernel does. */
static char top[] = "/tmp/bartizan-label-XXXXXX";

static int prove_with(const char *label, struct err *err)
{
	struct plan plan = {.profile = "builtin", .label_fd = -1};
	char path[64];
	int r;

	memset(err, 0, sizeof(*err));
	str_join(path, sizeof(path), top, "/current", "");
	plan.label_fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(plan.label_fd >= 0);
	assert_int_equal(write(plan.label_fd, label, strlen(label)), (ssize_t)strlen(label));
	r = step_apparmor_prove(&plan, err);
	(void)close(plan.label_fd);
	return r;
}

static void test_label(void **state)
{
	static const char *const labels[] = {
		"",        "unconfined\n",        "changeprofile builtin",   "builtin (complain)\n",
		"builtin", "another (enforce)\n", "builtin (enforce) more\n"};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
		assert_int_equal(prove_with(labels[i], &err), -EPERM);
		assert_non_null(strstr(err.msg, "instead of builtin (enforce)"));
	}
}

/* This process has no profile that denies the sentinel. */
static void test_sentinel(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(prove_with("builtin (enforce)\n", &err), -EPERM);
	assert_non_null(strstr(err.msg, "can be opened"));
}

static void test_none(void **state)
{
	struct plan plan = {.label_fd = -1};
	struct err err = {0};

	(void)state;
	assert_int_equal(step_apparmor_prove(&plan, &err), 0);
}

static int make_place(void **state)
{
	(void)state;
	return mkdtemp(top) ? 0 : -1;
}

static int remove_place(void **state)
{
	char path[64];

	(void)state;
	str_join(path, sizeof(path), top, "/current", "");
	return unlink(path) || rmdir(top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_label),
		cmocka_unit_test(test_sentinel),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, make_place, remove_place);
}

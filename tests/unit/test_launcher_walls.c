/* links: base audit policy programs/launcher */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/capabilities.h"
#include "policy/check.h"
#include "programs/launcher/launcher.h"
#include "service_policy.h"
#include "sys/board.h"

/* What the board declares decides; the tests change it. */
static const char *lsms[] = {"yama", "apparmor", NULL};
const struct board board = {.landlock_abi = 2, .lsms = lsms};

static struct policy policy;
static struct err err;

static int set_up(void **state)
{
	(void)state;
	policy = *valid_policy("web");
	err = (struct err){0};
	lsms[1] = "apparmor";
	return 0;
}

static void test_landlock(void **state)
{
	(void)state;
	assert_int_equal(walls_check(&policy, &err), 0);
	policy.landlock = 2;
	assert_int_equal(walls_check(&policy, &err), 0);
	policy.landlock = 3;
	policy.lines[policy_row("landlock")] = 7;
	assert_int_equal(walls_check(&policy, &err), -ENOTSUP);
	assert_string_equal(err.msg, "service.ini:7: [service] landlock = 3: this board declares "
				     "ABI 2");
	assert_string_equal(err.hint, "leave it out: the service gets what the board declares");
}

static void test_apparmor(void **state)
{
	(void)state;
	assert_string_equal(walls_profile(&policy), "builtin");
	policy.caps = POLICY_CAPS_HELD;
	assert_string_equal(walls_profile(&policy), "builtin-net");
	memcpy(policy.apparmor, "own", 4);
	assert_string_equal(walls_profile(&policy), "own");
	assert_int_equal(walls_check(&policy, &err), 0);
	memcpy(policy.apparmor, "builtin", 8);
	assert_string_equal(walls_profile(&policy), "builtin-net");
}

/* Without AppArmor the default is none; what is named is refused, builtin too. */
static void test_no_apparmor(void **state)
{
	(void)state;
	lsms[1] = NULL;
	assert_null(walls_profile(&policy));
	assert_int_equal(walls_check(&policy, &err), 0);
	memcpy(policy.apparmor, "builtin", 8);
	policy.lines[policy_row("apparmor")] = 4;
	assert_int_equal(walls_check(&policy, &err), -ENOTSUP);
	assert_string_equal(err.msg, "service.ini:4: [service] apparmor = builtin: this board "
				     "declares no AppArmor");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_landlock, set_up),
		cmocka_unit_test_setup(test_apparmor, set_up),
		cmocka_unit_test_setup(test_no_apparmor, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* links: base audit policy seccomp seccomp */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <linux/seccomp.h>

#include "base/str.h"
#include "seccomp/interpreter.h"
#include "seccomp/neverlist.h"
#include "seccomp/profile.h"
#include "seccomp/quiet.h"

/* What a service that is recorded runs under: logged is what builtin:moby allows, refused what it
 * refuses. */
#define ALLOW        SECCOMP_RET_ALLOW
#define LOG          SECCOMP_RET_LOG
#define ANSWER(code) (SECCOMP_RET_ERRNO | (code))

static struct seccomp_filter filter;

static void build(enum policy_arch arch, bool mdwe, const struct seccomp_profile *profile)
{
	const struct seccomp_values values = {.exec_fd = 4096, .mdwe = mdwe};
	struct err err = {0};

	assert_int_equal(seccomp_profile_build(profile, &values, arch, &filter, &err), 0);
}

static uint32_t ask(int number, uint64_t first, uint64_t third)
{
	struct seccomp_data data = {.nr = number,
				    .arch = seccomp_audit_arch((enum policy_arch)filter.arch),
				    .args = {first, 0, third}};
	uint32_t action = 0;

	assert_int_equal(seccomp_run(filter.code, filter.count, &data, &action), 0);
	return action;
}

static uint32_t ask_name(const char *name, uint64_t first, uint64_t third)
{
	return ask(seccomp_number(name, (enum policy_arch)filter.arch), first, third);
}

static void test_answers(void **state)
{
	(void)state;
	for (int arch = 0; arch < ARCH_COUNT; arch++) {
		build((enum policy_arch)arch, true, &seccomp_recording);
		assert_int_equal(ask_name("read", 0, 0), ALLOW);
		assert_int_equal(ask_name("openat", 0, 0), LOG);
		assert_int_equal(ask_name("socket", 2, 0), LOG);
		assert_int_equal(ask_name("socket", 38, 0), ANSWER(EPERM)); /* AF_ALG */
		assert_int_equal(ask_name("clone", 0x100, 0), LOG);
		assert_int_equal(ask_name("clone", 0x10000000, 0), ANSWER(EPERM));
		assert_int_equal(ask_name("clone3", 0, 0), ANSWER(ENOSYS));
		assert_int_equal(ask_name("unshare", 0, 0), ANSWER(EPERM));
		assert_int_equal(ask_name("ptrace", 0, 0), ANSWER(EPERM));
		assert_int_equal(ask_name("mprotect", 0, 4), ANSWER(EACCES));
		build((enum policy_arch)arch, false, &seccomp_recording);
		assert_int_equal(ask_name("mprotect", 0, 4), ALLOW);
	}
}

/* Nothing passes that builtin:moby does not let pass, and what it lets pass is made. */
static void test_as_moby(void **state)
{
	static uint32_t moby[SECCOMP_NEWEST + 3];

	(void)state;
	for (int arch = 0; arch < ARCH_COUNT; arch++) {
		build((enum policy_arch)arch, true, &seccomp_moby);
		for (int number = 0; number <= SECCOMP_NEWEST + 2; number++)
			moby[number] = ask(number, 1, 1);
		build((enum policy_arch)arch, true, &seccomp_recording);
		for (int number = 0; number <= SECCOMP_NEWEST + 2; number++) {
			uint32_t answer = ask(number, 1, 1);

			assert_int_equal(answer == LOG ? ALLOW : answer, moby[number]);
		}
	}
}

/* A name that no list allows would be in every profile and in no filter. */
static void test_quiet(void **state)
{
	(void)state;
	build(ARCH_ARMV7, true, &seccomp_recording);
	for (const char *const *name = seccomp_quiet; *name; name++) {
		int number = seccomp_number(*name, ARCH_ARMV7);

		assert_int_not_equal(number, -EINVAL);
		if (number >= 0 && number <= SECCOMP_NEWEST)
			assert_int_equal(ask(number, 0, 0), ALLOW);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_as_moby),
		cmocka_unit_test(test_quiet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* links: base audit policy seccomp seccomp */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include "base/str.h"
#include "seccomp/filter.h"
#include "seccomp/neverlist.h"

#define LOAD(k)           BPF_STMT(BPF_LD | BPF_W | BPF_ABS, k)
#define RETURN(k)         BPF_STMT(BPF_RET | BPF_K, k)
#define JUMP(op, k, t, f) BPF_JUMP(BPF_JMP | (op) | BPF_K, k, t, f)
#define ALLOW             SECCOMP_RET_ALLOW
#define DENY              (SECCOMP_RET_ERRNO | 1)
#define KILL              SECCOMP_RET_KILL_PROCESS

static struct err err;
static const uint32_t scmp_arches[ARCH_COUNT] = {SCMP_ARCH_X86_64, SCMP_ARCH_AARCH64, SCMP_ARCH_ARM,
						 SCMP_ARCH_RISCV64};

static int check(const struct sock_filter *code, size_t count, enum policy_arch arch)
{
	return seccomp_check_never(code, count, arch, &err);
}

/* The smallest honest filter: own architecture, one number (getpid) allowed. */
static size_t honest(struct sock_filter *code, enum policy_arch arch, uint32_t number)
{
	struct sock_filter all[] = {
		LOAD(4),
		JUMP(BPF_JEQ, seccomp_audit_arch(arch), 1, 0),
		RETURN(KILL),
		LOAD(0),
		JUMP(BPF_JEQ, number, 0, 1),
		RETURN(ALLOW),
		RETURN(DENY),
	};

	memcpy(code, all, sizeof(all));
	return ARRAY_SIZE(all);
}

static void test_numbers_are_the_kernels(void **state)
{
	(void)state;
	for (size_t i = 0; i < seccomp_never_count; i++)
		for (int arch = 0; arch < ARCH_COUNT; arch++) {
			int number = seccomp_syscall_resolve_name_arch(scmp_arches[arch],
								       seccomp_nevers[i].name);

			if (number == __NR_SCMP_ERROR) /* younger than libseccomp */
				assert_string_equal(seccomp_nevers[i].name, "open_tree_attr");
			else if (seccomp_nevers[i].number[arch] != (number < 0 ? -1 : number))
				fail_msg("%s on %d: %d, not %d", seccomp_nevers[i].name, arch,
					 seccomp_nevers[i].number[arch], number);
		}
}

static void test_honest_filter_passes(void **state)
{
	struct sock_filter code[8];

	(void)state;
	for (int arch = 0; arch < ARCH_COUNT; arch++) {
		size_t n = honest(code, (enum policy_arch)arch, 1);

		assert_int_equal(check(code, n, (enum policy_arch)arch), 0);
	}
}

static void test_each_call_is_refused(void **state)
{
	struct sock_filter code[8];

	(void)state;
	for (size_t i = 0; i < seccomp_never_count; i++)
		for (int arch = 0; arch < ARCH_COUNT; arch++) {
			int number = seccomp_nevers[i].number[arch];
			size_t n;

			if (number < 0)
				continue;
			n = honest(code, (enum policy_arch)arch, (uint32_t)number);
			assert_int_equal(check(code, n, (enum policy_arch)arch), -EPERM);
			assert_non_null(strstr(err.msg, seccomp_nevers[i].name));
		}
}

/* The call passes for one value of one argument only, far from any that a test would try. */
static void test_hidden_argument_is_found(void **state)
{
	struct sock_filter code[] = {
		LOAD(4),
		JUMP(BPF_JEQ, AUDIT_ARCH_AARCH64, 1, 0),
		RETURN(KILL),
		LOAD(0),
		JUMP(BPF_JEQ, 117, 0, 3), /* ptrace */
		LOAD(52),
		JUMP(BPF_JEQ, 0x5eed5eed, 0, 1),
		RETURN(ALLOW),
		RETURN(DENY),
	};

	(void)state;
	assert_int_equal(check(code, ARRAY_SIZE(code), ARCH_AARCH64), -EPERM);
	code[7].k = DENY;
	assert_int_equal(check(code, ARRAY_SIZE(code), ARCH_AARCH64), 0);
}

static void test_actions_other_than_allow(void **state)
{
	static const uint32_t actions[] = {SECCOMP_RET_LOG, SECCOMP_RET_TRACE,
					   SECCOMP_RET_USER_NOTIF};
	struct sock_filter code[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		size_t n = honest(code, ARCH_X86_64, 101);

		code[5].k = actions[i];
		assert_int_equal(check(code, n, ARCH_X86_64), -EPERM);
	}
}

static void test_foreign_architectures(void **state)
{
	struct sock_filter code[8];
	size_t n = honest(code, ARCH_X86_64, 39);

	(void)state;
	/* A filter for one architecture on another: its numbers mean other calls. */
	assert_int_equal(check(code, n, ARCH_AARCH64), -EPERM);
	/* "anything but i386" leaves the rest open */
	code[1] = (struct sock_filter)JUMP(BPF_JEQ, AUDIT_ARCH_I386, 0, 1);
	assert_int_equal(check(code, n, ARCH_X86_64), -EPERM);
	assert_non_null(strstr(err.msg, "foreign"));
}

static void test_x32(void **state)
{
	struct sock_filter code[] = {
		LOAD(4),      JUMP(BPF_JEQ, AUDIT_ARCH_X86_64, 1, 0), RETURN(KILL),
		LOAD(0),      JUMP(BPF_JEQ, 0x40000000u | 521, 0, 1), RETURN(ALLOW),
		RETURN(DENY),
	};

	(void)state;
	assert_int_equal(check(code, ARRAY_SIZE(code), ARCH_X86_64), -EPERM);
	assert_non_null(strstr(err.msg, "x32"));
}

static void test_clone_with_namespaces(void **state)
{
	static const uint32_t masks[] = {0x7e020000, 0x6e020000, 0x7c020000,
					 0x7e000000, 0x3e020000, 0};
	struct sock_filter code[] = {
		LOAD(4),
		JUMP(BPF_JEQ, AUDIT_ARCH_X86_64, 1, 0),
		RETURN(KILL),
		LOAD(0),
		JUMP(BPF_JEQ, 56, 0, 4),
		LOAD(16),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0),
		JUMP(BPF_JEQ, 0, 0, 1),
		RETURN(ALLOW),
		RETURN(DENY),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		code[6].k = masks[i];
		assert_int_equal(check(code, ARRAY_SIZE(code), ARCH_X86_64), i ? -EPERM : 0);
	}
}

static void test_malformed_program(void **state)
{
	struct sock_filter code[8];
	size_t n = honest(code, ARCH_X86_64, 39);

	(void)state;
	assert_int_equal(check(code, n - 2, ARCH_X86_64), -EBADMSG);
	assert_int_equal(check(code, 0, ARCH_X86_64), -EBADMSG);
	assert_int_equal(check(code, n, ARCH_COUNT), -EBADMSG);
	code[0].code = BPF_RET | BPF_A;
	assert_int_equal(check(code, n, ARCH_X86_64), -EBADMSG);
}

static void test_filter_head(void **state)
{
	static struct seccomp_filter filter;
	static struct seccomp_filter bad;

	(void)state;
	filter.magic = SECCOMP_FILTER_MAGIC;
	filter.size = sizeof(filter);
	filter.arch = ARCH_X86_64;
	filter.count = (uint32_t)honest(filter.code, ARCH_X86_64, 39);
	assert_int_equal(seccomp_filter_validate(&filter, ARCH_X86_64, &err), 0);
	assert_int_equal(seccomp_filter_validate(&filter, ARCH_AARCH64, &err), -EBADMSG);
#define BAD(change)                                                                                \
	bad = filter;                                                                              \
	bad.change;                                                                                \
	assert_int_equal(seccomp_filter_validate(&bad, ARCH_X86_64, &err), -EBADMSG)
	BAD(magic ^= 1);
	BAD(size -= 1);
	BAD(arch = ARCH_ARMV7);
	BAD(count = 0);
	BAD(count = SECCOMP_FILTER_MAX + 1);
	BAD(count = UINT32_MAX);
	BAD(code[SECCOMP_FILTER_MAX - 1].k = 1);
	bad = filter;
	bad.code[4].k = 101; /* ptrace */
	assert_int_equal(seccomp_filter_validate(&bad, ARCH_X86_64, &err), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_are_the_kernels),
		cmocka_unit_test(test_honest_filter_passes),
		cmocka_unit_test(test_each_call_is_refused),
		cmocka_unit_test(test_hidden_argument_is_found),
		cmocka_unit_test(test_actions_other_than_allow),
		cmocka_unit_test(test_foreign_architectures),
		cmocka_unit_test(test_x32),
		cmocka_unit_test(test_clone_with_namespaces),
		cmocka_unit_test(test_malformed_program),
		cmocka_unit_test(test_filter_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

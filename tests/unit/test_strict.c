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

#include "base/str.h"
#include "seccomp/build.h"
#include "seccomp/interpreter.h"
#include "seccomp/neverlist.h"
#include "seccomp/profile.h"

#define ALLOW        SECCOMP_RET_ALLOW
#define ANSWER(code) (SECCOMP_RET_ERRNO | (code))
#define E            4096

static struct err err;
static struct seccomp_filter filters[ARCH_COUNT];     /* mdwe = yes */
static struct seccomp_filter jit_filters[ARCH_COUNT]; /* mdwe = no */

static int setup(void **state)
{
	static struct policy policy;

	(void)state;
	policy.seccomp = SECCOMP_STRICT;
	policy.rlimits[7].hard = E;
	for (int arch = 0; arch < ARCH_COUNT; arch++) {
		policy.mdwe = true;
		if (seccomp_build(&policy, NULL, (enum policy_arch)arch, &filters[arch], &err))
			return -1;
		policy.mdwe = false;
		if (seccomp_build(&policy, NULL, (enum policy_arch)arch, &jit_filters[arch], &err))
			return -1;
	}
	return 0;
}

static uint32_t answer(const struct seccomp_filter *filter, const struct seccomp_data *data)
{
	uint32_t action;

	assert_int_equal(seccomp_run(filter->code, filter->count, data, &action), 0);
	return action;
}

static uint32_t ask(const struct seccomp_filter *filter, const char *name, uint64_t a, uint64_t b,
		    uint64_t c)
{
	enum policy_arch arch = (enum policy_arch)filter->arch;
	struct seccomp_data data = {.nr = seccomp_number(name, arch),
				    .arch = seccomp_audit_arch(arch),
				    .args = {a, b, c}};

	assert_true(data.nr >= 0);
	return answer(filter, &data);
}

static void test_never_list(void **state)
{
	(void)state;
	for (size_t i = 0; i < seccomp_never_count; i++)
		for (int arch = 0; arch < ARCH_COUNT; arch++) {
			struct seccomp_data data = {
				.nr = seccomp_nevers[i].number[arch],
				.arch = seccomp_audit_arch((enum policy_arch)arch)};

			if (data.nr < 0)
				continue;
			assert_int_not_equal(answer(&filters[arch], &data), ALLOW);
			memset(data.args, 0xff, sizeof(data.args));
			assert_int_not_equal(answer(&jit_filters[arch], &data), ALLOW);
		}
}

/* What C libraries, Python and Go need to start, on every architecture. */
/* clang-format off */
static const char *const usual_calls[] = {
	"read", "write", "writev", "openat", "close", "statx", "lseek", "munmap", "brk",
	"rt_sigaction", "rt_sigprocmask", "ioctl", "pread64", "sched_yield", "mremap", "madvise",
	"dup", "dup3", "nanosleep", "getpid", "connect", "accept4", "sendto", "recvfrom",
	"sendmsg", "recvmsg", "bind", "listen", "getsockname", "setsockopt", "execve", "exit",
	"exit_group", "wait4", "kill", "uname", "fcntl", "fsync", "ftruncate", "getcwd",
	"mkdirat", "unlinkat", "renameat2", "sigaltstack", "prctl", "gettid", "futex",
	"set_tid_address", "clock_gettime", "clock_nanosleep", "tgkill", "epoll_create1",
	"epoll_ctl", "epoll_pwait", "pipe2", "eventfd2", "timerfd_create", "prlimit64",
	"getrandom", "set_robust_list", "rseq", "getdents64", "sysinfo", "faccessat2",
	"memfd_create", "close_range", "pidfd_open", "readlinkat", "rt_sigreturn",
	"restart_syscall",
};
/* clang-format on */

static void test_usual_calls(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(usual_calls); i++)
		for (int arch = 0; arch < ARCH_COUNT; arch++)
			if (ask(&filters[arch], usual_calls[i], 0, 0, 0) != ALLOW)
				fail_msg("%s is refused on %d", usual_calls[i], arch);
}

static void test_calls_of_one_architecture(void **state)
{
	(void)state;
	assert_int_equal(ask(&filters[ARCH_X86_64], "arch_prctl", 0, 0, 0), ALLOW);
	assert_int_equal(ask(&filters[ARCH_X86_64], "open", 0, 0, 0), ALLOW);
	assert_int_equal(ask(&filters[ARCH_ARMV7], "set_tls", 0, 0, 0), ALLOW);
	assert_int_equal(ask(&filters[ARCH_ARMV7], "cacheflush", 0, 0, 0), ALLOW);
	assert_int_equal(ask(&filters[ARCH_ARMV7], "clock_gettime64", 0, 0, 0), ALLOW);
	assert_int_equal(ask(&filters[ARCH_ARMV7], "_llseek", 0, 0, 0), ALLOW);
	assert_int_equal(ask(&filters[ARCH_ARMV7], "futex_time64", 0, 0, 0), ALLOW);
	assert_int_equal(ask(&filters[ARCH_RISCV64], "riscv_flush_icache", 0, 0, 0), ALLOW);
}

static void test_refused_calls(void **state)
{
	static const char *const calls[] = {"name_to_handle_at", "memfd_secret", "adjtimex",
					    "io_submit",         "io_setup",     "ioprio_set",
					    "get_mempolicy",     "setxattr",     "sync",
					    "vhangup",           "move_pages"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		for (int arch = 0; arch < ARCH_COUNT; arch++)
			if (seccomp_number(calls[i], (enum policy_arch)arch) >= 0)
				assert_int_equal(ask(&filters[arch], calls[i], 0, 0, 0),
						 ANSWER(EPERM));
}

static void test_newer_calls(void **state)
{
	(void)state;
	for (int arch = 0; arch < ARCH_COUNT; arch++) {
		struct seccomp_data data = {.nr = SECCOMP_NEWEST + 1,
					    .arch = seccomp_audit_arch((enum policy_arch)arch)};

		assert_int_equal(answer(&filters[arch], &data), ANSWER(ENOSYS));
		data.nr = 100000;
		assert_int_equal(answer(&filters[arch], &data), ANSWER(ENOSYS));
		assert_int_equal(ask(&filters[arch], "clone3", 0, 0, 0), ANSWER(ENOSYS));
	}
}

static void test_foreign_calls_kill(void **state)
{
	static const uint32_t arches[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64,
					  AUDIT_ARCH_ARM, AUDIT_ARCH_RISCV64};

	(void)state;
	for (int arch = 0; arch < ARCH_COUNT; arch++)
		for (size_t i = 0; i < ARRAY_SIZE(arches); i++) {
			struct seccomp_data data = {.nr = 1, .arch = arches[i]};

			if (arches[i] != seccomp_audit_arch((enum policy_arch)arch))
				assert_int_equal(answer(&filters[arch], &data),
						 SECCOMP_RET_KILL_PROCESS);
		}
}

static void test_x32_kills(void **state)
{
	struct seccomp_data data = {.arch = AUDIT_ARCH_X86_64};

	(void)state;
	for (data.nr = 0x40000000; data.nr < 0x40000300; data.nr++)
		assert_int_equal(answer(&filters[ARCH_X86_64], &data), SECCOMP_RET_KILL_PROCESS);
	data.nr = -1;
	assert_int_equal(answer(&filters[ARCH_X86_64], &data), ANSWER(ENOSYS));
}

static void test_sockets(void **state)
{
	(void)state;
	for (int arch = 0; arch < ARCH_COUNT; arch++) {
		const struct seccomp_filter *f = &filters[arch];

		for (uint64_t family = 0; family < 64; family++) {
			bool listed = family == 1 || family == 2 || family == 10;

			assert_int_equal(ask(f, "socket", family, 1, 0),
					 listed || family == 16 ? ALLOW : ANSWER(EPERM));
			assert_int_equal(ask(f, "socketpair", family, 1, 0),
					 family == 1 ? ALLOW : ANSWER(EPERM));
		}
		assert_int_equal(ask(f, "socket", 16, 3, 9), ANSWER(EPERM)); /* NETLINK_AUDIT */
		assert_int_equal(ask(f, "socket", 16, 3, 12),
				 ANSWER(EPERM)); /* NETLINK_NETFILTER */
	}
}

static void test_clone(void **state)
{
	static const uint64_t thread = 0x3d0f00; /* what pthread_create asks for */

	(void)state;
	for (int arch = 0; arch < ARCH_COUNT; arch++) {
		const struct seccomp_filter *f = &filters[arch];

		assert_int_equal(ask(f, "clone", thread, 0, 0), ALLOW);
		assert_int_equal(ask(f, "clone", 17, 0, 0), ALLOW);
		for (unsigned int bit = 0; bit < 32; bit++) {
			bool bad = (0x7e028000u >> bit) & 1;

			assert_int_equal(ask(f, "clone", 17 | 1ULL << bit, 0, 0),
					 bad ? ANSWER(EPERM) : ALLOW);
		}
	}
}

static void test_mdwe(void **state)
{
	static const char *const protects[] = {"mprotect", "pkey_mprotect"};

	(void)state;
	for (int arch = 0; arch < ARCH_COUNT; arch++) {
		const char *map = arch == ARCH_ARMV7 ? "mmap2" : "mmap";

		for (uint64_t prot = 0; prot < 16; prot++) {
			bool both = (prot & 6) == 6;

			assert_int_equal(ask(&filters[arch], map, 0, 4096, prot),
					 both ? ANSWER(EACCES) : ALLOW);
			assert_int_equal(ask(&jit_filters[arch], map, 0, 4096, prot), ALLOW);
			for (size_t i = 0; i < ARRAY_SIZE(protects); i++) {
				assert_int_equal(ask(&filters[arch], protects[i], 0, 4096, prot),
						 prot & 4 ? ANSWER(EACCES) : ALLOW);
				assert_int_equal(
					ask(&jit_filters[arch], protects[i], 0, 4096, prot), ALLOW);
			}
		}
		assert_int_equal(ask(&filters[arch], "shmat", 1, 0, 0100000), ANSWER(EPERM));
		assert_int_equal(ask(&filters[arch], "shmat", 1, 0, 010000), ALLOW);
		assert_int_equal(ask(&jit_filters[arch], "shmat", 1, 0, 0100000), ALLOW);
	}
}

static void test_ioctl(void **state)
{
	static const uint64_t upper[] = {0, 0x100000000ULL, 0xffffffff00000000ULL};

	(void)state;
	for (int arch = 0; arch < ARCH_COUNT; arch++)
		for (size_t i = 0; i < ARRAY_SIZE(upper); i++) {
			const struct seccomp_filter *f = &filters[arch];

			assert_int_equal(ask(f, "ioctl", 0, upper[i] | 0x5412, 0), ANSWER(EPERM));
			assert_int_equal(ask(f, "ioctl", 0, upper[i] | 0x541c, 0), ANSWER(EPERM));
			assert_int_equal(ask(f, "ioctl", 0, upper[i] | 0x5423, 0), ANSWER(EPERM));
			assert_int_equal(ask(f, "ioctl", 0, upper[i] | 0x5413, 0), ALLOW);
			assert_int_equal(ask(f, "ioctl", 0, upper[i] | 0x541b, 0), ALLOW);
		}
}

static void test_personality(void **state)
{
	(void)state;
	for (int arch = 0; arch < ARCH_COUNT; arch++) {
		assert_int_equal(ask(&filters[arch], "personality", 0, 0, 0), ALLOW);
		assert_int_equal(ask(&filters[arch], "personality", 0xffffffff, 0, 0), ALLOW);
		assert_int_equal(ask(&filters[arch], "personality", 0x0400000, 0, 0),
				 ANSWER(EPERM));
		assert_int_equal(ask(&filters[arch], "personality", 0x0040000, 0, 0),
				 ANSWER(EPERM));
	}
}

static void test_mknod(void **state)
{
	(void)state;
	for (int arch = 0; arch < ARCH_COUNT; arch++) {
		assert_int_equal(ask(&filters[arch], "mknodat", 0, 0, 0010600), ALLOW);
		assert_int_equal(ask(&filters[arch], "mknodat", 0, 0, 0060600), ANSWER(EPERM));
		assert_int_equal(ask(&filters[arch], "mknodat", 0, 0, 0020600), ANSWER(EPERM));
	}
}

static void test_execveat(void **state)
{
	(void)state;
	for (int arch = 0; arch < ARCH_COUNT; arch++) {
		struct seccomp_data data = {
			.nr = seccomp_number("execveat", (enum policy_arch)arch),
			.arch = seccomp_audit_arch((enum policy_arch)arch),
			.args = {E, 0, 0, 0, 0x1000}};

		assert_int_equal(answer(&filters[arch], &data), ALLOW);
		data.args[0] = E + 1;
		assert_int_equal(answer(&filters[arch], &data), ANSWER(EPERM));
		data.args[0] = (uint64_t)-100; /* AT_FDCWD */
		assert_int_equal(answer(&filters[arch], &data), ANSWER(EPERM));
		data.args[0] = E;
		data.args[4] = 0x1100; /* AT_SYMLINK_NOFOLLOW too */
		assert_int_equal(answer(&filters[arch], &data), ANSWER(EPERM));
		data.args[4] = 0;
		assert_int_equal(answer(&filters[arch], &data), ANSWER(EPERM));
		assert_int_equal(ask(&filters[arch], "read", E + 1, 0, 0), ALLOW);
	}
}

static void test_refusals(void **state)
{
	static struct policy policy;
	static struct seccomp_filter filter;

	(void)state;
	policy.rlimits[7].hard = 1024;
	policy.seccomp = SECCOMP_COUNT;
	assert_int_equal(seccomp_build(&policy, NULL, ARCH_X86_64, &filter, &err), -ENOTSUP);
	policy.seccomp = SECCOMP_FILE;
	assert_int_equal(seccomp_build(&policy, NULL, ARCH_X86_64, &filter, &err), -ENOTSUP);
	policy.seccomp = SECCOMP_STRICT;
	assert_int_equal(seccomp_build(&policy, NULL, ARCH_COUNT, &filter, &err), -EINVAL);
	policy.rlimits[7].hard = 2;
	assert_int_equal(seccomp_build(&policy, NULL, ARCH_X86_64, &filter, &err), -EINVAL);
	policy.rlimits[7].hard = UINT64_MAX;
	assert_int_equal(seccomp_build(&policy, NULL, ARCH_X86_64, &filter, &err), -EINVAL);
}

static void test_profile_mistakes(void **state)
{
	static const char *const typo[] = {"raed", NULL};
	static const char *const traced[] = {"read", "ptrace", NULL};
	static const char *const twice[] = {"socket", NULL};
	static const struct seccomp_rule rules[] = {{.name = "socket", .refuse = EACCES},
						    {.name = NULL}};
	static const struct seccomp_profile profiles[] = {
		{.name = "typo", .allow = {typo}},
		{.name = "traced", .allow = {traced}},
		{.name = "twice", .allow = {twice}, .rules = {rules}},
	};
	static const int results[] = {-EINVAL, -EPERM, -EINVAL};
	static const struct seccomp_values values = {.exec_fd = 100, .mdwe = true};
	static struct seccomp_filter filter;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++)
		assert_int_equal(
			seccomp_profile_build(&profiles[i], &values, ARCH_X86_64, &filter, &err),
			results[i]);
}

static bool is_refused(const struct seccomp_filter *changed)
{
	static const struct seccomp_values values = {.exec_fd = E, .mdwe = true};

	return seccomp_profile_prove(&seccomp_strict, &values, (enum policy_arch)changed->arch,
				     changed, &err) != 0;
}

/* The proof must notice a filter that is not what the tables say: change each instruction in turn.
 */
static void test_proof_notices_changes(void **state)
{
	static struct seccomp_filter changed;
	unsigned int missed = 0;

	(void)state;
	assert_false(is_refused(&filters[ARCH_X86_64]));
	for (uint32_t i = 0; i < filters[ARCH_X86_64].count; i++) {
		struct sock_filter *at = &changed.code[i];

		changed = filters[ARCH_X86_64];
		if (at->code == (BPF_RET | BPF_K))
			at->k = at->k == ALLOW ? ANSWER(EPERM) : ALLOW;
		else if (BPF_CLASS(at->code) == BPF_JMP && at->jt != at->jf)
			at->jt = at->jf;
		else
			continue;
		if (!is_refused(&changed))
			missed++;
	}
	/* libseccomp repeats the checks of our prefix (architecture, x32): changes there change
	 * nothing. */
	assert_true(missed <= 4);
}

/* No helper may do what the never-list says, nor signal, connect or exec anything but itself. */
static void test_helpers(void **state)
{
	static const char *const calls[] = {
		"kill", "pidfd_getfd",     "process_vm_writev", "execve",
		"fork", "rt_sigqueueinfo", "pidfd_send_signal", "tgkill"};
	static const struct seccomp_values values = {.exec_fd = 62, .mdwe = true};
	static struct seccomp_filter filter;

	(void)state;
	for (size_t h = 0; h < seccomp_helper_count; h++)
		for (int arch = 0; arch < ARCH_COUNT; arch++) {
			bool console = str_equal(seccomp_helpers[h].name, "console");

			assert_int_equal(seccomp_profile_build(&seccomp_helpers[h], &values,
							       (enum policy_arch)arch, &filter,
							       &err),
					 0);
			for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
				if (seccomp_number(calls[i], (enum policy_arch)arch) >= 0)
					assert_int_not_equal(ask(&filter, calls[i], 0, 0, 0),
							     ALLOW);
			assert_int_equal(ask(&filter, "socket", 2, 1, 0), ANSWER(EPERM));
			assert_int_equal(ask(&filter, "connect", 0, 0, 0),
					 console ? ALLOW : ANSWER(EPERM));
			assert_int_equal(ask(&filter, "prctl", 4, 1, 0),
					 ANSWER(EPERM)); /* dumpable again */
			assert_int_equal(ask(&filter, "prctl", 4, 0, 0), ALLOW);
			assert_int_equal(ask(&filter, "exit_group", 0, 0, 0), ALLOW);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never_list),
		cmocka_unit_test(test_usual_calls),
		cmocka_unit_test(test_calls_of_one_architecture),
		cmocka_unit_test(test_refused_calls),
		cmocka_unit_test(test_newer_calls),
		cmocka_unit_test(test_foreign_calls_kill),
		cmocka_unit_test(test_x32_kills),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_clone),
		cmocka_unit_test(test_mdwe),
		cmocka_unit_test(test_ioctl),
		cmocka_unit_test(test_personality),
		cmocka_unit_test(test_mknod),
		cmocka_unit_test(test_execveat),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_profile_mistakes),
		cmocka_unit_test(test_proof_notices_changes),
		cmocka_unit_test(test_helpers),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}

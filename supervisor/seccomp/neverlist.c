#include "seccomp/neverlist.h"

#include <errno.h>
#include <linux/audit.h>

#include "base/str.h"
#include "seccomp/interpreter.h"

/*
 * Numbers of the kernel's asm/unistd.h, written out here so that this check shares no table with
 * libseccomp, which made the filter. x86_64, aarch64, armv7 (EABI), riscv64.
 */
/* clang-format off */
const struct seccomp_never seccomp_nevers[] = {
	/* mounts: the sandbox is made of them */
	{"mount", {165, 40, 21, 40}},
	{"umount2", {166, 39, 52, 39}},
	{"pivot_root", {155, 41, 218, 41}},
	{"chroot", {161, 51, 61, 51}},
	{"open_tree", {428, 428, 428, 428}},
	{"move_mount", {429, 429, 429, 429}},
	{"fsopen", {430, 430, 430, 430}},
	{"fsconfig", {431, 431, 431, 431}},
	{"fsmount", {432, 432, 432, 432}},
	{"fspick", {433, 433, 433, 433}},
	{"mount_setattr", {442, 442, 442, 442}},
	{"open_tree_attr", {467, 467, 467, 467}},
	/* namespaces; clone(2) with CLONE_NEW* is looked at below */
	{"setns", {308, 268, 375, 268}},
	{"unshare", {272, 97, 337, 97}},
	{"clone3", {435, 435, 435, 435}},
	{"sethostname", {170, 161, 74, 161}},
	{"setdomainname", {171, 162, 121, 162}},
	/* other processes */
	{"ptrace", {101, 117, 26, 117}},
	{"process_vm_readv", {310, 270, 376, 270}},
	{"process_vm_writev", {311, 271, 377, 271}},
	{"process_madvise", {440, 440, 440, 440}},
	{"pidfd_getfd", {438, 438, 438, 438}},
	{"kcmp", {312, 272, 378, 272}},
	/* code in the kernel, and what has broken it most often */
	{"bpf", {321, 280, 386, 280}},
	{"init_module", {175, 105, 128, 105}},
	{"finit_module", {313, 273, 379, 273}},
	{"delete_module", {176, 106, 129, 106}},
	{"create_module", {174, -1, -1, -1}},
	{"kexec_load", {246, 104, 347, 104}},
	{"kexec_file_load", {320, 294, 401, 294}},
	{"perf_event_open", {298, 241, 364, 241}},
	{"userfaultfd", {323, 282, 388, 282}},
	{"io_uring_setup", {425, 425, 425, 425}},
	{"io_uring_enter", {426, 426, 426, 426}},
	{"io_uring_register", {427, 427, 427, 427}},
	{"keyctl", {250, 219, 311, 219}},
	{"add_key", {248, 217, 309, 217}},
	{"request_key", {249, 218, 310, 218}},
	/* files without a path, watches over everybody's files */
	{"open_by_handle_at", {304, 265, 371, 265}},
	{"fanotify_init", {300, 262, 367, 262}},
	{"lookup_dcookie", {212, 18, 249, 18}},
	/* the machine */
	{"reboot", {169, 142, 88, 142}},
	{"swapon", {167, 224, 87, 224}},
	{"swapoff", {168, 225, 115, 225}},
	{"acct", {163, 89, 51, 89}},
	{"quotactl", {179, 60, 131, 60}},
	{"quotactl_fd", {443, 443, 443, 443}},
	{"iopl", {172, -1, -1, -1}},
	{"ioperm", {173, -1, -1, -1}},
	{"pciconfig_write", {-1, -1, 273, -1}},
	{"settimeofday", {164, 170, 79, 170}},
	{"clock_settime", {227, 112, 262, 112}},
	{"clock_settime64", {-1, -1, 404, -1}},
	{"syslog", {103, 116, 103, 116}},
	{"vhangup", {153, 58, 111, 58}},
	{"nfsservctl", {180, 42, 169, 42}},
	{"lsm_set_self_attr", {460, 460, 460, 460}},
};
/* clang-format on */
const size_t seccomp_never_count = ARRAY_SIZE(seccomp_nevers);

static const int16_t clone_number[ARCH_COUNT] = {56, 220, 120, 220};

#define CLONE_NEW_FIRST 0x00020000u /* CLONE_NEWNS */
static const uint32_t clone_flags[] = {
	CLONE_NEW_FIRST, 0x02000000u, 0x04000000u, 0x08000000u, /* NS CGROUP UTS IPC */
	0x10000000u,     0x20000000u, 0x40000000u,              /* USER PID NET */
};

static const uint32_t audit_arches[ARCH_COUNT] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64,
						  AUDIT_ARCH_ARM, AUDIT_ARCH_RISCV64};

/* AUDIT_ARCH_RISCV32 is younger than some of the headers we build with. */
static const uint32_t foreign_arches[] = {
	AUDIT_ARCH_X86_64,  AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM, AUDIT_ARCH_ARMEB,
	AUDIT_ARCH_RISCV64, 0x400000f3u,     0xffffffffu,        0x00000000u,
};

#define X32_BIT 0x40000000u /* __X32_SYSCALL_BIT of asm/unistd.h */

uint32_t seccomp_audit_arch(enum policy_arch arch)
{
	return arch < ARCH_COUNT ? audit_arches[arch] : 0;
}

struct check {
	const struct sock_filter *code;
	size_t count;
	struct err *err;
};

/* Everything unknown but the architecture. */
static struct seccomp_question any_call(uint32_t audit_arch)
{
	struct seccomp_question question = {0};

	question.words[SECCOMP_WORD_ARCH].value = audit_arch;
	question.words[SECCOMP_WORD_ARCH].known = UINT32_MAX;
	return question;
}

static int refuse_if_passing(const struct check *check, const struct seccomp_question *question,
			     const char *what)
{
	bool may = true;

	if (seccomp_may_pass(check->code, check->count, question, &may))
		return err_set(check->err, EBADMSG, "filter is not a legal program");
	return may ? err_set(check->err, EPERM, "filter would allow %s", what) : 0;
}

static int check_numbers(const struct check *check, enum policy_arch arch)
{
	for (size_t i = 0; i < seccomp_never_count; i++) {
		struct seccomp_question question = any_call(audit_arches[arch]);
		int r;

		if (seccomp_nevers[i].number[arch] < 0)
			continue;
		question.words[SECCOMP_WORD_NR].value = (uint32_t)seccomp_nevers[i].number[arch];
		question.words[SECCOMP_WORD_NR].known = UINT32_MAX;
		r = refuse_if_passing(check, &question, seccomp_nevers[i].name);
		if (r)
			return r;
	}
	return 0;
}

static int check_clone(const struct check *check, enum policy_arch arch)
{
	for (size_t i = 0; i < ARRAY_SIZE(clone_flags); i++) {
		struct seccomp_question question = any_call(audit_arches[arch]);
		int r;

		question.words[SECCOMP_WORD_NR].value = (uint32_t)clone_number[arch];
		question.words[SECCOMP_WORD_NR].known = UINT32_MAX;
		/* One bit is known to be set, every other is anything. */
		question.words[SECCOMP_WORD_ARG(0)].value = clone_flags[i];
		question.words[SECCOMP_WORD_ARG(0)].known = clone_flags[i];
		r = refuse_if_passing(check, &question, "clone with a new namespace");
		if (r)
			return r;
	}
	return 0;
}

static int check_foreign(const struct check *check, enum policy_arch arch)
{
	for (size_t i = 0; i < ARRAY_SIZE(foreign_arches); i++) {
		struct seccomp_question question = any_call(foreign_arches[i]);
		int r;

		if (foreign_arches[i] == audit_arches[arch])
			continue;
		r = refuse_if_passing(check, &question, "calls of a foreign architecture");
		if (r)
			return r;
	}
	return 0;
}

static int check_x32(const struct check *check)
{
	struct seccomp_question question = any_call(AUDIT_ARCH_X86_64);

	question.words[SECCOMP_WORD_NR].value = X32_BIT;
	question.words[SECCOMP_WORD_NR].known = X32_BIT;
	return refuse_if_passing(check, &question, "x32 calls");
}

int seccomp_check_never(const struct sock_filter *code, size_t count, enum policy_arch arch,
			struct err *err)
{
	struct check check = {code, count, err};
	int r;

	if (arch >= ARCH_COUNT)
		return err_set(err, EBADMSG, "filter is for an unknown architecture");
	r = seccomp_program_check(code, count, err);
	if (!r)
		r = check_numbers(&check, arch);
	if (!r)
		r = check_clone(&check, arch);
	if (!r)
		r = check_foreign(&check, arch);
	if (!r && arch == ARCH_X86_64)
		r = check_x32(&check);
	return r;
}

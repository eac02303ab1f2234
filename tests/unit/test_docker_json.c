/* links: base audit policy seccomp seccomp */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <linux/seccomp.h>

#include "base/str.h"
#include "seccomp/build.h"
#include "seccomp/interpreter.h"
#include "seccomp/neverlist.h"
#include "seccomp/profile.h"

#define ALLOW        SECCOMP_RET_ALLOW
#define ANSWER(code) (SECCOMP_RET_ERRNO | (code))
#define E            4096
#define CORPUS       BARTIZAN_TEST_SOURCES "/tests/fuzz/corpus/docker_json/"

static struct err err;
static struct seccomp_listing listing;

static size_t load(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t n;

	assert_non_null(file);
	n = fread(text, 1, size, file);
	assert_int_equal(fclose(file), 0);
	return n;
}

static int compile(const char *text, size_t size, enum policy_arch arch, bool mdwe,
		   struct seccomp_filter *filter)
{
	const struct seccomp_text file = {"p.json", text, size};
	static struct policy policy;

	policy.seccomp = SECCOMP_FILE;
	policy.mdwe = mdwe;
	policy.rlimits[7].hard = E;
	memset(&err, 0, sizeof(err));
	return seccomp_build(&policy, &file, arch, filter, &err);
}

static uint32_t ask(const struct seccomp_filter *filter, int number, const uint64_t args[6])
{
	struct seccomp_data data = {.nr = number,
				    .arch = seccomp_audit_arch((enum policy_arch)filter->arch)};
	uint32_t action = 0;

	if (args)
		memcpy(data.args, args, sizeof(data.args));
	assert_int_equal(seccomp_run(filter->code, filter->count, &data, &action), 0);
	return action;
}

static uint32_t ask_name(const struct seccomp_filter *filter, const char *name, uint64_t a,
			 uint64_t b, uint64_t c)
{
	const uint64_t args[6] = {a, b, c};

	return ask(filter, seccomp_number(name, (enum policy_arch)filter->arch), args);
}

/* Values at which some rule of some profile changes its mind. */
static const uint64_t edges[] = {
	0,       1,       2,          3,          4,          8,           9,      10,
	11,      12,      13,         14,         16,         38,          40,     45,
	46,      0x1000,  0x2000,     0x20000,    0x20008,    0x02000000,  0x8000, 0x7e020000,
	0x10600, 0x11000, 0x10000000, 0x80000000, 0xffffffff, 0x100000000, E,      UINT64_MAX,
};

/* Both filters answer every call alike, or (@narrower) whatever @a lets pass @b does too. */
static void compare(const struct seccomp_filter *a, const struct seccomp_filter *b, bool narrower)
{
	bool wide = a->arch != ARCH_ARMV7;

	for (int number = 0; number <= SECCOMP_NEWEST + 2; number++)
		for (unsigned int arg = 0; arg < 6; arg++)
			for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
				uint64_t args[6] = {0};
				uint32_t x;
				uint32_t y;

				args[arg] = wide ? edges[i] : (uint32_t)edges[i];
				x = ask(a, number, args);
				y = ask(b, number, args);
				/* Docker compares the upper half of int arguments too. */
				if (narrower && edges[i] > UINT32_MAX)
					continue;
				if (narrower ? x == ALLOW && y != ALLOW : x != y)
					fail_msg("arch %u call %d argument %u = %llx: %x, %x",
						 a->arch, number, arg,
						 (unsigned long long)args[arg], x, y);
			}
}

static void build_builtin(enum policy_seccomp which, enum policy_arch arch, bool mdwe,
			  struct seccomp_filter *filter)
{
	static struct policy policy;

	policy.seccomp = (uint8_t)which;
	policy.mdwe = mdwe;
	policy.rlimits[7].hard = E;
	if (seccomp_build(&policy, NULL, arch, filter, &err))
		fail_msg("%s", err.msg);
}

/* The file says in Docker's words, with its conditions, what builtin:moby says in tables. */
static void test_current_format_is_moby(void **state)
{
	static struct seccomp_filter moby;
	static struct seccomp_filter file;
	static char text[65536];
	size_t size = load(CORPUS "current.json", text, sizeof(text));

	(void)state;
	for (int arch = 0; arch < ARCH_COUNT; arch++)
		for (int mdwe = 0; mdwe < 2; mdwe++) {
			build_builtin(SECCOMP_MOBY, (enum policy_arch)arch, mdwe, &moby);
			if (compile(text, size, (enum policy_arch)arch, mdwe, &file))
				fail_msg("%s", err.msg);
			compare(&moby, &file, false);
		}
}

static void test_strict_is_narrower_than_moby(void **state)
{
	static struct seccomp_filter moby;
	static struct seccomp_filter strict;

	(void)state;
	for (int arch = 0; arch < ARCH_COUNT; arch++)
		for (int mdwe = 0; mdwe < 2; mdwe++) {
			build_builtin(SECCOMP_MOBY, (enum policy_arch)arch, mdwe, &moby);
			build_builtin(SECCOMP_STRICT, (enum policy_arch)arch, mdwe, &strict);
			compare(&strict, &moby, true);
			assert_int_equal(ask_name(&moby, "ptrace", 0, 0, 0), ANSWER(EPERM));
			assert_int_equal(ask_name(&moby, "clone3", 0, 0, 0), ANSWER(ENOSYS));
			assert_int_equal(ask_name(&moby, "socket", 38, 0, 0), ANSWER(EPERM));
			assert_int_equal(ask_name(&moby, "socket", 17, 0, 0), ALLOW);
		}
}

static void test_old_format(void **state)
{
	static struct seccomp_filter file;
	static char text[65536];
	size_t size = load(CORPUS "old.json", text, sizeof(text));

	(void)state;
	for (int arch = 0; arch < ARCH_COUNT; arch++) {
		if (compile(text, size, (enum policy_arch)arch, true, &file))
			fail_msg("%s", err.msg);
		assert_int_equal(ask_name(&file, "clone", 0x3d0f00, 0, 0), ALLOW);
		/* The file's mask lacks CLONE_NEWCGROUP: no namespace comes through anyway. */
		assert_int_equal(ask_name(&file, "clone", 0x02000000, 0, 0), ANSWER(EPERM));
		assert_int_equal(ask_name(&file, "ptrace", 0, 0, 0), ANSWER(EPERM));
		assert_int_equal(ask_name(&file, "clone3", 0, 0, 0), ANSWER(ENOSYS));
		assert_int_equal(ask_name(&file, "mprotect", 0, 0, 4), ANSWER(EACCES));
		/* Newer than everything that the file names. */
		assert_int_equal(ask(&file, 463, NULL), ANSWER(ENOSYS));
	}
}

#define RULE(rest)         "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[" BASE "," rest "]}"
#define BASE               "{\"names\":[\"read\",\"write\",\"exit_group\"],\"action\":\"SCMP_ACT_ALLOW\"}"
#define ALLOWS(name, rest) "{\"name\":\"" name "\",\"action\":\"SCMP_ACT_ALLOW\"" rest "}"
#define WHERE(index, op, value)                                                                    \
	",\"args\":[{\"index\":" #index ",\"op\":\"SCMP_CMP_" op "\",\"value\":" #value "}]"

static const struct seccomp_filter *filter_of(const char *text, bool mdwe)
{
	static struct seccomp_filter filter;

	if (compile(text, strlen(text), ARCH_X86_64, mdwe, &filter))
		fail_msg("%s: %s", text, err.msg);
	return &filter;
}

static void test_comparisons(void **state)
{
	const struct seccomp_filter *f;

	(void)state;
	f = filter_of(RULE(ALLOWS("socket", WHERE(0, "NE", 40))), true);
	assert_int_equal(ask_name(f, "socket", 40, 0, 0), ANSWER(EPERM));
	/* The kernel takes this for 40 as well. */
	assert_int_equal(ask_name(f, "socket", 1ULL << 32 | 40, 0, 0), ANSWER(EPERM));
	assert_int_equal(ask_name(f, "socket", 41, 0, 0), ALLOW);
	f = filter_of(RULE("{\"name\":\"kill\",\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":22" WHERE(
			      1, "EQ", 9) "}," ALLOWS("kill", WHERE(1, "NE", 9))),
		      true);
	assert_int_equal(ask_name(f, "kill", 1, 9, 0), ANSWER(EINVAL));
	assert_int_equal(ask_name(f, "kill", 1, 1ULL << 32 | 9, 0), ANSWER(EINVAL));
	assert_int_equal(ask_name(f, "kill", 1, 15, 0), ALLOW);
	f = filter_of(RULE(ALLOWS("lseek", WHERE(1, "LE", 100))), true);
	assert_int_equal(ask_name(f, "lseek", 1, 100, 0), ALLOW);
	assert_int_equal(ask_name(f, "lseek", 1, 101, 0), ANSWER(EPERM));
	assert_int_equal(ask_name(f, "lseek", 1, 1ULL << 32 | 1, 0), ANSWER(EPERM));
	f = filter_of(RULE(ALLOWS("lseek", WHERE(1, "GT", 100))), true);
	assert_int_equal(ask_name(f, "lseek", 1, 100, 0), ANSWER(EPERM));
	assert_int_equal(ask_name(f, "lseek", 1, 1ULL << 32, 0), ALLOW);
}

static void test_actions(void **state)
{
	const struct seccomp_filter *f;

	(void)state;
	f = filter_of("{\"defaultAction\":\"SCMP_ACT_KILL\",\"syscalls\":[" BASE
		      ",{\"name\":\"kill\",\"action\":\"SCMP_ACT_TRAP\"}]}",
		      true);
	assert_int_equal(ask_name(f, "kill", 0, 0, 0), SECCOMP_RET_TRAP);
	assert_int_equal(ask_name(f, "getpid", 0, 0, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(ask_name(f, "mount", 0, 0, 0), SECCOMP_RET_KILL_PROCESS);
	f = filter_of("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrno\":\"ENOSYS\","
		      "\"defaultErrnoRet\":38,\"syscalls\":[" BASE "]}",
		      true);
	assert_int_equal(ask_name(f, "getpid", 0, 0, 0), ANSWER(ENOSYS));
}

static void test_conditions(void **state)
{
	static const struct {
		const char *condition;
		uint32_t answer;
	} rows[] = {
		{",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}", ANSWER(EPERM)},
		{",\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}", ALLOW},
		{",\"includes\":{\"arches\":[\"arm\",\"amd64\"]}", ALLOW},
		{",\"includes\":{\"arches\":[\"arm\",\"x32\"]}", ANSWER(EPERM)},
		{",\"excludes\":{\"arches\":[\"amd64\"]}", ANSWER(EPERM)},
		{",\"excludes\":{\"arches\":[\"s390\"]}", ALLOW},
		{",\"includes\":{\"minKernel\":\"4.8\"}", ALLOW},
		{",\"includes\":{\"minKernel\":\"6.1\"}", ALLOW},
		{",\"includes\":{\"minKernel\":\"6.1.9\"}", ANSWER(EPERM)},
		{",\"includes\":{\"minKernel\":\"6.12\"}", ANSWER(EPERM)},
		{",\"excludes\":{\"minKernel\":\"6.12\"}", ALLOW},
		{",\"includes\":{},\"excludes\":null,\"args\":null", ALLOW},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[512];

		(void)snprintf(text, sizeof(text), RULE(ALLOWS("getpid", "%s")), rows[i].condition);
		if (ask_name(filter_of(text, true), "getpid", 0, 0, 0) != rows[i].answer)
			fail_msg("%s", rows[i].condition);
	}
}

static void test_execveat_and_mdwe(void **state)
{
	const struct seccomp_filter *f = filter_of(RULE(ALLOWS("mprotect", "")), true);
	const uint64_t exec[6] = {E, 0, 0, 0, 0x1000};

	(void)state;
	assert_int_equal(ask(f, 322, exec), ALLOW);
	assert_int_equal(ask_name(f, "execveat", E + 1, 0, 0), ANSWER(EPERM));
	assert_int_equal(ask_name(f, "mprotect", 0, 0, 1), ALLOW);
	assert_int_equal(ask_name(f, "mprotect", 0, 0, 4), ANSWER(EACCES));
	f = filter_of(RULE(ALLOWS("mprotect", "")), false);
	assert_int_equal(ask_name(f, "mprotect", 0, 0, 4), ALLOW);
	f = filter_of(RULE(ALLOWS("mprotect", WHERE(2, "EQ", 1))), false);
	assert_int_equal(ask_name(f, "mprotect", 0, 0, 1), ALLOW);
	assert_int_equal(ask_name(f, "mprotect", 0, 0, 3), ANSWER(EPERM));
}

static const struct {
	const char *text;
	const char *message;
} refused[] = {
	{"", "p.json:1:1: expected '{'"},
	{"[]", "p.json:1:1: expected '{'"},
	{"{}", "p.json:1:3: \"defaultAction\" is missing"},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\"}", "no call is named that may pass"},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[]}",
	 "no call is named that may pass"},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[" BASE "]}",
	 "p.json:1:18: a default of SCMP_ACT_ALLOW is no filter"},
	{"{\"defaultAction\":\"SCMP_ACT_LOG\"}", "lets the call pass"},
	{"{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}", "needs a listener"},
	{"{\"defaultAction\":\"SCMP_ACT_ERNO\"}", "p.json:1:18: \"SCMP_ACT_ERNO\" is no action"},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\n\"flags\":[]}",
	 "p.json:2:1: unknown key \"flags\""},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultAction\":\"SCMP_ACT_KILL\"}", "twice"},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":0}", "would pretend success"},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":4096}", "a number above 4095"},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":01}", "leading zero"},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":1.0}",
	 "expected a whole number"},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":-1}",
	 "expected a whole number"},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrno\":\"EPERM\",\"defaultErrnoRet\":38}",
	 "by name and by number differ"},
	{"{\"defaultAction\":\"SCMP_ACT_KILL\",\"defaultErrnoRet\":38}", "an errno without"},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[" BASE "]} x",
	 "more behind the profile"},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[" BASE ",]}", "expected '{'"},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[" BASE, "expected ','"},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[],\"archMap\":[]}",
	 "both \"architectures\" and \"archMap\""},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_PDP11\"]}",
	 "\"SCMP_ARCH_PDP11\" is no architecture"},
	{RULE(ALLOWS("raed", "")), "\"raed\" is no system call"},
	{RULE(ALLOWS("getpid", ",\"names\":[\"getuid\"]")), "both \"name\" and \"names\""},
	{RULE("{\"names\":[\"getuid\"],\"name\":\"getpid\",\"action\":\"SCMP_ACT_ALLOW\"}"),
	 "both \"name\" and \"names\""},
	{RULE("{\"names\":[],\"action\":\"SCMP_ACT_ALLOW\"}"), "\"names\" is empty"},
	{RULE("{\"action\":\"SCMP_ACT_ALLOW\"}"), "a rule without \"names\""},
	{RULE("{\"name\":\"getpid\"}"), "\"action\" is missing"},
	{RULE("{\"name\":\"getpid\",\"action\":\"SCMP_ACT_ALLOW\",\"errnoRet\":1}"),
	 "an errno without"},
	{RULE(ALLOWS("getpid", ",\"priority\":1")), "unknown key \"priority\""},
	{RULE(ALLOWS("g\\u0065tpid", "")), "holds an escape"},
	{RULE(ALLOWS("getpid", ",\"includes\":{\"os\":[]}")), "unknown key \"os\""},
	{RULE(ALLOWS("getpid", ",\"includes\":{\"caps\":[\"SYS_ADMIN\"]}")), "is no capability"},
	{RULE(ALLOWS("getpid", ",\"includes\":{\"arches\":[\"x86_64\"]}")), "is no architecture"},
	{RULE(ALLOWS("getpid", ",\"includes\":{\"minKernel\":\"6\"}")), "not a kernel version"},
	{RULE(ALLOWS("getpid", ",\"includes\":{\"minKernel\":\"6.x\"}")), "not a kernel version"},
	{RULE(ALLOWS("kill", WHERE(6, "EQ", 1))), "a number above 5"},
	{RULE(ALLOWS("kill", WHERE(1, "EQUAL", 1))), "is no comparison"},
	{RULE(ALLOWS("kill", WHERE(1, "EQ", 4294967296))), "a number above 4294967295"},
	{RULE(ALLOWS("kill", ",\"args\":[{\"index\":1}]")), "needs index, value and op"},
	{RULE(ALLOWS("kill", ",\"args\":[{\"index\":1,\"op\":\"SCMP_CMP_EQ\",\"value\":1,"
			     "\"valueTwo\":2}]")),
	 "valueTwo belongs to"},
	{RULE(ALLOWS("kill", ",\"args\":[{\"index\":1,\"op\":\"SCMP_CMP_MASKED_EQ\",\"value\":1,"
			     "\"valueTwo\":2}]")),
	 "outside the mask"},
	{RULE(ALLOWS("kill", ",\"args\":[{\"index\":1,\"op\":\"SCMP_CMP_EQ\",\"value\":1},"
			     "{\"index\":1,\"op\":\"SCMP_CMP_EQ\",\"value\":2}]")),
	 "argument 1 stands there twice"},
	/* Nothing says which of two answers counts. */
	{RULE("{\"name\":\"read\",\"action\":\"SCMP_ACT_ERRNO\"}"), "read is answered differently"},
	{RULE("{\"name\":\"kill\",\"action\":\"SCMP_ACT_ERRNO\"" WHERE(1, "EQ",
								       9) "}," ALLOWS("kill", "")),
	 "kill is answered differently"},
	{RULE(ALLOWS("clone", WHERE(0, "NE", 1))), "new namespaces cannot be taken out"},
	{RULE(ALLOWS("mprotect", WHERE(2, "EQ", 1))), "argument rules of mprotect and mdwe = yes"},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"name\":\"read\",\"action\":"
	 "\"SCMP_ACT_ALLOW\"}]}",
	 "does not allow write"},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":null}", "expected '['"},
};

static void test_refused(void **state)
{
	static struct seccomp_filter filter;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		const char *text = refused[i].text;

		if (compile(text, strlen(text), ARCH_X86_64, true, &filter) != -EINVAL ||
		    !strstr(err.msg, refused[i].message))
			fail_msg("%s: %s, wanted %s", text, err.msg, refused[i].message);
		assert_true(str_starts(err.msg, "p.json:"));
	}
}

/* Every cut of a good file is a bad file. */
static void test_truncated(void **state)
{
	static const char text[] = RULE(ALLOWS("kill", WHERE(1, "EQ", 9)));
	static struct seccomp_filter filter;

	(void)state;
	for (size_t size = 0; size + 1 < sizeof(text) - 1; size++)
		assert_int_equal(compile(text, size, ARCH_X86_64, true, &filter), -EINVAL);
	assert_int_equal(compile(text, sizeof(text) - 1, ARCH_X86_64, true, &filter), 0);
}

static void test_too_large(void **state)
{
	static char text[SECCOMP_JSON_MAX + 1];
	static struct seccomp_filter filter;
	size_t used = 0;

	(void)state;
	memset(text, ' ', sizeof(text));
	assert_int_equal(compile(text, sizeof(text), ARCH_X86_64, true, &filter), -EFBIG);
	used = (size_t)snprintf(text, sizeof(text),
				"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"action\":"
				"\"SCMP_ACT_ALLOW\",\"names\":[");
	for (int i = 0; i <= SECCOMP_LISTING_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "\"read\",");
	assert_int_equal(compile(text, used, ARCH_X86_64, true, &filter), -EINVAL);
	assert_non_null(strstr(err.msg, "more than 1000 names"));
}

/* What the file asks for and nobody may have. */
static void test_never_counted(void **state)
{
	static const char text[] = RULE("{\"names\":[\"mount\",\"bpf\",\"setns\"],\"action\":"
					"\"SCMP_ACT_ALLOW\"}");
	const struct seccomp_text file = {"p.json", text, sizeof(text) - 1};

	(void)state;
	assert_int_equal(seccomp_docker_read(&file, ARCH_X86_64, true, &listing, &err), 0);
	assert_int_equal(listing.never, 3);
	assert_int_equal(ask_name(filter_of(text, true), "mount", 0, 0, 0), ANSWER(EPERM));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_current_format_is_moby),
		cmocka_unit_test(test_strict_is_narrower_than_moby),
		cmocka_unit_test(test_old_format),
		cmocka_unit_test(test_comparisons),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_execveat_and_mdwe),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_never_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

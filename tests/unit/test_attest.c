/* links: base sys sandbox programs/bartizan */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/str.h"
#include "ipc/proto.h"
#include "programs/bartizan/check.h"
#include "sandbox/attest.h"
#include "sys/mounts.h"

/* The rows of the attestation over a /proc of our own making: each passes, and fails when its one
 * thing is another. */
static char top[] = "/tmp/bartizan-attest-XXXXXX";
static int proc_fd = -1;
static struct plan plan;
static const char *const namespaces[] = {"mnt", "pid", "net", "ipc", "uts", "cgroup", "user"};

static const char status[] =
	"Uid:\t10001\t10001\t10001\t10001\nGid:\t10001\t10001\t10001\t10001\nGroups:\t \n"
	"CapInh:\t0000000000002000\nCapPrm:\t0000000000002000\nCapEff:\t0000000000002000\n"
	"CapBnd:\t0000000000002000\nCapAmb:\t0000000000002000\nNoNewPrivs:\t1\nSeccomp:\t2\n"
	"Seccomp_filters:\t1\n";
static const char mountinfo[] =
	"20 1 254:3 / / ro,nosuid,nodev,relatime - erofs /dev/dm-3 ro\n"
	"21 20 0:30 / /tmp rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,size=8192k\n";
static const char map[] = "     10001      10001          1\n";

#define LABEL "attr/apparmor/current"
static const char label[] = "builtin (enforce)\n";

static void put(const char *name, const char *text)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "%d/%s", getpid(), name);
	fd = openat(proc_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	(void)close(fd);
}

static void put_all(void)
{
	put("status", status);
	put("mountinfo", mountinfo);
	put("uid_map", map);
	put("gid_map", map);
	put("cgroup", "0::/bartizan/services/web/3\n");
	put("oom_score_adj", "300\n");
	put(LABEL, label);
}

static void make_directory(const char *name)
{
	assert_int_equal(mkdirat(proc_fd, name, 0700), 0);
}

static void put_descriptor(int number, bool there)
{
	char path[40];

	(void)snprintf(path, sizeof(path), "%d/fd/%d", getpid(), number);
	assert_int_equal(
		there ? mkdirat(proc_fd, path, 0700) : unlinkat(proc_fd, path, AT_REMOVEDIR), 0);
}

static void put_link(const char *owner, const char *kind, const char *text)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/ns/%s", owner, kind);
	(void)unlinkat(proc_fd, path, 0);
	assert_int_equal(symlinkat(text, proc_fd, path), 0);
}

/* As namespaces(7) shows one; each another. */
static void put_namespace(const char *owner, const char *kind)
{
	static unsigned int number = 4026531840u;
	char text[40];

	(void)snprintf(text, sizeof(text), "%s:[%u]", kind, number++);
	put_link(owner, kind, text);
}

static void make_plan(void)
{
	plan = (struct plan){.uid = 10001,
			     .gid = 10001,
			     .caps = 0x2000,
			     .join_pidfd = -1,
			     .userns_fd = -1,
			     .pool = {-1, -1},
			     .root_type = "erofs",
			     .oom_score_adj = 300,
			     .profile = "builtin",
			     .mount_count = 1};
	plan.mounts[0] = (struct plan_mount){
		.attributes = MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC, .type = "tmpfs"};
	str_join(plan.mounts[0].path, sizeof(plan.mounts[0].path), "/tmp", "", "");
	str_join(plan.cgroup, sizeof(plan.cgroup), "services/web/3", "", "");
	for (int i = 0; i < POLICY_RLIMITS; i++) {
		struct rlimit have;

		assert_int_equal(getrlimit((__rlimit_resource_t)i, &have), 0);
		plan.rlimits[i] = (struct policy_rlimit){have.rlim_cur, have.rlim_max};
	}
}

static int make_world(void **state)
{
	static const char *const below[] = {"ns", "fd", "attr", "attr/apparmor"};
	char own[16];
	char path[32];

	(void)state;
	(void)snprintf(own, sizeof(own), "%d", getpid());
	assert_non_null(mkdtemp(top));
	proc_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(proc_fd >= 0);
	make_directory(own);
	make_directory("self");
	make_directory("self/ns");
	for (size_t i = 0; i < ARRAY_SIZE(below); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", own, below[i]);
		make_directory(path);
	}
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		put_namespace("self", namespaces[i]);
		put_namespace(own, namespaces[i]);
	}
	put_all();
	make_plan();
	/* The program's three, then itself, the gate and the report. */
	for (int i = 0; i < 6; i++)
		put_descriptor(i < 3 ? i : plan_exec_number(&plan) + i - 3, true);
	return 0;
}

static int remove_world(void **state)
{
	char command[80];

	(void)state;
	(void)close(proc_fd);
	(void)snprintf(command, sizeof(command), "rm -r %s", top);
	return system(command);
}

/* ---- asking */

static char failed[512]; /* " user seccomp " */
static unsigned int told;

static void note(void *context, const struct attest_row *row, int result, const struct err *err)
{
	(void)context;
	told++;
	/* Those of the cgroup file system have no double here. */
	if (!result || str_equal(row->item, "memory") || str_equal(row->item, "cpu") ||
	    str_equal(row->item, "pids") || str_equal(row->item, "devices"))
		return;
	assert_true(err->code != 0 && *err->msg);
	(void)strcat(strcat(failed, row->item), " ");
}

static const struct attest_listener listener = {.tell = note};

static const char *live(void)
{
	struct err err = {0};

	(void)strcpy(failed, "");
	told = 0;
	assert_int_equal(sandbox_attest_live(proc_fd, &plan, getpid(), &listener, &err), 0);
	return failed;
}

static int born(struct err *err)
{
	const struct child child = {.pid = getpid(), .pidfd = -1, .gate_fd = -1, .report_fd = -1};
	unsigned int proofs = 0;
	unsigned int rows = 0;
	int r;

	*err = (struct err){0};
	for (size_t i = 0; i < attest_row_count; i++)
		rows += (attest_rows[i].when & ATTEST_BORN) != 0;
	r = sandbox_attest(proc_fd, &plan, &child, &proofs, err);
	assert_int_equal(proofs, r ? 0 : rows);
	return r;
}

static void test_good(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(born(&err), 0);
	assert_string_equal(live(), "");
	assert_true(told > 20);
}

/* What is another in one file, which rows say so of a parked child and of one that runs. */
static const struct change {
	const char *file;
	const char *old;
	const char *new;
	const char *items;
	bool only_born; /* a program may do that to itself */
} changes[] = {
	{"status", "Uid:\t10001\t10001", "Uid:\t10001\t0", "user ", false},
	{"status", "Gid:\t10001", "Gid:\t0", "user ", false},
	{"status", "Groups:\t ", "Groups:\t0 ", "user ", false},
	{"status", "CapEff:\t0000000000002000", "CapEff:\t0000000000202000", "capabilities ",
	 false},
	{"status", "CapBnd:\t0000000000002000", "CapBnd:\t000001ffffffffff", "capabilities ",
	 false},
	{"status", "CapAmb:\t0000000000002000", "CapAmb:\t0000000000000001", "capabilities ",
	 false},
	{"status", "CapPrm:\t0000000000002000", "CapPrm:\t0000000000000000", "", true},
	{"status", "NoNewPrivs:\t1", "NoNewPrivs:\t0", "no-new-privileges ", false},
	{"status", "Seccomp:\t2", "Seccomp:\t0", "seccomp ", false},
	{"status", "Seccomp_filters:\t1", "Seccomp_filters:\t0", "seccomp ", false},
	{"status", "Seccomp_filters:\t1", "Seccomp_filters:\t2", "", true},
	{"mountinfo", "/ / ro", "/ / rw", "read-only-root ", false},
	{"mountinfo", "ro,nosuid,nodev,relatime", "ro,nosuid,relatime", "read-only-root ", false},
	{"mountinfo", "erofs", "ext4", "read-only-root ", false},
	{"mountinfo", "nodev,noexec", "nodev", "mounts ", false},
	{"mountinfo", "0:30 / /tmp", "0:30 /etc /tmp", "mounts ", false},
	{"mountinfo", "0:30 / /tmp", "0:30 / /host", "mounts ", false},
	{"mountinfo", " - tmpfs", " shared:7 - tmpfs", "propagation ", false},
	{"mountinfo", " - erofs", " shared:1 master:2 - erofs", "propagation ", false},
	{"uid_map", "         1\n", "     65536\n", "id-map ", false},
	{"gid_map", "         1\n", "     65536\n", "id-map ", false},
	{"cgroup", "web/3", "web/2", "cgroup ", false},
	{"oom_score_adj", "300", "-900", "oom-score ", false},
	{"oom_score_adj", "300", "299", "oom-score ", false},
	{"oom_score_adj", "300", "900", "", true},
	{"oom_score_adj", "300", "3x", "oom-score ", false},
	{LABEL, "enforce", "complain", "apparmor ", false},
	{LABEL, "builtin", "another", "apparmor ", false},
	{LABEL, "builtin (enforce)", "unconfined", "apparmor ", false},
};

static void change(const struct change *c)
{
	static const struct {
		const char *file;
		const char *text;
	} files[] = {{"status", status},
		     {"mountinfo", mountinfo},
		     {"uid_map", map},
		     {"gid_map", map},
		     {"cgroup", "0::/bartizan/services/web/3\n"},
		     {"oom_score_adj", "300\n"},
		     {LABEL, label}};
	char text[1024];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const char *good = files[i].text;
		const char *at = strstr(good, c->old);

		if (!str_equal(files[i].file, c->file))
			continue;
		assert_non_null(at);
		(void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good, c->new,
			       at + strlen(c->old));
		put(c->file, text);
	}
}

static void test_changes(void **state)
{
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		const struct change *c = &changes[i];

		change(c);
		assert_true(born(&err) < 0);
		assert_string_equal(live(), c->items);
		assert_int_equal(*c->items == '\0', c->only_born);
		put_all();
	}
}

static void test_mount_more(void **state)
{
	char text[1024];
	struct err err;

	(void)state;
	str_join(text, sizeof(text), mountinfo, "22 20 0:31 / /tmp rw - tmpfs tmpfs rw\n", "");
	put("mountinfo", text);
	assert_int_equal(born(&err), -EPERM);
	assert_non_null(strstr(live(), "mounts "));
	put("mountinfo", "nonsense\n");
	assert_string_equal(live(), "read-only-root mounts propagation ");
	put_all();
}

/* The launcher's own namespace, instead of one of its own: each of the seven. */
static void test_namespaces(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		char mine[64];
		char own[64];
		char wanted[40];
		struct err err;

		(void)snprintf(mine, sizeof(mine), "%d/ns/%s", getpid(), namespaces[i]);
		(void)snprintf(own, sizeof(own), "self/ns/%s", namespaces[i]);
		assert_int_equal(unlinkat(proc_fd, mine, 0), 0);
		assert_int_equal(linkat(proc_fd, own, proc_fd, mine, 0), 0);
		assert_int_equal(born(&err), -EPERM);
		assert_non_null(strstr(err.msg, namespaces[i]));
		(void)snprintf(wanted, sizeof(wanted), "%s-namespace ",
			       i == 0   ? "mount"
			       : i == 2 ? "network"
					: namespaces[i]);
		assert_string_equal(live(), wanted);
		assert_int_equal(unlinkat(proc_fd, mine, 0), 0);
		(void)snprintf(own, sizeof(own), "%d", getpid());
		put_namespace(own, namespaces[i]);
	}
}

static void test_unreadable_namespace(void **state)
{
	static const char *const texts[] = {"pid", "pid:[", "pid:[]", "pid:[0]", "pid:[x]"};
	char own[16];
	struct err err;

	(void)state;
	(void)snprintf(own, sizeof(own), "%d", getpid());
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		put_link(own, "pid", texts[i]);
		assert_int_equal(born(&err), -EBADMSG);
	}
	put_namespace(own, "pid");
	assert_int_equal(born(&err), 0);
}

static void test_limits(void **state)
{
	struct policy_rlimit *core = &plan.rlimits[RLIMIT_NOFILE];
	const struct policy_rlimit good = *core;
	struct err err;

	(void)state;
	core->hard = good.hard - 1;
	assert_int_equal(born(&err), -EPERM);
	assert_string_equal(live(), "ulimits ");
	/* A program may lower its own. */
	core->hard = good.hard + 1;
	assert_int_equal(born(&err), -EPERM);
	assert_string_equal(live(), "");
	*core = good;
}

/* Only a parked child has no descriptors of its own. */
static void refused_for(const char *message)
{
	struct err err;

	assert_int_equal(born(&err), -EPERM);
	assert_string_equal(err.msg, message);
	assert_string_equal(live(), "");
}

static void test_descriptor(void **state)
{
	(void)state;
	put_descriptor(77, true);
	refused_for("descriptor 77 leaked");
	put_descriptor(77, false);
}

/* One that is not there is what the program's first open(2) gets. */
static void test_descriptor_missing(void **state)
{
	(void)state;
	put_descriptor(0, false);
	refused_for("1 of the planned descriptors are missing");
	put_descriptor(0, true);
}

/* A number that the plan keeps free must be free. */
static void test_descriptor_unplanned(void **state)
{
	(void)state;
	put_descriptor(3, true);
	plan.fd_count = 1;
	plan.fds[0] = -1;
	refused_for("descriptor 3 leaked");
	plan.fd_count = 0;
	put_descriptor(3, false);
}

static void test_nobody(void **state)
{
	struct err err = {0};

	(void)state;
	told = 0;
	assert_true(sandbox_attest_live(proc_fd, &plan, 1, &listener, &err) < 0);
	assert_int_equal(told, 0);
}

/* ---- the tables */

static bool is_answered(const char *number)
{
	/* Rows of the launcher's report.c, which are no matter of the process. */
	bool found = cis_names("4.5 5.15 5.27 5.28", number);

	for (size_t i = 0; i < attest_row_count; i++)
		found |= cis_names(attest_rows[i].cis, number);
	return found;
}

/* A number without a reason is judged by a row; one with a reason is not. */
static void test_cis(void **state)
{
	unsigned int runtime = 0;

	(void)state;
	for (size_t i = 0; i < cis_item_count; i++) {
		assert_int_equal(is_answered(cis_items[i].number), !cis_items[i].reason);
		runtime += str_starts(cis_items[i].number, "5.");
	}
	assert_int_equal(runtime, 32);
	assert_true(cis_names("5.4 5.5", "5.5") && cis_names("5.4 5.5", "5.4"));
	assert_false(cis_names("5.25", "5.2") || cis_names("15.2", "5.2") || cis_names("", "5.2"));
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < attest_row_count; i++) {
		const struct attest_row *row = &attest_rows[i];

		assert_true(row->when &&
			    strlen(row->item) < sizeof(((struct message_row_check *)0)->item));
		assert_true(strlen(row->guide) < sizeof(((struct message_row_check *)0)->guide));
		assert_true(strlen(row->cis) < sizeof(((struct message_row_check *)0)->cis));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(row->item, attest_rows[k].item);
	}
	assert_true(attest_row_count + 3 <= 48);
}

static void test_score(void **state)
{
	(void)state;
	assert_int_equal(check_score(25, 0, 0), 100);
	assert_int_equal(check_score(24, 1, 0), 98);
	assert_int_equal(check_score(24, 0, 1), 96);
	assert_int_equal(check_score(0, 0, 3), 0);
	assert_int_equal(check_score(0, 0, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_mount_more),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_unreadable_namespace),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_descriptor),
		cmocka_unit_test(test_descriptor_missing),
		cmocka_unit_test(test_descriptor_unplanned),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_cis),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_score),
	};

	return cmocka_run_group_tests(tests, make_world, remove_world);
}

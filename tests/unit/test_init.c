/* links: base sys event ipc audit net programs/init */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "programs/init/children.h"
#include "programs/init/helpers.h"
#include "programs/init/store.h"
#include "sys/board.h"
#include "sys/harden.h"

static const char *const none[] = {NULL};
static const char *const absent[] = {"kernel.yama.ptrace_scope", "lockdown", NULL};

const struct board board = {
	.name = "test",
	.command_line = "",
	.console = "/dev/null",
	.modules = none,
	.lsms = none,
	.controllers = none,
	.namespaces = none,
	.harden_absent = absent,
};

static struct children children;
static struct store store;

static struct message_child child_of(uint16_t subject, uint32_t generation)
{
	return (struct message_child){
		.head = {.type = M_CHILD, .subject = subject, .generation = generation},
		.pid = 100 + (int)generation,
		.name = "web",
		.cgroup = "services/web/1"};
}

static int reset(void **state)
{
	(void)state;
	memset(&children, 0, sizeof(children));
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		children.rows[i].pidfd = -1;
	store_init(&store);
	return 0;
}

static int check(const struct message_child *m)
{
	struct err err = {0};
	int r = children_check(&children, m, &err);

	assert_int_equal(err.code, -r);
	return r;
}

static void test_legal_subjects(void **state)
{
	static const struct {
		uint32_t subject;
		bool legal;
	} cases[] = {
		{SUBJECT_OF_SERVICE(0), true},
		{SUBJECT_OF_SERVICE(CONFIG_SERVICES_MAX - 1), true},
		{SUBJECT_OF_SERVICE(CONFIG_SERVICES_MAX), false},
		{SUBJECT_OF_PROBE(CONFIG_SERVICES_MAX - 1), true},
		{SUBJECT_OF_PROBE(CONFIG_SERVICES_MAX), false},
		{SUBJECT_OF_STANDBY(CONFIG_SERVICES_MAX - 1), true},
		{SUBJECT_OF_STANDBY(CONFIG_SERVICES_MAX), false},
		{SUBJECT_OF_STANDBY(0) | SUBJECT_PROBE, false},
		{SUBJECT_OF_HELPER(HELPER_RECORDER) | SUBJECT_STANDBY, false},
		{SUBJECT_OF_HELPER(HELPER_SUPERVISOR), true},
		{SUBJECT_OF_HELPER(HELPER_LAUNCHER), false},
		{SUBJECT_OF_HELPER(HELPER_COUNT), false},
		{SUBJECT_OF_HELPER(HELPER_RECORDER) | SUBJECT_PROBE, false},
		{SUBJECT_NONE, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct message_child m = child_of((uint16_t)cases[i].subject, 1);

		if ((check(&m) == 0) != cases[i].legal)
			fail_msg("subject %#x", cases[i].subject);
	}
}

static void test_legal_words(void **state)
{
	static const char *const bad[] = {"",
					  "web",
					  "/services/web/1",
					  "services/../../x",
					  "services/web//1",
					  "helpers/a b",
					  "init/1",
					  "services/web/1\n",
					  "services/../init/",
					  "other/services/web"};
	struct message_child m = child_of(0, 1);

	(void)state;
	assert_int_equal(check(&m), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		m = child_of(0, 1);
		memset(m.cgroup, 0, sizeof(m.cgroup));
		memcpy(m.cgroup, bad[i], strlen(bad[i]));
		if (check(&m) != -EBADMSG)
			fail_msg("cgroup \"%s\" passes", bad[i]);
	}
	m = child_of(0, 1);
	memset(m.cgroup, 'a', sizeof(m.cgroup));
	assert_int_equal(check(&m), -EBADMSG);
	m = child_of(0, 1);
	memset(m.name, 'a', sizeof(m.name));
	assert_int_equal(check(&m), -EBADMSG);
	for (int pid = -1; pid <= 1; pid++) {
		m = child_of(0, 1);
		m.pid = pid;
		assert_int_equal(check(&m), -EBADMSG);
	}
}

static struct child *add(uint16_t subject, uint32_t generation)
{
	struct message_child m = child_of(subject, generation);

	assert_int_equal(check(&m), 0);
	return children_add(&children, &m, -1);
}

/* One living process per subject; exits wait in their rows, and a third one never gets past its
 * gate. */
static void test_one_life_at_a_time(void **state)
{
	struct rusage usage = {.ru_maxrss = 7};
	struct message_child m = child_of(3, 2);
	struct child *first = add(3, 1);

	(void)state;
	assert_int_equal(check(&m), -EEXIST);
	assert_ptr_equal(children_by_pid(&children, 101), first);
	children_set_exited(first, 5 << 8, &usage);
	assert_int_equal(first->exited.code, CLD_EXITED);
	assert_int_equal(first->exited.status, 5);
	assert_int_equal(first->exited.peak_kib, 7);
	assert_null(children_by_pid(&children, 101));
	children_set_exited(add(3, 2), SIGSEGV, &usage);
	assert_int_equal(children_find(&children, 3, 2)->exited.code, CLD_KILLED);
	assert_int_equal(children_find(&children, 3, 2)->exited.status, SIGSEGV);
	m = child_of(3, 3);
	assert_int_equal(check(&m), -ENOSPC);
	children_free(first);
	assert_int_equal(check(&m), 0);
}

static int promote(uint16_t subject, uint32_t generation)
{
	struct err err = {0};
	int r = children_promote(&children, subject, generation, &err);

	assert_int_equal(err.code, -r);
	return r;
}

/* A parked life stands beside the one that runs, and takes its place only when that has ended. */
static void test_a_parked_life_waits_for_its_turn(void **state)
{
	struct rusage usage = {0};
	struct message_child m = child_of(SUBJECT_OF_STANDBY(3), 3);
	struct child *running = add(3, 1);
	struct child *parked = add(SUBJECT_OF_STANDBY(3), 2);

	(void)state;
	assert_int_equal(check(&m), -EEXIST);
	assert_int_equal(promote(3, 2), -EEXIST);
	assert_int_equal(parked->subject, SUBJECT_OF_STANDBY(3));
	children_set_exited(running, SIGSEGV, &usage);
	assert_int_equal(promote(3, 1), -ESRCH);
	assert_int_equal(promote(4, 2), -ESRCH);
	assert_int_equal(promote(SUBJECT_OF_STANDBY(3), 2), -EBADMSG);
	assert_int_equal(promote(3, 2), 0);
	assert_ptr_equal(children_alive(&children, 3), parked);
	assert_null(children_alive(&children, SUBJECT_OF_STANDBY(3)));
	/* One that ended in its place is nobody's next life, and never was born. */
	parked = add(SUBJECT_OF_STANDBY(3), 3);
	children_set_exited(parked, 125 << 8, &usage);
	assert_int_equal(parked->exited.unborn, 1);
	assert_int_equal(promote(3, 3), -ESRCH);
}

/* Every subject in its worst state at once: the table still has a row for each, so no exit can be
 * lost. */
static void test_table_never_overflows(void **state)
{
	struct rusage usage = {0};
	int helpers = 0;

	(void)state;
	for (uint16_t slot = 0; slot < CONFIG_SERVICES_MAX; slot++) {
		for (uint32_t generation = 1; generation <= 2; generation++) {
			children_set_exited(add(SUBJECT_OF_SERVICE(slot), generation), 0, &usage);
			children_set_exited(add(SUBJECT_OF_PROBE(slot), generation), 0, &usage);
		}
		(void)add(SUBJECT_OF_STANDBY(slot), 3);
		assert_int_equal(promote(slot, 3), 0);
		children_set_exited(children_alive(&children, slot), 0, &usage);
		for (uint32_t generation = 4; generation <= 5; generation++)
			children_set_exited(add(SUBJECT_OF_STANDBY(slot), generation), 0, &usage);
	}
	for (uint32_t generation = 1; generation <= CHILDREN_OF_ONE_HELPER_MAX;
	     generation++, helpers += 2) {
		(void)add(SUBJECT_OF_HELPER(HELPER_VERIFY), generation);
		(void)add(SUBJECT_OF_HELPER(HELPER_COMPILE), generation);
	}
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		helpers -= children.rows[i].state == CHILD_ALIVE;
	assert_int_equal(helpers, 0);
	for (size_t i = 0; i < 2; i++) {
		struct message_child m = child_of(i ? SUBJECT_OF_HELPER(HELPER_COMPILE)
						    : SUBJECT_OF_HELPER(HELPER_VERIFY),
						  99);

		assert_int_equal(check(&m), -ENOSPC);
	}
}

static void test_store_places(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int old = fd;
	int again;

	(void)state;
	assert_int_equal(store_put(&store, CONFIG_SERVICES_MAX, STORE_PIDFD, &fd), -EINVAL);
	assert_int_equal(store_put(&store, SUBJECT_OF_PROBE(0), STORE_PIDFD, &fd), -EINVAL);
	assert_int_equal(store_put(&store, SUBJECT_OF_HELPER(HELPER_COUNT), STORE_PIDFD, &fd),
			 -EINVAL);
	assert_int_equal(store_put(&store, 0, STORE_KIND_COUNT, &fd), -EINVAL);
	assert_int_equal(fd, old);
	assert_int_equal(store_put(&store, 0, STORE_LINK, &fd), 0);
	assert_int_equal(fd, -1);
	/* The same place: the old one is closed, not leaked. */
	again = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(store_put(&store, 0, STORE_LINK, &again), 0);
	assert_int_equal(fcntl(old, F_GETFD), -1);
	store_clear(&store);
}

static void test_store_walk(void **state)
{
	static const uint16_t subjects[] = {0, CONFIG_SERVICES_MAX - 1,
					    SUBJECT_OF_HELPER(HELPER_LAUNCHER),
					    SUBJECT_OF_HELPER(HELPER_COMPILE), SUBJECT_NONE};
	uint32_t place = 0;
	uint16_t subject;
	uint32_t kind;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(subjects); i++) {
		int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

		assert_int_equal(store_put(&store, subjects[i], STORE_STDERR, &fd), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(subjects); i++, place++) {
		assert_true(store_next(&store, &place, &subject, &kind) >= 0);
		assert_int_equal(subject, subjects[i]);
		assert_int_equal(kind, STORE_STDERR);
	}
	assert_int_equal(store_next(&store, &place, &subject, &kind), -1);
	assert_int_equal(store_drop(&store, SUBJECT_OF_PROBE(1), STORE_KIND_COUNT), -EINVAL);
	assert_int_equal(store_drop(&store, 0, STORE_KIND_COUNT + 1), -EINVAL);
	assert_int_equal(store_drop(&store, 0, STORE_KIND_COUNT), 0);
	place = 0;
	assert_true(store_next(&store, &place, &subject, &kind) >= 0);
	assert_int_equal(subject, CONFIG_SERVICES_MAX - 1);
	store_clear(&store);
	place = 0;
	assert_int_equal(store_next(&store, &place, &subject, &kind), -1);
}

static void test_delays(void **state)
{
	static const uint32_t crash[] = {10000,  20000,  40000,  80000,
					 160000, 320000, 600000, 600000};
	static const uint32_t quick[] = {0,   0,    0,    100,  200,   400,
					 800, 1600, 3200, 6400, 10000, 10000};
	uint32_t crash_ms = 0;
	uint32_t count = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(crash); i++)
		assert_int_equal(helper_delay(CLD_DUMPED, SIGSEGV, &crash_ms, &count, 5), crash[i]);
	assert_int_equal(helper_delay(CLD_KILLED, SIGSYS, &crash_ms, &count, 600000), 10000);
	for (size_t i = 0; i < ARRAY_SIZE(quick); i++)
		assert_int_equal(helper_delay(CLD_KILLED, SIGKILL, &crash_ms, &count, 10),
				 quick[i]);
	assert_int_equal(helper_delay(CLD_KILLED, SIGKILL, &crash_ms, &count, 1000), 0);
	assert_int_equal(helper_delay(CLD_EXITED, 1, &crash_ms, &count, 10), 0);
	/* A helper that waits a second before it gives up comes back slower and slower, too. */
	for (size_t i = 1; i < ARRAY_SIZE(quick); i++)
		assert_int_equal(helper_delay(CLD_EXITED, 1, &crash_ms, &count, 1500), quick[i]);
	assert_int_equal(helper_delay(CLD_EXITED, 1, &crash_ms, &count, 10000), 0);
	/* An exit status of 11 is not a signal 11. */
	assert_false(helper_is_attack(CLD_EXITED, SIGSEGV));
}

static void test_harden_words(void **state)
{
	(void)state;
	assert_true(harden_same("0 0", "0\t0\n"));
	assert_true(harden_same("", "\n"));
	assert_true(harden_same("integrity", "none [integrity] confidentiality\n"));
	assert_false(harden_same("integrity", "[none] integrity confidentiality\n"));
	assert_false(harden_same("1", "10"));
	assert_false(harden_same("1", ""));
	assert_false(harden_same("", "/sbin/modprobe"));
	assert_false(harden_same("0 0", "0"));
}

static void test_harden_excuses(void **state)
{
	const struct harden old = {.path = "/proc/sys/kernel/io_uring_disabled",
				   .since = HARDEN_SINCE(6, 6)};
	const struct harden yama = {.path = "/proc/sys/kernel/yama/ptrace_scope"};
	const struct harden lockdown = {.path = "/sys/kernel/security/lockdown"};
	const struct harden other = {.path = "/proc/sys/kernel/yama/ptrace"};

	(void)state;
	assert_true(harden_is_old(&old, "6.1.0-50-cloud-amd64"));
	assert_true(harden_is_old(&old, "5.10.7"));
	assert_false(harden_is_old(&old, "6.6.1"));
	assert_false(harden_is_old(&old, "6.12.57+deb12"));
	assert_false(harden_is_old(&old, "7.0"));
	/* What cannot be read as a version excuses nothing. */
	assert_false(harden_is_old(&old, "x"));
	assert_false(harden_is_old(&yama, "5.10"));
	assert_true(harden_is_lacked(&yama, absent));
	assert_true(harden_is_lacked(&lockdown, absent));
	assert_false(harden_is_lacked(&other, absent));
}

/* Each row has its reason, names one knob, and the row that ends the loading of modules is the
 * last. */
static void test_harden_rows(void **state)
{
	char text[HARDEN_TEXT];

	(void)state;
	for (size_t i = 0; i < harden_count; i++) {
		assert_non_null(harden_rows[i].why);
		assert_true(strncmp(harden_rows[i].path, "/proc/sys/", 10) == 0 ||
			    strncmp(harden_rows[i].path, "/sys/kernel/security/", 21) == 0);
		harden_wanted(&harden_rows[i], text);
		assert_true(harden_same(text, text));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(harden_rows[i].path, harden_rows[k].path);
	}
	assert_string_equal(harden_rows[harden_count - 1].path,
			    "/proc/sys/kernel/modules_disabled");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_legal_subjects, reset),
		cmocka_unit_test_setup(test_legal_words, reset),
		cmocka_unit_test_setup(test_one_life_at_a_time, reset),
		cmocka_unit_test_setup(test_a_parked_life_waits_for_its_turn, reset),
		cmocka_unit_test_setup(test_table_never_overflows, reset),
		cmocka_unit_test_setup(test_store_places, reset),
		cmocka_unit_test_setup(test_store_walk, reset),
		cmocka_unit_test(test_delays),
		cmocka_unit_test(test_harden_words),
		cmocka_unit_test(test_harden_excuses),
		cmocka_unit_test(test_harden_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

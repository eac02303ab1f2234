/* links: base event audit policy programs/launcher */
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

#include "audit/audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "programs/launcher/launcher.h"
#include "service_policy.h"

/* The cgroup of a service is a directory of ordinary files here: inotify(7) tells of both. */
static char root[] = "/tmp/bartizan-limits.XXXXXX";
static int root_fd;
static struct service *web, *other;
static struct err err;

struct launcher launcher;

static unsigned int records, notes;
static char record_limit[24];
static uint64_t record_count;

void audit_put(enum audit_event event, const struct audit_value *values, size_t count)
{
	assert_int_equal(event, EVENT_LIMIT);
	assert_int_equal(count, 3);
	assert_string_equal(values[0].string, "web");
	(void)snprintf(record_limit, sizeof(record_limit), "%s", values[1].string);
	record_count = values[2].number;
	records++;
}

int note_store(const struct service *s, struct err *error)
{
	(void)error;
	assert_ptr_equal(s, web);
	notes++;
	return 0;
}

static void put(const char *service, const char *file, const char *text)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", service, file);
	fd = openat(root_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	(void)close(fd);
}

static void memory_events(unsigned int high, unsigned int oom_kill)
{
	char text[128];

	(void)snprintf(text, sizeof(text),
		       "low 0\nhigh %u\nmax 7\noom 9\noom_kill %u\noom_group_kill 3\n", high,
		       oom_kill);
	put("web", "memory.events", text);
}

static void pids_events(unsigned int max)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "max %u\n", max);
	put("web", "pids.events", text);
}

static void memory_current(uint64_t bytes)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%llu\n", (unsigned long long)bytes);
	put("web", "memory.current", text);
}

static void expect_high(const char *wanted)
{
	char text[32];

	assert_true(fd_read_file(root_fd, "web/memory.high", text, sizeof(text)) > 0);
	assert_string_equal(text, wanted);
}

static struct service *make(uint16_t slot, const char *name)
{
	struct service *s = &launcher.services[slot];

	assert_true(mkdirat(root_fd, name, 0700) == 0 || errno == EEXIST);
	put(name, "memory.events", "high 0\noom_kill 0\n");
	put(name, "pids.events", "max 0\n");
	put(name, "memory.current", "4096\n");
	put(name, "memory.high", "123");
	memset(s, 0, sizeof(*s));
	(void)str_copy(s->name, sizeof(s->name), name);
	s->policy = *valid_policy(name);
	return s;
}

static int setup(void **state)
{
	(void)state;
	return !mkdtemp(root) || (root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
	       loop_open(&launcher.loop) || limits_open(root, &err);
}

static int begin(void **state)
{
	(void)state;
	web = make(3, "web");
	other = make(CONFIG_SERVICES_MAX - 1, "other");
	records = notes = 0;
	record_count = 0;
	limits_begin(web);
	limits_begin(other);
	assert_int_equal(records, 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	limits_end(web);
	limits_end(other);
	while (launcher.loop.timers)
		(void)loop_turn(&launcher.loop, 1000);
	(void)loop_turn(&launcher.loop, 0);
	while (launcher.loop.timers)
		(void)loop_turn(&launcher.loop, 1000);
	return 0;
}

/* Until so many records are out, or nothing but the wait for a notice is left to do. */
static void turn(unsigned int wanted)
{
	for (int i = 0; i < 20 && records < wanted; i++)
		assert_int_equal(loop_turn(&launcher.loop, 500), 0);
	assert_int_equal(records, wanted);
}

/* The rest after a look is over and no notice is left. */
static void settle(void)
{
	do {
		assert_int_equal(loop_turn(&launcher.loop, launcher.loop.timers ? 1000 : 0), 0);
	} while (launcher.loop.timers);
}

static void test_kill_is_told_at_once(void **state)
{
	(void)state;
	memory_events(0, 1);
	turn(1);
	assert_string_equal(record_limit, "memory");
	assert_int_equal(record_count, 1);
	assert_int_equal(web->note.limits_told[LIMIT_MEMORY], 1);
	assert_int_equal(notes, 1);
}

static void test_bomb_is_told_when_doubled(void **state)
{
	(void)state;
	pids_events(4);
	turn(1);
	assert_string_equal(record_limit, "pids_limit");
	assert_int_equal(record_count, 4);
	pids_events(7);
	settle();
	assert_int_equal(records, 1);
	pids_events(8);
	turn(2);
	assert_int_equal(record_count, 8);
	settle();
	pids_events(9);
	settle();
	assert_int_equal(records, 2);
	/* What is left, at the end of the life. */
	limits_end(web);
	assert_int_equal(records, 3);
	assert_int_equal(record_count, 9);
	limits_end(web);
	assert_int_equal(records, 3);
}

/* One look for many notices, however they are mixed; after it, none for a while. */
static void test_notices_are_bounded(void **state)
{
	uint64_t began = clock_monotonic_ms();

	(void)state;
	for (unsigned int i = 1; i <= 500; i++) {
		pids_events(i);
		put("other", "memory.current", "4096\n");
		put("other", "pids.events", "max 0\n");
	}
	turn(1);
	assert_int_equal(record_count, 500);
	for (unsigned int i = 0; i < 10; i++) {
		pids_events(1000 << i);
		assert_int_equal(loop_turn(&launcher.loop, 0), 0);
	}
	assert_true(records == 1 || clock_monotonic_ms() - began >= 250);
	turn(2);
}

static void test_end_forgets(void **state)
{
	(void)state;
	limits_end(web);
	memory_events(5, 5);
	pids_events(5);
	settle();
	assert_int_equal(records, 0);
	/* The next launcher's view: it does not say again what was said. */
	web->note.limits_told[LIMIT_MEMORY] = 5;
	web->note.limits_told[LIMIT_PIDS] = 5;
	limits_resume(web);
	assert_int_equal(records, 0);
	memory_events(5, 6);
	limits_end(web);
	assert_int_equal(records, 1);
	assert_int_equal(record_count, 6);
}

/* The directory lasts: what it counted before is not of this life. */
static void test_counts_are_of_one_life(void **state)
{
	(void)state;
	limits_end(web);
	memory_events(100, 50);
	pids_events(70);
	limits_begin(web);
	settle();
	limits_end(web);
	assert_int_equal(records, 0);
	limits_begin(web);
	memory_events(100, 52);
	turn(1);
	assert_int_equal(record_count, 2);
}

static void test_no_cgroup(void **state)
{
	(void)state;
	limits_end(web);
	(void)str_copy(web->name, sizeof(web->name), "gone");
	limits_begin(web);
	limits_end(web);
	assert_int_equal(records, 0);
}

static void test_pressure(void **state)
{
	struct pressure p = {0};

	(void)state;
	assert_false(pressure_stays(&p, true, 5000));
	assert_false(pressure_stays(&p, true, 5999));
	assert_true(pressure_stays(&p, true, 6000));
	/* Once below, it begins anew. */
	assert_false(pressure_stays(&p, false, 6500));
	assert_false(pressure_stays(&p, true, 7000));
	assert_false(pressure_stays(&p, true, 7999));
	/* So it does when the kernel has not slowed it down for long. */
	assert_false(pressure_stays(&p, true, 7999 + PRESSURE_GAP_MS + 1));
	assert_true(pressure_stays(&p, true, 8000 + 2 * PRESSURE_GAP_MS));
}

#define ABOVE ((57u << 20) + (1u << 19))

/* Events of memory.high until the time of `pressure_stays` has surely passed. */
static void press(uint64_t current)
{
	uint64_t began = clock_monotonic_ms();

	memory_current(current);
	for (unsigned int i = 1; clock_monotonic_ms() - began < PRESSURE_MS + 500; i++) {
		memory_events(i, 0);
		assert_int_equal(loop_turn(&launcher.loop, 100), 0);
	}
	settle();
}

static void test_default_is_lifted(void **state)
{
	(void)state;
	press(ABOVE);
	expect_high("max");
	assert_int_equal(records, 1);
	assert_string_equal(record_limit, "memory_high");
	assert_true(record_count > 0);
	/* Once in a life, for the next launcher too. */
	put("web", "memory.high", "123");
	limits_end(web);
	limits_resume(web);
	press(ABOVE);
	expect_high("123");
	assert_int_equal(records, 1);
}

static void test_reclaim_is_left_alone(void **state)
{
	(void)state;
	press((57u << 20) + 4096); /* a page or two over it is what reclaim looks like */
	expect_high("123");
	assert_int_equal(records, 0);
}

static void test_choice_stays(void **state)
{
	(void)state;
	web->policy.memory_high_lifts = 0;
	press(ABOVE);
	expect_high("123");
	assert_int_equal(records, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kill_is_told_at_once, begin, end),
		cmocka_unit_test_setup_teardown(test_bomb_is_told_when_doubled, begin, end),
		cmocka_unit_test_setup_teardown(test_notices_are_bounded, begin, end),
		cmocka_unit_test_setup_teardown(test_end_forgets, begin, end),
		cmocka_unit_test_setup_teardown(test_counts_are_of_one_life, begin, end),
		cmocka_unit_test_setup_teardown(test_no_cgroup, begin, end),
		cmocka_unit_test(test_pressure),
		cmocka_unit_test_setup_teardown(test_default_is_lifted, begin, end),
		cmocka_unit_test_setup_teardown(test_reclaim_is_left_alone, begin, end),
		cmocka_unit_test_setup_teardown(test_choice_stays, begin, end),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}

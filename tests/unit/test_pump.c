/* links: base event ipc spool crypto export audit mbedtls programs/shipper */
/* When the shipper asks for a checkpoint. Time stands still but for what the test adds. */
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

#include "base/clock.h"
#include "base/fd.h"
#include "programs/shipper/shipper.h"
#include "scratch.h"

#define ENOUGH (WINDOW_RECORDS / 5 * 4) /* for a checkpoint */

static char root[64];
static int root_fd;
static uint64_t now_ms;
static unsigned int asked; /* for the next session */
static unsigned int acknowledged;

uint64_t clock_monotonic_ms(void)
{
	return now_ms;
}

uint64_t clock_real_us(void)
{
	return now_ms * 1000;
}

/* ---- in the place of connect.c, main.c and the session: a collector that takes everything */

void connect_start(struct shipper *s)
{
	(void)s;
	asked++;
}

void connect_close_current(struct shipper *s)
{
	(void)s;
	fail_msg("the session was closed");
}

void connect_fail_current(struct shipper *s, const char *why)
{
	(void)s;
	fail_msg("the session failed: %s", why);
}

void shipper_acknowledge(struct shipper *s)
{
	(void)s;
	acknowledged++;
}

ssize_t export_session_write(struct export_session *s, const void *bytes, size_t size, bool more)
{
	(void)s;
	(void)bytes;
	(void)more;
	return (ssize_t)size;
}

/* ---- */

static struct device_policy policy = {
	.name = "gateway", .audit_max_size = 64 << 20, .audit_max_file = 10};
static struct shipper shipper;

static int make_root(void **state)
{
	(void)state;
	(void)snprintf(root, sizeof(root), "/tmp/pump-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return mkdirat(root_fd, "audit", 0755);
}

static int remove_root(void **state)
{
	(void)state;
	spool_merge_close(&shipper.merge);
	fd_close(&shipper.loop.epoll_fd);
	fd_close(&root_fd);
	return scratch_remove(root);
}

static void write_records(uint64_t first, uint64_t last)
{
	int fd = openat(root_fd, "audit/00000001.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
			0644);
	FILE *file = fdopen(fd, "a");

	assert_non_null(file);
	for (uint64_t n = first; n <= last; n++)
		(void)fprintf(
			file,
			"{\"v\":1,\"n\":%llu,\"b\":\"1122334455667788\",\"m\":1,\"t\":null,\"q\":0,"
			"\"p\":30,\"s\":\"web\",\"e\":\"OUTPUT\",\"d\":{\"line\":\"x\"}}\n",
			(unsigned long long)n);
	assert_int_equal(fclose(file), 0);
}

/* A session that is open to a collector that has stood @checkpoints, and nobody waiting yet. */
static void start(unsigned int checkpoints)
{
	shipper = (struct shipper){.policy = &policy, .spool_fd = root_fd};
	assert_int_equal(loop_open(&shipper.loop), 0);
	pump_init(&shipper);
	for (size_t i = 0; i < 2; i++)
		shipper.lines[i] = (struct line_out){
			.shipper = &shipper, .events = UINT32_MAX, .watch.fd = -1};
	shipper.current = &shipper.lines[0];
	shipper.next = &shipper.lines[1];
	shipper.good_checkpoints = checkpoints;
	now_ms = 100000;
	asked = 0;
	acknowledged = 0;
}

static void send_all(uint64_t last)
{
	for (int i = 0; i < 1000 && shipper.sent < last; i++)
		pump(&shipper);
	assert_int_equal(shipper.sent, last);
}

static void pass(uint64_t ms)
{
	now_ms += ms;
	assert_int_equal(loop_turn(&shipper.loop, 0), 0);
}

/* A flood that is over before its window was old enough: nothing calls pump() any more, and the
 * checkpoint is made as soon as the window is. */
static void test_flood_that_ended_soon(void **state)
{
	(void)state;
	start(WINDOW_TRUST);
	write_records(1, ENOUGH);
	send_all(ENOUGH);
	assert_int_equal(asked, 0);
	/* It sleeps until then, and does not look again and again. */
	assert_true(shipper.haste_timer.armed);
	assert_int_equal(shipper.haste_timer.at_ms, now_ms + WINDOW_HASTE_MS);
	pass(WINDOW_HASTE_MS - 1);
	assert_int_equal(asked, 0);
	pass(1);
	assert_int_equal(asked, 1);
	/* Once: what follows is asked for by those who connect. */
	pass(WINDOW_HASTE_MS);
	assert_int_equal(asked, 1);
}

/* What is not enough for a checkpoint waits; a collector that is not trusted yet owes no more than
 * that, however young the window is. */
static void test_before_and_without_trust(void **state)
{
	(void)state;
	start(WINDOW_TRUST - 1);
	write_records(1, ENOUGH - 1);
	send_all(ENOUGH - 1);
	assert_false(shipper.haste_timer.armed);
	pass(4 * WINDOW_HASTE_MS);
	assert_int_equal(asked, 0);
	pump_checkpoint(&shipper);
	assert_int_equal(acknowledged, 1);
	shipper.good_checkpoints = WINDOW_TRUST - 1;
	write_records(ENOUGH, 2 * ENOUGH - 1);
	send_all(2 * ENOUGH - 1);
	assert_int_equal(asked, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)
	const struct CMUnitTest tests[] = {
		TEST(test_flood_that_ended_soon),
		TEST(test_before_and_without_trust),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

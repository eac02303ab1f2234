/* links: base crypto ipc audit spool mbedtls */
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
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/str.h"
#include "crypto/sha256.h"
#include "spool/reader.h"
#include "spool/recover.h"

#define BOOT 0x1122334455667788ull

static char root[64];
static int root_fd;
static uint64_t n;

static int make_root(void **state)
{
	(void)state;
	(void)str_copy(root, sizeof(root), "/tmp/spool-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	n = 0;
	return mkdirat(root_fd, "audit", 0755) || mkdirat(root_fd, "svc", 0755) ? -1 : 0;
}

static int remove_root(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0) {
		execlp("rm", "rm", "-rf", root, (char *)NULL);
		_exit(127);
	}
	fd_close(&root_fd);
	return waitpid(child, &status, 0) == child && status == 0 ? 0 : -1;
}

static int dir(const char *path)
{
	(void)mkdirat(root_fd, path, 0755);
	return openat(root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static struct spool_found open_spool(struct spool *s, const char *path, bool chained)
{
	struct spool_found found = {0};
	struct err err = {0};

	s->chained = chained;
	s->max_size = 4096;
	s->max_file = 3;
	assert_int_equal(spool_open(s, dir(path), BOOT, &found, &err), 0);
	return found;
}

/* One record of event @event about @service with the next n. */
static void add_line(struct spool *s, struct text *t, enum audit_event event, const char *service)
{
	struct spool_line line = {.n = ++n,
				  .boot = BOOT,
				  .real_us = 1790000000123456ull,
				  .facility = 13,
				  .origin = ORIGIN_INIT,
				  .sn = n};
	struct audit_decoded record = {.def = &audit_events[event], .head.boot_us = 5000 + n};
	size_t start = t->used;

	if (!s->chained)
		line.origin = ORIGIN_COUNT;
	for (; record.def->fields[record.count].type != AUDIT_END; record.count++) {
		record.values[record.count].string = service;
		record.values[record.count].length = strlen(service);
	}
	spool_line_format(t, &line, &record);
	spool_chain(s, t, start);
	assert_false(t->cut);
}

static uint64_t put(struct spool *s, size_t count)
{
	uint64_t evicted = 0;

	for (size_t i = 0; i < count; i++) {
		char memory[2048];
		struct text t = TEXT_IN(memory);

		add_line(s, &t, EVENT_READY, "web");
		assert_int_equal(spool_write(s, &t, 0, &evicted), 0);
	}
	return evicted;
}

static off_t size_of(const char *path)
{
	struct stat st;

	return fstatat(root_fd, path, &st, 0) ? -1 : st.st_size;
}

static void set_size(const char *path, off_t size)
{
	CLEAN_FD int fd = openat(root_fd, path, O_WRONLY | O_CLOEXEC);

	assert_int_equal(ftruncate(fd, size), 0);
}

static void change_byte(const char *path, off_t offset, char byte)
{
	CLEAN_FD int fd = openat(root_fd, path, O_WRONLY | O_CLOEXEC);

	assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
}

static void test_line_form(void **state)
{
	static const char expected[] =
		"{\"v\":1,\"n\":1,\"b\":\"1122334455667788\",\"m\":5001,\"t\":\"2026-09-21T14:13:"
		"20.123456Z\",\"q\":0,\"p\":109,\"s\":\"web\","
		"\"e\":\"READY\",\"o\":\"init\",\"sn\":1,\"d\":{\"service\":\"web\",\"generation\":"
		"0}";
	struct spool s = {.chained = true};
	uint8_t zeros[32] = {0};
	uint8_t digest[32];
	struct sha256 hash;
	char memory[2048];
	struct text t = TEXT_IN(memory);
	struct spool_view view;
	struct spool_span value;

	(void)state;
	add_line(&s, &t, EVENT_READY, "web");
	assert_memory_equal(memory, expected, sizeof(expected) - 1);
	assert_int_equal(spool_line_parse(memory, t.used - 1, &view), 0);
	assert_int_equal(view.n, 1);
	assert_int_equal(view.boot, BOOT);
	assert_int_equal(view.pri, 13 * 8 + SEVERITY_NOTICE);
	assert_true(spool_span_equal(view.service, "web"));
	assert_true(spool_span_equal(view.fields, "{\"service\":\"web\",\"generation\":0}"));
	assert_int_equal(view.hashed, sizeof(expected) - 1);
	sha256_init(&hash);
	sha256_update(&hash, zeros, 32);
	sha256_update(&hash, expected, sizeof(expected) - 1);
	sha256_final(&hash, digest);
	assert_memory_equal(view.hash, digest, 32);
	assert_int_equal(spool_line_member(&view, "generation", &value), 0);
	assert_true(spool_span_equal(value, "0"));
	assert_int_equal(spool_line_member(&view, "web", &value), -ENOENT);
}

/* Bytes that would break the line, the JSON or the header never do. */
static void test_line_hostile_strings(void **state)
{
	static const char *const services[] = {"a\nb",  "\"},\"h\":\"", "WEB", "",     "\xff\xfe",
					       "web\\", "a b",          "-",   "x\x7f"};
	char memory[4096];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
		struct spool s = {.chained = true};
		struct text t = TEXT_IN(memory);
		struct spool_view view;

		add_line(&s, &t, EVENT_START, services[i]);
		assert_ptr_equal(memchr(memory, '\n', t.used), memory + t.used - 1);
		assert_int_equal(spool_line_parse(memory, t.used - 1, &view), 0);
		assert_true(spool_span_equal(view.service, "bartizan"));
	}
}

/* Every cut and nearly every changed byte of a line is refused; none makes the parser read outside
 * (ASan watches). */
static void test_line_mutations(void **state)
{
	struct spool s = {.chained = true};
	char memory[2048];
	struct text t = TEXT_IN(memory);
	struct spool_view view;

	(void)state;
	add_line(&s, &t, EVENT_IMAGE_VERIFIED, "web");
	for (size_t cut = 0; cut < t.used - 1; cut++) {
		char *exact = malloc(cut ? cut : 1);

		memcpy(exact, memory, cut);
		assert_int_equal(spool_line_parse(exact, cut, &view), -EBADMSG);
		free(exact);
	}
	for (size_t i = 0; i < t.used - 1; i++) {
		char kept = memory[i];

		memory[i] = '\0';
		assert_int_equal(spool_line_parse(memory, t.used - 1, &view), -EBADMSG);
		memory[i] = kept;
	}
	memory[t.used - 1] = ' ';
	assert_int_equal(spool_line_parse(memory, t.used, &view), -EBADMSG);
}

static void test_survives_restart(void **state)
{
	struct spool s;
	struct spool_found found;
	uint8_t head[32];

	(void)state;
	found = open_spool(&s, "audit", true);
	assert_int_equal(found.last_n, 0);
	put(&s, 5);
	memcpy(head, s.head, 32);
	spool_close(&s);
	found = open_spool(&s, "audit", true);
	assert_int_equal(found.last_n, 5);
	assert_int_equal(found.last_boot, BOOT);
	assert_int_equal(found.sn[ORIGIN_INIT], 5);
	assert_int_equal(found.cut_bytes, 0);
	assert_false(found.clean);
	assert_memory_equal(s.head, head, 32);
	put(&s, 1);
	spool_close(&s);
	assert_int_equal(open_spool(&s, "audit", true).last_n, 6);
	spool_close(&s);
}

/* A write that a power cut tore: any length of the last line, and NUL bytes behind a good end. */
static void test_torn_end_is_cut(void **state)
{
	struct spool s;
	off_t five;
	off_t six;

	(void)state;
	(void)open_spool(&s, "audit", true);
	put(&s, 5);
	five = size_of("audit/00000001.log");
	put(&s, 1);
	six = size_of("audit/00000001.log");
	spool_close(&s);
	for (off_t torn = six - 1; torn > five; torn -= 13) {
		struct spool_found found;

		set_size("audit/00000001.log", torn);
		found = open_spool(&s, "audit", true);
		assert_int_equal(found.last_n, 5);
		assert_int_equal(found.cut_bytes, torn - five);
		assert_false(found.cut_lines);
		assert_int_equal(size_of("audit/00000001.log"), five);
		n = 5;
		put(&s, 1);
		assert_int_equal(size_of("audit/00000001.log"), six);
		spool_close(&s);
	}
	set_size("audit/00000001.log", six + 4000);
	assert_int_equal(open_spool(&s, "audit", true).cut_bytes, 4000);
	spool_close(&s);
}

/* One changed byte anywhere: the chained spool is cut before it, and everything behind goes, too.
 */
static void test_changed_byte_is_cut(void **state)
{
	struct spool s;
	struct spool_found found;
	off_t three;
	off_t six;

	(void)state;
	(void)open_spool(&s, "audit", true);
	put(&s, 3);
	three = size_of("audit/00000001.log");
	put(&s, 3);
	six = size_of("audit/00000001.log");
	spool_close(&s);
	change_byte("audit/00000001.log", three + 60,
		    '7'); /* a digit: the form stays good, only the hash tells */
	found = open_spool(&s, "audit", true);
	assert_int_equal(found.last_n, 3);
	assert_int_equal(found.cut_bytes, six - three);
	assert_true(found.cut_lines);
	spool_close(&s);
}

static void test_rotation_and_eviction(void **state)
{
	struct spool s;
	struct spool_found found;
	uint64_t evicted;

	(void)state;
	(void)open_spool(&s, "audit", true);
	evicted = put(&s, 100);
	assert_int_equal(s.range.count, 3);
	assert_true(size_of("audit/00000001.log") < 0);
	spool_close(&s);
	found = open_spool(&s, "audit", true);
	assert_int_equal(found.last_n, 100);
	assert_int_equal(found.cut_bytes, 0);
	assert_int_equal(s.range.count, 3);
	/* What was counted as evicted and what is left make the whole. */
	for (uint32_t i = s.range.first; i <= s.range.last; i++)
		evicted += spool_count_newer(s.dir_fd, i, 0);
	assert_int_equal(evicted, 100);
	while (s.range.count > 1)
		assert_int_equal(spool_evict(&s, 100, &evicted), 0);
	assert_int_equal(evicted, 100); /* all acknowledged: no loss */
	assert_int_equal(spool_evict(&s, 0, &evicted), -ENOENT);
	spool_close(&s);
	/* The predecessor is gone: the first line counts as it is, the rest is checked. */
	assert_int_equal(open_spool(&s, "audit", true).last_n, 100);
	spool_close(&s);
}

/* A first line that does not follow from the last of the segment before. */
static void test_swapped_segment_is_cut(void **state)
{
	struct spool s;
	struct spool_found found;

	(void)state;
	(void)open_spool(&s, "audit", true);
	put(&s, 20);
	assert_int_equal(s.range.last, 2);
	spool_close(&s);
	assert_int_equal(renameat(root_fd, "audit/00000002.log", root_fd, "audit/00000003.log"), 0);
	assert_int_equal(renameat(root_fd, "audit/00000001.log", root_fd, "audit/00000002.log"), 0);
	assert_int_equal(renameat(root_fd, "audit/00000003.log", root_fd, "audit/00000001.log"), 0);
	found = open_spool(&s, "audit", true);
	assert_true(found.cut_lines);
	assert_int_equal(size_of("audit/00000002.log"), 0);
	spool_close(&s);
}

static void test_failed_write_leaves_nothing(void **state)
{
	struct spool s;
	char memory[2048];
	struct text t = TEXT_IN(memory);
	uint64_t evicted = 0;
	off_t before;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	(void)open_spool(&s, "audit", true);
	put(&s, 2);
	before = size_of("audit/00000001.log");
	add_line(&s, &t, EVENT_READY, "web");
	{
		int kept = s.fd;

		s.fd = full;
		assert_int_equal(spool_write(&s, &t, 0, &evicted), -ENOSPC);
		s.fd = kept;
	}
	assert_int_equal(size_of("audit/00000001.log"), before);
	assert_int_equal(spool_write(&s, &t, 0, &evicted), 0);
	spool_close(&s);
	fd_close(&full);
	assert_int_equal(open_spool(&s, "audit", true).last_n, 3);
	spool_close(&s);
}

static void expect_n(struct spool_merge *m, uint64_t expected)
{
	assert_true(spool_merge_peek(m));
	assert_int_equal(m->current->view.n, expected);
	spool_merge_next(m);
}

/* Two spools that the writer fills in turn come out in the order of n, over rotation, while being
 * written, and from any start. */
static void test_merge_follows(void **state)
{
	static struct spool_merge m;
	struct spool audit;
	struct spool web;
	uint64_t next = 1;

	(void)state;
	(void)open_spool(&audit, "audit", true);
	(void)open_spool(&web, "svc/web", false);
	audit.max_file = 100;
	web.max_file = 100;
	spool_merge_open(&m, root_fd, 0);
	assert_false(spool_merge_peek(&m));
	for (int turn = 0; turn < 40; turn++) {
		put(&audit, (size_t)turn % 4);
		put(&web, (size_t)turn % 3);
		while (next <= n)
			expect_n(&m, next++);
		assert_false(spool_merge_peek(&m));
	}
	assert_true(audit.range.count > 1 && web.range.count > 1);
	spool_merge_close(&m);
	for (uint64_t from = 0; from < n; from += 7) {
		spool_merge_open(&m, root_fd, from);
		for (next = from + 1; next <= n; next++)
			expect_n(&m, next);
		assert_false(spool_merge_peek(&m));
		spool_merge_close(&m);
	}
	spool_close(&audit);
	spool_close(&web);
}

/* A half-written line is not taken, and what replaces it is; bad lines are passed over. */
static void test_reader_torn_and_bad(void **state)
{
	struct spool_reader r;
	struct spool s;
	char memory[2048];
	struct text t = TEXT_IN(memory);

	(void)state;
	(void)open_spool(&s, "svc/web", false);
	spool_reader_open(&r, dir("svc/web"), 0);
	put(&s, 1);
	add_line(&s, &t, EVENT_READY, "web");
	assert_int_equal(write(s.fd, memory, 50), 50);
	assert_int_equal(spool_reader_peek(&r), 1);
	spool_reader_next(&r);
	assert_int_equal(spool_reader_peek(&r), 0);
	assert_int_equal(ftruncate(s.fd, (off_t)s.size), 0);
	assert_int_equal(write(s.fd, "nonsense\n\n", 10), 10);
	assert_int_equal(spool_reader_peek(&r), 0);
	assert_int_equal(write(s.fd, memory, t.used), t.used);
	assert_int_equal(spool_reader_peek(&r), 1);
	assert_int_equal(r.view.n, 2);
	spool_reader_next(&r);
	assert_int_equal(spool_reader_peek(&r), 0);
	spool_reader_close(&r);
	spool_close(&s);
}

static void test_cursor(void **state)
{
	uint64_t boot = 0;
	uint64_t last = 0;

	(void)state;
	assert_int_equal(spool_cursor_read(root_fd, &boot, &last), -ENOENT);
	for (uint64_t i = 1; i < 6; i++) {
		assert_int_equal(spool_cursor_write(root_fd, BOOT, i * 100), 0);
		assert_int_equal(spool_cursor_read(root_fd, &boot, &last), 0);
		assert_int_equal(last, i * 100);
	}
	assert_int_equal(size_of("cursor"), 128);
	/* Turn 5 lies in slot 1. Torn: the one before counts. Both torn: none. */
	change_byte("cursor", 64 + 30, 'x');
	assert_int_equal(spool_cursor_read(root_fd, &boot, &last), 0);
	assert_int_equal(last, 400);
	change_byte("cursor", 20, 'x');
	assert_int_equal(spool_cursor_read(root_fd, &boot, &last), -ENOENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)
	const struct CMUnitTest tests[] = {
		TEST(test_line_form),
		TEST(test_line_hostile_strings),
		TEST(test_line_mutations),
		TEST(test_survives_restart),
		TEST(test_torn_end_is_cut),
		TEST(test_changed_byte_is_cut),
		TEST(test_rotation_and_eviction),
		TEST(test_swapped_segment_is_cut),
		TEST(test_failed_write_leaves_nothing),
		TEST(test_merge_follows),
		TEST(test_reader_torn_and_bad),
		TEST(test_cursor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

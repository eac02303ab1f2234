/* links: base crypto ipc audit spool mbedtls */
#include "spool_fixture.h"

#include "crypto/sha256.h"
#include "spool/recover.h"

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

/* In a chained spool a line without a hash was not written by a recorder. */
static void test_line_without_hash_is_cut(void **state)
{
	struct spool s;
	struct spool_found found;

	(void)state;
	(void)open_spool(&s, "audit", true);
	put(&s, 3);
	s.chained = false;
	put(&s, 1);
	spool_close(&s);
	found = open_spool(&s, "audit", true);
	assert_int_equal(found.last_n, 3);
	assert_true(found.cut_lines);
	/* Not even as the first one, where there is no hash before to judge it by. */
	s.chained = false;
	while (s.range.count < 2)
		put(&s, 1);
	spool_close(&s);
	assert_int_equal(unlinkat(root_fd, "audit/00000001.log", 0), 0);
	found = open_spool(&s, "audit", true);
	assert_true(found.cut_lines);
	assert_int_equal(s.size, 0);
	spool_close(&s);
}

/* What is no file is no segment to go on with. */
static void test_no_file(void **state)
{
	struct spool s = {.chained = true, .max_size = 4096, .max_file = 3};
	struct spool_found found = {0};
	struct err err = {0};

	(void)state;
	(void)dir("audit");
	assert_int_equal(mkfifoat(root_fd, "audit/00000001.log", 0644), 0);
	assert_true(spool_open(&s, dir("audit"), BOOT, &found, &err) < 0);
}

/* One that is not acknowledged is counted, though it is the last of its segment. */
static void test_last_of_a_segment(void **state)
{
	struct spool s;
	uint64_t evicted = 0;
	uint64_t first;

	(void)state;
	(void)open_spool(&s, "audit", true);
	while (s.range.count < 2)
		put(&s, 1);
	first = spool_segment_first_n(s.dir_fd, 2);
	assert_int_equal(spool_evict(&s, first - 2, &evicted), 0);
	assert_int_equal(evicted, 1);
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

/* The segment before the newest ends in a line that is damaged, then torn: which hash the newest
 * follows is not known, so nothing of it is cut. The verifier tells of the damage. */
static void test_damaged_predecessor_cuts_nothing(void **state)
{
	static const char before[] = "audit/00000001.log";
	struct spool s;
	off_t end;

	(void)state;
	(void)open_spool(&s, "audit", true);
	while (s.range.last < 2)
		put(&s, 1);
	put(&s, 2);
	spool_close(&s);
	end = size_of(before);
	for (int turn = 0; turn < 2; turn++) {
		struct spool_found found;

		if (turn == 0)
			change_byte(before, end - 80, '}');
		else
			set_size(before, end - 20);
		found = open_spool(&s, "audit", true);
		assert_false(found.cut_lines);
		assert_int_equal(found.cut_bytes, 0);
		assert_int_equal(found.last_n, n);
		assert_int_equal(s.size, size_of("audit/00000002.log"));
		spool_close(&s);
	}
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
	const struct CMUnitTest tests[] = {
		TEST(test_line_form),
		TEST(test_survives_restart),
		TEST(test_torn_end_is_cut),
		TEST(test_changed_byte_is_cut),
		TEST(test_line_without_hash_is_cut),
		TEST(test_no_file),
		TEST(test_last_of_a_segment),
		TEST(test_rotation_and_eviction),
		TEST(test_swapped_segment_is_cut),
		TEST(test_damaged_predecessor_cuts_nothing),
		TEST(test_failed_write_leaves_nothing),
		TEST(test_cursor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

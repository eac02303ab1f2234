/* links: base crypto ipc audit spool mbedtls */
/* Readers of spools that are written, rotated and cut under them. */
#include "spool_fixture.h"

#include "noted_calls.h"
#include "spool/reader.h"

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

/* What the recorder does while the spools are looked at: done once, right behind the next read
 * that finds nothing. */
static void (*meanwhile)(void);

ssize_t pread(int fd, void *buffer, size_t size, off_t offset)
{
	ssize_t (*real)(int, void *, size_t, off_t);
	void (*now)(void) = meanwhile;
	ssize_t count;

	*(void **)&real = next_of("pread");
	count = real(fd, buffer, size, offset);
	if (count == 0 && now) {
		meanwhile = NULL;
		now();
	}
	return count;
}

static struct spool audit;
static struct spool web;

static void write_both(void)
{
	put(&audit, 1);
	put(&web, 1);
}

/* The audit spool has just been found empty when a record comes there and then one elsewhere:
 * the second is found first, and is not the next. */
static void test_record_behind_the_look(void **state)
{
	static struct spool_merge m;

	(void)state;
	(void)open_spool(&audit, "audit", true);
	(void)open_spool(&web, "svc/web", false);
	write_both();
	spool_merge_open(&m, root_fd, 0);
	expect_n(&m, 1);
	expect_n(&m, 2);
	assert_false(spool_merge_peek(&m));
	meanwhile = write_both;
	expect_n(&m, 3);
	assert_null(meanwhile);
	expect_n(&m, 4);
	assert_false(spool_merge_peek(&m));
	spool_merge_close(&m);
	spool_close(&audit);
	spool_close(&web);
}

static void expect_next(struct spool_reader *r, uint64_t expected)
{
	assert_int_equal(spool_reader_peek(r), 1);
	assert_int_equal(r->view.n, expected);
	spool_reader_next(r);
}

/* Recovery cuts lines away that were read already. What stands in their place is shorter than what
 * was read, and is read; what was known is not read again. */
static void test_cut_below_what_was_read(void **state)
{
	struct spool_reader r;
	struct spool s;
	off_t one;

	(void)state;
	(void)open_spool(&s, "audit", true);
	put(&s, 1);
	one = size_of("audit/00000001.log");
	put(&s, 4);
	spool_reader_open(&r, dir("audit"), 0);
	for (uint64_t i = 1; i <= 5; i++)
		expect_next(&r, i);
	assert_int_equal(spool_reader_peek(&r), 0);
	spool_close(&s);
	change_byte("audit/00000001.log", one + 60, '7');
	assert_true(open_spool(&s, "audit", true).cut_lines);
	assert_int_equal(size_of("audit/00000001.log"), one);
	assert_int_equal(spool_reader_peek(&r), 0);
	put(&s, 1);
	expect_next(&r, 6);
	assert_int_equal(spool_reader_peek(&r), 0);
	spool_reader_close(&r);
	spool_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_merge_follows),
		TEST(test_reader_torn_and_bad),
		TEST(test_record_behind_the_look),
		TEST(test_cut_below_what_was_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

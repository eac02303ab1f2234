/* links: base crypto ipc audit spool mbedtls */
/* A trail against what the collector received. */
#include "trail_fixture.h"

#include <sys/mman.h>

#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static bool take(struct anchor *a, uint64_t n, uint64_t boot, const char *hash, uint64_t m)
{
	char line[512];

	(void)snprintf(line, sizeof(line),
		       "<109>1 - gateway bartizan - READY [meta sequenceId=\"1\"][bartizan@32473 "
		       "n=\"%llu\" "
		       "b=\"%016llx\" m=\"%llu\" producer=\"init\" sn=\"1\" h=\"%s\"] x",
		       (unsigned long long)n, (unsigned long long)boot, (unsigned long long)m,
		       hash);
	return anchor_take(a, line, strlen(line));
}

/* The messages of the lines @from..@to of the trail in SEGMENT. */
static void take_lines(struct anchor *a, size_t from, size_t to)
{
	load(SEGMENT);
	for (size_t i = from; i <= to; i++) {
		struct spool_view view;
		char hash[65];
		char *line = line_at(i);

		assert_int_equal(spool_line_parse(line, (size_t)(strchr(line, '\n') - line), &view),
				 0);
		str_hex(hash, view.hash, 32);
		assert_true(take(a, view.n, view.boot, hash, view.boot_us));
	}
}

static void test_anchor_finds_truncation(void **state)
{
	struct writer w = make_trail(1 << 20);
	struct anchor a = {0};
	struct verify v;

	(void)state;
	close_writer(&w);
	take_lines(&a, 0, RECORDS);
	v = judge(&a);
	assert_true(verify_holds(&v));
	/* Cut exactly behind a seal: nothing else can tell. */
	cut_out(line_at(12), text + text_size);
	store(SEGMENT);
	expect_good();
	a.at = 0;
	v = judge(&a);
	assert_int_equal(v.found[VERIFY_TRUNCATED].count, RECORDS + 1 - 12);
	assert_false(verify_holds(&v));
	anchor_free(&a);
}

static void test_anchor_finds_what_it_lacks(void **state)
{
	struct writer w = make_trail(1 << 20);
	struct anchor a = {0};
	struct verify v;

	(void)state;
	close_writer(&w);
	take_lines(&a, 3, 9);
	take_lines(&a, 15, 20);
	v = judge(&a);
	assert_int_equal(v.found[VERIFY_UNDELIVERED].count, 5);
	assert_int_equal(v.found[VERIFY_UNDELIVERED].n, 11);
	anchor_free(&a);
}

static void test_anchor_finds_forks(void **state)
{
	struct writer w = make_trail(1 << 20);
	struct anchor a = {0};
	struct verify v;

	(void)state;
	close_writer(&w);
	take_lines(&a, 0, 20);
	/* Another boot was at number 15, and began where one had been. */
	assert_true(take(&a, 15, BOOT + 1, HASH, 5));
	anchor_sort(&a);
	v = judge(&a);
	assert_int_equal(v.found[VERIFY_FORK].count, 1);
	assert_int_equal(v.found[VERIFY_BACK].count, 1);
	anchor_free(&a);
	/* Two boots say that they follow the same record, with numbers that never meet. */
	for (uint64_t i = 0; i < 2; i++)
		(void)anchor_add_start(
			&a, &(struct anchor_start){.boot = 7 + i, .n = 100 + i, .previous_n = 4},
			w.previous);
	v = judge(&a);
	assert_int_equal(v.found[VERIFY_FORK].count, 1);
	anchor_free(&a);
}

static void test_anchor_hostile_lines(void **state)
{
	static const char *const lines[] = {
		"",
		"<109>1 - g b - READY [bartizan@32473 ",
		"<109>1 - g b - READY [bartizan@32473 n=\"1",
		"<109>1 - g b - READY [bartizan@32473 n=\"1\" b=\"11\" m=\"1\" h=\"00\"]",
		"[bartizan@32473 n=\"1\" b=\"1122334455667788\" m=\"1\"]",
		"<109>1 - g b - OUTPUT [bartizan@32473 n=\"1\" b=\"1122334455667788\" m=\"1\"] "
		"h=\"00\"",
		"<109>1 - g b - SEAL_KEY [bartizan@32473 n=\"99999999999999999999\" "
		"b=\"1122334455667788\"]",
		/* Whole, but no message: no PRI and version stand before it. */
		"READY [bartizan@32473 n=\"1\" b=\"1122334455667788\" m=\"1\" h=\"" HASH "\"]",
		"<109>2 - g b - READY [bartizan@32473 n=\"1\" b=\"1122334455667788\" m=\"1\" "
		"h=\"" HASH "\"] >1 ",
		/* A value that is longer than any. */
		"<109>1 - g b - READY [bartizan@32473 n=\"1\" b=\"1122334455667788\" m=\"1\" "
		"h=\"" HASH HASH "\"]",
	};
	struct anchor a = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char *exact = malloc(strlen(lines[i]) + 1);

		memcpy(exact, lines[i], strlen(lines[i]));
		assert_false(anchor_take(&a, exact, strlen(lines[i])));
		free(exact);
	}
	assert_int_equal(a.foreign, 4);
	assert_int_equal(a.count, 0);
	anchor_free(&a);
}

/* A line that does not end is passed over, and what follows it is read. */
static void test_anchor_endless_line(void **state)
{
	static const char line[] =
		"\n<109>1 - g b - READY [bartizan@32473 n=\"9\" b=\"1122334455667788\" m=\"1\" "
		"h=\"" HASH "\"]";
	static char bytes[300000];
	struct anchor a = {0};
	CLEAN_FD int fd = memfd_create("collector", MFD_CLOEXEC);

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(fd_write_all(fd, bytes, sizeof(bytes)), 0);
	assert_int_equal(fd_write_all(fd, line, sizeof(line) - 1), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(anchor_read(&a, fd), 0);
	assert_int_equal(a.count, 1);
	assert_int_equal(a.entries[0].n, 9);
	anchor_free(&a);
}

/* Of so many boots a fall of n is seen. There is no room for more, and what one of those sent again
 * is not taken for an older state. */
static void test_anchor_boots(void **state)
{
	struct anchor a = {0};

	(void)state;
	for (uint64_t boot = 1; boot <= ANCHOR_BOOTS + 10; boot++)
		assert_true(take(&a, boot, boot, HASH, 5));
	assert_int_equal(a.boot_count, ANCHOR_BOOTS);
	for (uint64_t boot = 1; boot <= ANCHOR_BOOTS + 10; boot++)
		assert_true(take(&a, boot, boot, HASH, 5));
	assert_int_equal(a.back_n, 0);
	anchor_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_anchor_finds_truncation), TEST(test_anchor_finds_what_it_lacks),
		TEST(test_anchor_finds_forks),      TEST(test_anchor_hostile_lines),
		TEST(test_anchor_endless_line),     TEST(test_anchor_boots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* links: base crypto ipc audit spool mbedtls */
/* Spools that no recorder leaves: more of them than there may be, a line without an end. */
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

#include "base/fd.h"
#include "scratch.h"
#include "spool/reader.h"
#include "spool/recover.h"

static char root[64];
static int root_fd;

static int make_root(void **state)
{
	(void)state;
	(void)snprintf(root, sizeof(root), "/tmp/odd-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return mkdirat(root_fd, "audit", 0755) | mkdirat(root_fd, "svc", 0755);
}

static int remove_root(void **state)
{
	(void)state;
	fd_close(&root_fd);
	return scratch_remove(root);
}

static void add(const char *path, const char *bytes, size_t size)
{
	CLEAN_FD int fd = openat(root_fd, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	assert_int_equal(fd_write_all(fd, bytes, size), 0);
}

static void add_line(const char *path, uint64_t n)
{
	char line[256];
	int size = snprintf(
		line, sizeof(line),
		"{\"v\":1,\"n\":%llu,\"b\":\"1122334455667788\",\"m\":1,\"t\":null,\"q\":0,"
		"\"p\":30,\"s\":\"web\",\"e\":\"OUTPUT\",\"d\":{\"line\":\"x\"}}\n",
		(unsigned long long)n);

	add(path, line, (size_t)size);
}

/* No more are read than there is room for; those that are come in order. */
static void test_too_many(void **state)
{
	static struct spool_merge m;
	uint64_t last = 0;
	char path[64];

	(void)state;
	for (unsigned int i = 0; i < SPOOL_MERGE_MAX + 20; i++) {
		(void)snprintf(path, sizeof(path), "svc/s%u", i);
		assert_int_equal(mkdirat(root_fd, path, 0755), 0);
		(void)snprintf(path, sizeof(path), "svc/s%u/00000001.log", i);
		add_line(path, i + 1);
	}
	spool_merge_open(&m, root_fd, 0);
	while (spool_merge_peek(&m)) {
		assert_true(m.current->view.n > last);
		last = m.current->view.n;
		spool_merge_next(&m);
	}
	assert_true(m.count <= SPOOL_MERGE_MAX);
	assert_true(last > 0);
	spool_merge_close(&m);
}

/* What is longer than any line is passed over. */
static void test_endless_line(void **state)
{
	static char bytes[3 * SPOOL_LINE_SIZE];
	struct spool_reader r;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	bytes[sizeof(bytes) - 1] = '\n';
	add_line("audit/00000001.log", 1);
	add("audit/00000001.log", bytes, sizeof(bytes));
	add_line("audit/00000001.log", 2);
	spool_reader_open(&r, openat(root_fd, "audit", O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
	for (uint64_t n = 1; n <= 2; n++) {
		assert_int_equal(spool_reader_peek(&r), 1);
		assert_int_equal(r.view.n, n);
		spool_reader_next(&r);
	}
	assert_int_equal(spool_reader_peek(&r), 0);
	spool_reader_close(&r);
}

/* A GAP that is evicted takes what it confessed with it. */
static void test_confessed(void **state)
{
	static const char gap[] =
		"{\"v\":1,\"n\":2,\"b\":\"1122334455667788\",\"m\":1,\"t\":null,\"q\":0,\"p\":105,"
		"\"s\":\"bartizan\",\"e\":\"GAP\",\"o\":\"recorder\",\"sn\":1,\"d\":{\"producer\":"
		"\"init\","
		"\"lane\":0,\"count\":40}}\n";
	CLEAN_FD int audit_fd = openat(root_fd, "audit", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	add_line("audit/00000001.log", 1);
	add("audit/00000001.log", gap, sizeof(gap) - 1);
	assert_int_equal(spool_count_newer(audit_fd, 1, 0), 1 + 1 + 40);
	assert_int_equal(spool_count_newer(audit_fd, 1, 1), 1 + 40);
	assert_int_equal(spool_count_newer(audit_fd, 1, 2), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)
	const struct CMUnitTest tests[] = {
		TEST(test_too_many),
		TEST(test_endless_line),
		TEST(test_confessed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

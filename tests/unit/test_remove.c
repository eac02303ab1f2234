/* links: base sys */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "sys/remove.h"

#define DEPTH 3000 /* its path would be longer than PATH_MAX */
#define FILES 500
#define TURNS 100000

static char directory[] = "/tmp/bartizan-remove.XXXXXX";
static int directory_fd;

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return directory_fd < 0;
}

static int teardown(void **state)
{
	(void)state;
	fd_close(&directory_fd);
	return rmdir(directory); /* that nothing is left is part of the test */
}

static void put(int where_fd, const char *name)
{
	CLEAN_FD int fd = openat(where_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
}

static int put_directory(int where_fd, const char *name)
{
	int fd;

	assert_int_equal(mkdirat(where_fd, name, 0700), 0);
	fd = openat(where_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* How many turns it took. */
static unsigned int remove_all(const char *name, unsigned int step)
{
	unsigned int turns = 0, budget;
	int r;

	do {
		budget = step;
		r = remove_some(directory_fd, name, &budget);
		assert_true(budget <= step);
	} while (r == -EAGAIN && ++turns < TURNS);
	assert_int_equal(r, 0);
	assert_int_equal(faccessat(directory_fd, name, F_OK, AT_SYMLINK_NOFOLLOW), -1);
	return turns;
}

static void test_small_things(void **state)
{
	(void)state;
	assert_int_equal(remove_all("nothing", 1), 0);
	put(directory_fd, "file");
	assert_int_equal(remove_all("file", 1), 0);
	assert_int_equal(mkdirat(directory_fd, "empty", 0700), 0);
	assert_int_equal(remove_all("empty", 8), 0);
}

/* A directory for each level, a file in each that is called as what is moved up. */
static void test_deep(void **state)
{
	int fd = put_directory(directory_fd, "deep");

	(void)state;
	for (int i = 0; i < DEPTH; i++) {
		int inner_fd = put_directory(fd, "d");

		put(fd, "0");
		put(fd, "1");
		fd_close(&fd);
		fd = inner_fd;
	}
	fd_close(&fd);
	(void)remove_all("deep", 64);
}

/* Directories that are called as what is moved up: comes first, while the numbers are small. */
static void test_taken_names(void **state)
{
	CLEAN_FD int fd = put_directory(directory_fd, "taken");
	char name[16];

	(void)state;
	for (int i = 0; i < FILES; i++) {
		CLEAN_FD int outer_fd = -1;
		CLEAN_FD int inner_fd = -1;

		(void)snprintf(name, sizeof(name), "%d", i);
		outer_fd = put_directory(fd, name);
		inner_fd = put_directory(outer_fd, "inner");
		put(inner_fd, "file");
	}
	(void)remove_all("taken", 32);
}

static void test_wide(void **state)
{
	CLEAN_FD int fd = put_directory(directory_fd, "wide");
	CLEAN_FD int inner_fd = put_directory(fd, "volume");
	char name[16];

	(void)state;
	for (int i = 0; i < FILES; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		put(inner_fd, name);
		put(fd, name);
		(void)snprintf(name, sizeof(name), "d%d", i);
		assert_int_equal(mkdirat(inner_fd, name, 0700), 0);
	}
	/* It did not do more at once than it was allowed to. */
	assert_true(remove_all("wide", 10) >= 3 * FILES / 10);
}

/* What a link of the service leads to is not the service's. */
static void test_links(void **state)
{
	CLEAN_FD int other_fd = put_directory(directory_fd, "other");
	CLEAN_FD int fd = put_directory(directory_fd, "links");

	(void)state;
	put(other_fd, "kept");
	assert_int_equal(symlinkat("../other", fd, "directory"), 0);
	assert_int_equal(symlinkat("../other/kept", fd, "file"), 0);
	assert_int_equal(symlinkat("other", directory_fd, "itself"), 0);
	(void)remove_all("links", 4);
	(void)remove_all("itself", 4);
	assert_int_equal(faccessat(other_fd, "kept", F_OK, 0), 0);
	(void)remove_all("other", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken_names), cmocka_unit_test(test_small_things),
		cmocka_unit_test(test_deep),        cmocka_unit_test(test_wide),
		cmocka_unit_test(test_links),
	};

	return cmocka_run_group_tests_name("remove", tests, setup, teardown);
}

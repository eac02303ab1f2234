/* links: base ipc crypto trust mbedtls */
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

#include "base/fd.h"
#include "trust/floors.h"

static char directory[] = "/tmp/bartizan-floors.XXXXXX";
static int directory_fd;
static struct floors floors;
static struct err err;

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
	(void)unlinkat(directory_fd, "floors", 0);
	(void)unlinkat(directory_fd, "floors.new", 0);
	return close(directory_fd) || rmdir(directory);
}

static void put(const void *bytes, size_t size)
{
	CLEAN_FD int fd =
		openat(directory_fd, "floors", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, bytes, size), size);
}

static void test_absent(void **state)
{
	(void)state;
	memset(&floors, 0x55, sizeof(floors));
	assert_int_equal(floors_load(directory_fd, &floors, &err), 0);
	assert_int_equal(floors.count, 0);
	assert_int_equal(floors_epoch(&floors, "web"), 0);
}

static void test_raise(void **state)
{
	struct floors again;

	(void)state;
	assert_int_equal(floors_load(directory_fd, &floors, &err), 0);
	assert_int_equal(floors_raise(&floors, "web", 3, 1, &err), 1);
	assert_int_equal(floors_raise(&floors, "web", 3, 1, &err), 0);
	assert_int_equal(floors_raise(&floors, "web", 2, 1, &err), 0);
	assert_int_equal(floors_epoch(&floors, "web"), 3);
	assert_int_equal(floors_raise(&floors, "web", 4, 2, &err), 1);
	assert_int_equal(floors_raise(&floors, "db", 9, 2, &err), 1);
	assert_int_equal(floors_raise(&floors, "../db", 9, 2, &err), -EINVAL);
	assert_int_equal(floors_store(directory_fd, &floors, &err), 0);
	assert_int_equal(faccessat(directory_fd, "floors.new", F_OK, 0), -1);
	assert_int_equal(floors_load(directory_fd, &again, &err), 0);
	assert_memory_equal(&again, &floors, sizeof(floors));
	assert_int_equal(floors_epoch(&again, "web"), 4);
	assert_int_equal(floors_epoch(&again, "db"), 9);
	assert_int_equal(floors_epoch(&again, "we"), 0);
}

static void test_full(void **state)
{
	char name[NAME_SIZE];

	(void)state;
	memset(&floors, 0, sizeof(floors));
	for (int i = 0; i < FLOORS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "s%d", i);
		assert_int_equal(floors_raise(&floors, name, 1, 1, &err), 1);
	}
	assert_int_equal(floors_raise(&floors, "one-more", 1, 1, &err), -ENOSPC);
	assert_int_equal(floors_raise(&floors, "s7", 2, 1, &err), 1);
}

/* Damage is an error and never "no floors": that would be a rollback for everybody who can spoil
 * one byte. */
static void test_damaged(void **state)
{
	struct floors good = {.magic = FLOORS_MAGIC, .count = 1, .floors = {{"web", 4, 1}}};
	struct floors bad = good;
	struct floors untouched = {0};

	(void)state;
	put(&good, sizeof(good));
	assert_int_equal(floors_load(directory_fd, &floors, &err), 0);
	put(&good, sizeof(good) - 1);
	assert_int_equal(floors_load(directory_fd, &untouched, &err), -EBADMSG);
	put("", 0);
	assert_int_equal(floors_load(directory_fd, &untouched, &err), -EBADMSG);
	bad.magic++;
	put(&bad, sizeof(bad));
	assert_int_equal(floors_load(directory_fd, &untouched, &err), -EBADMSG);
	bad = good;
	bad.count = FLOORS_MAX + 1;
	put(&bad, sizeof(bad));
	assert_int_equal(floors_load(directory_fd, &untouched, &err), -EBADMSG);
	bad = good;
	memset(bad.floors[0].name, 'a', NAME_SIZE);
	put(&bad, sizeof(bad));
	assert_int_equal(floors_load(directory_fd, &untouched, &err), -EBADMSG);
	assert_int_equal(untouched.magic, 0);
	assert_true(err.hint[0]);
}

static void test_not_a_file(void **state)
{
	(void)state;
	assert_int_equal(unlinkat(directory_fd, "floors", 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", directory_fd, "floors"), 0);
	assert_int_equal(floors_load(directory_fd, &floors, &err), -ELOOP);
	assert_int_equal(unlinkat(directory_fd, "floors", 0), 0);
	assert_int_equal(mkfifoat(directory_fd, "floors", 0600), 0);
	assert_int_equal(floors_load(directory_fd, &floors, &err), -EBADMSG);
}

/* The directory is gone, read-only or full: an error, and the old file stays. */
static void test_store_fails(void **state)
{
	(void)state;
	memset(&floors, 0, sizeof(floors));
	floors.magic = FLOORS_MAGIC;
	assert_int_equal(floors_store(-1, &floors, &err), -EBADF);
	assert_string_equal(err.msg, "cannot write floors: Bad file descriptor");
	assert_int_equal(mkdirat(directory_fd, "floors.new", 0700), 0);
	assert_int_equal(floors_store(directory_fd, &floors, &err), -EISDIR);
	assert_int_equal(unlinkat(directory_fd, "floors.new", AT_REMOVEDIR), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_absent),     cmocka_unit_test(test_raise),
		cmocka_unit_test(test_full),       cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_not_a_file), cmocka_unit_test(test_store_fails),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

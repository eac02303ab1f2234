/* links: base */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void test_ownership(void **state)
{
	int outer;
	int fd;

	(void)state;
	{
		CLEAN_FD int inner = open("/dev/null", O_RDONLY | O_CLOEXEC);
		CLEAN_FD int given = open("/dev/null", O_RDONLY | O_CLOEXEC);

		outer = inner;
		fd = take_fd(&given);
		assert_int_equal(given, -1);
	}
	assert_false(is_open(outer));
	assert_true(is_open(fd));
	errno = EXDEV;
	fd_close(&fd);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(fd, -1);
	fd_close(&fd);
}

static void test_exact(void **state)
{
	char buffer[8] = "";
	CLEAN_FD int fd = memfd_create("t", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(fd_write_all(fd, "12345678", 8), 0);
	assert_int_equal(fd_pread_exact(fd, buffer, 4, 4), 0);
	assert_memory_equal(buffer, "5678", 4);
	assert_int_equal(fd_pread_exact(fd, buffer, 4, 5), -EIO);
	assert_int_equal(fd_pread_exact(fd, buffer, 1, 8), -EIO);
}

static void test_files(void **state)
{
	char path[] = "/tmp/test_fd.XXXXXX";
	char link[40];
	char buffer[8];
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(fd_write_all(fd, "seven77", 7), 0);
	fd_close(&fd);
	assert_int_equal(fd_read_file(AT_FDCWD, path, buffer, sizeof(buffer)), 7);
	assert_string_equal(buffer, "seven77");
	/* No room for the terminator is "too big", never a cut text. */
	assert_int_equal(fd_read_file(AT_FDCWD, path, buffer, 7), -EFBIG);
	(void)snprintf(link, sizeof(link), "%s.l", path);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(fd_read_file(AT_FDCWD, link, buffer, sizeof(buffer)), -ELOOP);
	assert_int_equal(fd_write_file(AT_FDCWD, link, "x"), -ELOOP);
	assert_int_equal(fd_write_file(AT_FDCWD, path, "x"), 0);
	(void)unlink(link);
	(void)unlink(path);
	assert_int_equal(fd_write_file(AT_FDCWD, path, "x"), -ENOENT);
}

/* Every seal counts, and the exact size; F_SEAL_EXEC, which a hardened kernel adds, does not. */
static void test_sealed(void **state)
{
	static const int lacking[] = {F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL,
				      F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SEAL,
				      F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_SEAL,
				      F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW};
	char buffer[4];
	CLEAN_FD int good = fd_sealed_memfd("t", "data", 4);

	(void)state;
	assert_true(good >= 0);
	assert_int_equal(fd_check_sealed(good, 4), 0);
	assert_int_equal(fd_check_sealed(good, 3), -EBADMSG);
	assert_int_equal(fd_check_sealed(good, 5), -EBADMSG);
	assert_int_equal(fd_read_sealed(good, buffer, 4), 0);
	assert_memory_equal(buffer, "data", 4);
	assert_int_equal(write(good, "x", 1), -1);
	for (size_t i = 0; i < sizeof(lacking) / sizeof(lacking[0]); i++) {
		CLEAN_FD int fd = memfd_create("t", MFD_CLOEXEC | MFD_ALLOW_SEALING);

		assert_int_equal(fd_write_all(fd, "data", 4), 0);
		assert_int_equal(fcntl(fd, F_ADD_SEALS, lacking[i]), 0);
		assert_int_equal(fd_check_sealed(fd, 4), -EBADMSG);
	}
	{
		CLEAN_FD int plain = open("/dev/null", O_RDONLY | O_CLOEXEC);

		assert_int_equal(fd_check_sealed(plain, 0), -EBADMSG);
		assert_true(fd_seals(plain) < 0);
	}
}

static void test_sealed_with_exec(void **state)
{
	const unsigned int noexec_seal = 8; /* MFD_NOEXEC_SEAL, since 6.3 */
	CLEAN_FD int fd = memfd_create("t", MFD_CLOEXEC | MFD_ALLOW_SEALING | noexec_seal);

	(void)state;
	if (fd < 0)
		return; /* an older kernel never sets that seal */
	assert_int_equal(fd_write_all(fd, "data", 4), 0);
	assert_int_equal(
		fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL),
		0);
	assert_int_equal(fd_check_sealed(fd, 4), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ownership),
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_sealed),
		cmocka_unit_test(test_sealed_with_exec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

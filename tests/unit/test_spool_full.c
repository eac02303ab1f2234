/* links: base crypto ipc audit spool mbedtls */
/* A disk that fills up: half a line on it, and what was set aside on it. */
#include "spool_fixture.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define SEGMENT "audit/00000001.log"

/* Files of this process grow no further: the kernel writes what still fits, as on a full disk. */
static void limit_files(rlim_t most)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = most < limit.rlim_max ? most : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Half of a line got onto the disk: it is taken away at once, and the same line may come again. */
static void test_half_a_line_is_taken_back(void **state)
{
	struct spool s;
	struct spool_found found;
	char memory[2048];
	struct text t = TEXT_IN(memory);
	uint64_t evicted = 0;
	off_t before;
	int r;

	(void)state;
	(void)open_spool(&s, "audit", true);
	put(&s, 2);
	before = size_of(SEGMENT);
	add_line(&s, &t, EVENT_READY, "web");
	limit_files((rlim_t)before + t.used / 2);
	r = spool_write(&s, &t, 0, &evicted);
	limit_files(RLIM_INFINITY);
	assert_int_equal(r, -EFBIG);
	assert_int_equal(size_of(SEGMENT), before);
	assert_int_equal(spool_write(&s, &t, 0, &evicted), 0);
	assert_int_equal(size_of(SEGMENT), before + (off_t)t.used);
	spool_close(&s);
	found = open_spool(&s, "audit", true);
	assert_int_equal(found.last_n, 3);
	assert_int_equal(found.cut_bytes, 0);
	spool_close(&s);
}

static off_t bytes_held(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return (off_t)st.st_blocks * 512;
}

/* In memory, where blocks can be set aside whatever the file system of /tmp is. */
static void test_what_is_set_aside_is_given_back(void **state)
{
	struct spool s;
	const off_t most = 1 << 20;

	(void)state;
	(void)open_spool(&s, "audit", true);
	fd_close(&s.fd);
	s.fd = memfd_create("segment", MFD_CLOEXEC);
	assert_int_equal(fallocate(s.fd, FALLOC_FL_KEEP_SIZE, 0, most), 0);
	s.reserved = true;
	put(&s, 2);
	assert_true(bytes_held(s.fd) >= most);
	assert_true(spool_give_back(&s));
	assert_true(bytes_held(s.fd) < most / 4);
	assert_int_equal(lseek(s.fd, 0, SEEK_END), s.size);
	/* Nothing is left to give: whoever asks again must take another way. */
	assert_false(spool_give_back(&s));
	spool_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_half_a_line_is_taken_back),
		TEST(test_what_is_set_aside_is_given_back),
	};

	(void)signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* links: base trust */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "trust/apply.h"
#include "trust/delta.h"

/* New image: one block of head, old block 2, a new block, old blocks 0 and 1, 512 bytes of tail. */
#define OLD_BLOCKS 3
#define NEW_SIZE   (5 * DELTA_BLOCK + 512)

static struct err err;
static uint8_t old[OLD_BLOCKS * DELTA_BLOCK], wanted[NEW_SIZE], blocks[4 * DELTA_BLOCK];
static size_t blocks_size;
static uint64_t told, told_of;
static uint8_t old_hash[32] = {1, 2, 3};

static void add(const void *bytes, size_t size)
{
	memcpy(blocks + blocks_size, bytes, size);
	blocks_size += size;
}

static void add_extent(uint32_t kind, uint32_t count, uint64_t from)
{
	uint8_t bytes[DELTA_EXTENT_SIZE];

	delta_extent_write(&(struct delta_extent){kind, count, from}, bytes);
	add(bytes, sizeof(bytes));
}

static int setup(void **state)
{
	const struct delta_header h = {.old_root_hash = {1, 2, 3},
				       .old_blocks = OLD_BLOCKS,
				       .new_blocks = 4,
				       .data_offset = DELTA_BLOCK,
				       .file_size = NEW_SIZE,
				       .extents = 3,
				       .literals = 1};
	uint8_t header[DELTA_HEADER_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(old); i++)
		old[i] = (uint8_t)(i * 7 + i / DELTA_BLOCK);
	for (size_t i = 0; i < sizeof(wanted); i++)
		wanted[i] = (uint8_t)(i * 13 + 1);
	memcpy(wanted + DELTA_BLOCK, old + 2 * DELTA_BLOCK, DELTA_BLOCK);
	memcpy(wanted + 3 * DELTA_BLOCK, old, 2 * DELTA_BLOCK);
	blocks_size = 0;
	told = told_of = 0;
	delta_header_write(&h, header);
	add(header, sizeof(header));
	add(wanted, DELTA_BLOCK);
	add(wanted + 5 * DELTA_BLOCK, 512);
	add_extent(DELTA_COPY, 1, 2);
	add_extent(DELTA_NEW, 1, 0);
	add(wanted + 2 * DELTA_BLOCK, DELTA_BLOCK);
	add_extent(DELTA_COPY, 2, 0);
	return 0;
}

static void count(void *context, uint64_t done, uint64_t total)
{
	(void)context;
	assert_true(done > told);
	told = done;
	told_of = total;
}

static int file_with(const void *bytes, size_t size)
{
	int fd = memfd_create("apply", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, bytes, size), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static int apply(size_t size, size_t old_size, uint64_t size_max, int *new_fd)
{
	CLEAN_FD int blocks_fd = file_with(blocks, size);
	CLEAN_FD int old_fd = file_with(old, old_size);
	struct apply a = {blocks_fd, old_fd, -1, size_max, old_hash, count, NULL};

	*new_fd = a.new_fd = file_with("", 0);
	return apply_run(&a, &err);
}

static void refused(size_t size, size_t old_size, uint64_t size_max, int code)
{
	CLEAN_FD int new_fd = -1;
	int r = apply(size, old_size, size_max, &new_fd);

	if (r != -code)
		fail_msg("%d: %s, wanted %d", r, err.msg, code);
	assert_true(told < NEW_SIZE); /* nobody was told that all is there */
}

static void test_same_bytes(void **state)
{
	static uint8_t got[NEW_SIZE];
	CLEAN_FD int new_fd = -1;

	(void)state;
	assert_int_equal(apply(blocks_size, sizeof(old), NEW_SIZE, &new_fd), 0);
	assert_int_equal(lseek(new_fd, 0, SEEK_END), NEW_SIZE);
	assert_int_equal(fd_pread_exact(new_fd, got, sizeof(got), 0), 0);
	assert_memory_equal(got, wanted, sizeof(got));
	assert_true(told == NEW_SIZE && told_of == NEW_SIZE);
}

static void test_refused(void **state)
{
	(void)state;
	for (size_t size = 0; size < blocks_size; size += 97)
		refused(size, sizeof(old), NEW_SIZE, EBADMSG);
	refused(blocks_size - 1, sizeof(old), NEW_SIZE, EBADMSG);
	add("x", 1);
	refused(blocks_size, sizeof(old), NEW_SIZE, EBADMSG);
	blocks_size--;
	refused(blocks_size, sizeof(old), NEW_SIZE - 1, EFBIG);
	refused(blocks_size, sizeof(old) - DELTA_BLOCK, NEW_SIZE, ESTALE);
	refused(blocks_size, 0, NEW_SIZE, ESTALE);
	/* As many blocks, of another image; nothing of it is written. */
	old_hash[31] ^= 1;
	refused(blocks_size, sizeof(old), NEW_SIZE, ESTALE);
	assert_int_equal(told, 0);
	old_hash[31] ^= 1;
	blocks[0] ^= 1;
	refused(blocks_size, sizeof(old), NEW_SIZE, EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_same_bytes, setup),
		cmocka_unit_test_setup(test_refused, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

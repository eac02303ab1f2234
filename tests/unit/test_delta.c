/* links: base trust */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "trust/bytes.h"
#include "trust/delta.h"

#define SIZE_MAX_ALLOWED (1ULL << 30)

static struct err err;

static const struct delta_header good = {
	.old_root_hash = {1},
	.new_root_hash = {2},
	.old_blocks = 100,
	.new_blocks = 120,
	.data_offset = 20480,
	.file_size = 20480 + 120 * 4096 + 40960,
	.extents = 3,
	.literals = 20,
};

static void expect_header(size_t at, uint64_t value, int code, const char *reason)
{
	uint8_t bytes[DELTA_HEADER_SIZE];
	struct delta_header h = {.extents = 77};
	int r;

	delta_header_write(&good, bytes);
	le64_put(bytes + at, value);
	r = delta_header_read(bytes, SIZE_MAX_ALLOWED, &h, &err);
	if (r != -code || (code && !str_starts(err.msg, reason)))
		fail_msg("byte %zu: %d \"%s\", expected \"%s\"", at, r, err.msg, reason);
	if (code)
		assert_int_equal(h.extents, 77);
}

static void test_header(void **state)
{
	uint8_t bytes[DELTA_HEADER_SIZE];
	struct delta_header h;

	(void)state;
	delta_header_write(&good, bytes);
	assert_int_equal(delta_header_read(bytes, SIZE_MAX_ALLOWED, &h, &err), 0);
	assert_memory_equal(&h, &good, sizeof(h));
	assert_int_equal(delta_head_size(&h), 20480);
	assert_int_equal(delta_tail_size(&h), 40960);
	assert_int_equal(delta_size(&h), 256 + 20480 + 40960 + 3 * 16 + 20 * 4096);
}

static void test_header_refused(void **state)
{
	(void)state;
	expect_header(0, 0, EBADMSG, "block file: it is none");
	expect_header(8, 2, EBADMSG, "block file: another version");
	expect_header(80, 0, EBADMSG, "block file: old content");
	expect_header(80, UINT64_MAX, EBADMSG, "block file: old content");
	expect_header(88, 0, EBADMSG, "block file: new content does not fit");
	expect_header(88, 131, EBADMSG, "block file: new content does not fit");
	expect_header(88, UINT64_MAX, EBADMSG, "block file: new content does not fit");
	expect_header(96, 0, EBADMSG, "block file: new image's size");
	expect_header(96, 20481, EBADMSG, "block file: new image's size");
	expect_header(96, DELTA_HEAD_MAX + 4096, EBADMSG, "block file: new image's size");
	expect_header(104, good.file_size + 1, EBADMSG, "block file: new image's size");
	expect_header(104, 16384, EBADMSG, "block file: new image's size");
	expect_header(104, SIZE_MAX_ALLOWED + 512, EFBIG, "new image has");
	expect_header(112, 0, EBADMSG, "block file: more extents");
	expect_header(112, 121, EBADMSG, "block file: more extents");
	expect_header(120, 121, EBADMSG, "block file: more extents");
	expect_header(128, 1, EBADMSG, "block file: unused bytes");
	expect_header(248, 1ULL << 56, EBADMSG, "block file: unused bytes");
}

static int step(struct delta_walk *w, uint32_t kind, uint32_t count, uint64_t from)
{
	const struct delta_extent e = {kind, count, from};
	uint8_t bytes[DELTA_EXTENT_SIZE];
	struct delta_extent read;
	int r;

	delta_extent_write(&e, bytes);
	r = delta_extent_read(w, bytes, &read, &err);
	if (!r)
		assert_memory_equal(&read, &e, sizeof(e));
	return r;
}

static void test_extents(void **state)
{
	struct delta_walk w = {.header = &good};

	(void)state;
	assert_int_equal(step(&w, DELTA_COPY, 50, 0), 0);
	assert_int_equal(w.at, 50);
	assert_int_equal(delta_end(&w, &err), -EBADMSG);
	assert_int_equal(step(&w, DELTA_NEW, 20, 0), 0);
	assert_true(delta_more(&w));
	assert_int_equal(step(&w, DELTA_COPY, 50, 50), 0);
	assert_false(delta_more(&w));
	assert_int_equal(delta_end(&w, &err), 0);
	assert_int_equal(step(&w, DELTA_COPY, 1, 0), -EBADMSG);
}

struct refused {
	uint32_t kind;
	uint32_t count;
	uint64_t from;
	const char *reason;
};

static void test_extents_refused(void **state)
{
	static const struct refused refused[] = {
		{DELTA_COPY, 0, 0, "block file: extent lies outside the new"},
		{DELTA_COPY, 111, 0, "block file: extent lies outside the new"},
		{DELTA_COPY, DELTA_COUNT_MAX + 1, 0, "block file: extent lies outside the new"},
		{DELTA_COPY, 1, 10, "block file: extent continues"},
		{DELTA_COPY, 1, 100, "block file: extent lies outside the old"},
		{DELTA_COPY, 2, 99, "block file: extent lies outside the old"},
		{DELTA_COPY, 1, UINT64_MAX, "block file: extent lies outside the old"},
		{DELTA_NEW, 21, 0, "block file: more blocks"},
		{DELTA_NEW, 1, 1, "block file: more blocks"},
		{0, 1, 0, "block file: extent of an unknown"},
		{3, 1, 0, "block file: extent of an unknown"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct delta_walk w = {.header = &good};
		struct delta_walk before;

		assert_int_equal(step(&w, DELTA_COPY, 10, 0), 0);
		before = w;
		if (step(&w, refused[i].kind, refused[i].count, refused[i].from) != -EBADMSG ||
		    !str_starts(err.msg, refused[i].reason))
			fail_msg("row %zu: \"%s\"", i, err.msg);
		assert_memory_equal(&w, &before, sizeof(w));
	}
}

/* All records used, but blocks of the new image or promised blocks are missing. */
static void test_end(void **state)
{
	struct delta_walk w = {.header = &good};

	(void)state;
	assert_int_equal(step(&w, DELTA_COPY, 50, 0), 0);
	assert_int_equal(step(&w, DELTA_NEW, 19, 0), 0);
	assert_int_equal(step(&w, DELTA_COPY, 50, 50), 0);
	assert_int_equal(delta_end(&w, &err), -EBADMSG);
	w = (struct delta_walk){.header = &good};
	assert_int_equal(step(&w, DELTA_COPY, 60, 0), 0);
	assert_int_equal(step(&w, DELTA_NEW, 19, 0), 0);
	assert_int_equal(step(&w, DELTA_COPY, 41, 0), 0);
	assert_int_equal(delta_end(&w, &err), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),  cmocka_unit_test(test_header_refused),
		cmocka_unit_test(test_extents), cmocka_unit_test(test_extents_refused),
		cmocka_unit_test(test_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* links: base ipc crypto trust mbedtls */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/str.h"
#include "image_fixture.h"

static struct gpt gpt;
static struct err err;

static int read_size(size_t size)
{
	CLEAN_FD int fd = fx_file(fx, size);

	memset(&err, 0, sizeof(err));
	return gpt_read(fd, size, ARCH_X86_64, &gpt, &err);
}

static void expect(int code, const char *reason)
{
	int r = read_size(FX_SIZE);

	if (r != -code || !str_starts(err.msg, reason))
		fail_msg("%d \"%s\", expected \"%s\"", r, err.msg, reason);
	assert_true(err.hint[0]);
}

static void test_good(void **state)
{
	(void)state;
	fx_make();
	assert_int_equal(read_size(FX_SIZE), 0);
	assert_int_equal(gpt.sector_size, 512);
	assert_int_equal(gpt.parts[PART_ROOT].offset, FX_ROOT * 512);
	assert_int_equal(gpt.parts[PART_ROOT].size, FX_DATA_BLOCKS * 4096);
	assert_int_equal(gpt.parts[PART_VERITY].offset, FX_TREE * 512);
	assert_int_equal(gpt.parts[PART_SIGNATURE].size, 16384);
	assert_string_equal(gpt.parts[PART_ROOT].name, "demo_1");
}

static void test_crc32(void **state)
{
	(void)state;
	assert_int_equal(gpt_crc32(0, (const uint8_t *)"123456789", 9), 0xcbf43926);
}

/* Every length short of the whole file is refused, whatever it cuts. */
static void test_truncated(void **state)
{
	(void)state;
	fx_make();
	for (size_t size = 0; size < FX_SIZE; size += 512)
		assert_int_equal(read_size(size), -EBADMSG);
	assert_int_equal(read_size(FX_SIZE - 1), -EBADMSG);
	assert_true(str_starts(err.msg, "image is truncated"));
	assert_int_equal(read_size(512), -EBADMSG);
	assert_string_equal(err.msg, "image has no partition table");
}

static void test_longer(void **state)
{
	uint8_t longer[FX_SIZE + 512] = {0};
	CLEAN_FD int fd = -1;

	(void)state;
	fx_make();
	memcpy(longer, fx, FX_SIZE);
	fd = fx_file(longer, sizeof(longer));
	assert_int_equal(gpt_read(fd, sizeof(longer), ARCH_X86_64, &gpt, &err), -EBADMSG);
	assert_string_equal(err.msg, "image has 512 bytes behind its end");
}

static void test_header(void **state)
{
	/* Offset, width and value of one wrong field; 4-byte fields of the header unless 8. */
	static const struct {
		size_t at;
		int width;
		uint64_t value;
		const char *reason;
	} wrong[] = {
		{8, 4, 0x20000, "partition table: revision"},
		{12, 4, 512, "partition table: revision"},
		{20, 4, 1, "partition table: revision"},
		{24, 8, 2, "partition table: header or entries"},
		{72, 8, 3, "partition table: header or entries"},
		{80, 4, 4, "partition table: 4 entries of 128"},
		{80, 4, UINT32_MAX, "partition table: 4294967295 entries of 128"},
		{84, 4, 256, "partition table: 128 entries of 256"},
		{32, 8, FX_SECTORS, "image is truncated: its last sector is 160"},
		{32, 8, UINT64_MAX, "image is truncated: its last sector is"},
		{32, 8, FX_SECTORS - 2, "image has 512 bytes behind"},
		{40, 8, 33, "partition table: usable range"},
		{48, 8, FX_SECTORS - 1, "partition table: usable range"},
		{48, 8, 33, "partition table: usable range"},
		{40, 8, UINT64_MAX, "partition table: usable range"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		fx_make();
		if (wrong[i].width == 4)
			le32_put(fx_header() + wrong[i].at, (uint32_t)wrong[i].value);
		else
			le64_put(fx_header() + wrong[i].at, wrong[i].value);
		fx_seal();
		expect(EBADMSG, wrong[i].reason);
	}
}

static void test_checksums(void **state)
{
	(void)state;
	fx_make();
	fx_header()[60] ^= 1;
	expect(EBADMSG, "partition table: header checksum is wrong");
	fx_make();
	fx[1024 + 128 * 100 + 20] ^= 1; /* in an entry that nobody uses */
	expect(EBADMSG, "partition table: checksum of the entries is wrong");
}

static void test_two_tables(void **state)
{
	(void)state;
	fx_make();
	memcpy(fx + 4096, "EFI PART", 8);
	expect(EBADMSG, "image has two partition tables");
}

static void set_range(int index, uint64_t first, uint64_t last)
{
	le64_put(fx_entry(index) + 32, first);
	le64_put(fx_entry(index) + 40, last);
	fx_seal();
}

static void test_ranges(void **state)
{
	(void)state;
	fx_make();
	set_range(0, 71, 40);
	expect(EBADMSG, "partition 1 has an impossible range");
	set_range(0, 32, 71);
	expect(EBADMSG, "partition 1 has an impossible range");
	set_range(0, 40, 167);
	expect(EBADMSG, "image is truncated: partition 1 ends at sector 167");
	set_range(0, 40, UINT64_MAX);
	expect(EBADMSG, "image is truncated: partition 1 ends at sector 18446744073709551615");
	set_range(0, 41, 72);
	expect(EBADMSG, "partition 1 is not aligned");
	set_range(0, 40, 70);
	expect(EBADMSG, "partition 1 is not aligned");
	set_range(0, 40, 79);
	expect(EBADMSG, "partition 2 overlaps another");
	fx_make();
	set_range(2, 40, 71);
	expect(EBADMSG, "partition 3 overlaps another");
}

static void test_types(void **state)
{
	static const uint8_t esp[16] = {0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
					0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b};

	(void)state;
	fx_make();
	memcpy(fx_entry(2), esp, 16);
	fx_seal();
	expect(EBADMSG, "partition 3 has a type that does not belong");
	fx_make();
	memcpy(fx_entry(1), fx_entry(0), 16);
	fx_seal();
	expect(EBADMSG, "partition 2 repeats the type");
	fx_make();
	memset(fx_entry(2), 0, 128);
	fx_seal();
	expect(ENOKEY, "no signature partition: image is unsigned");
	memset(fx_entry(1), 0, 128);
	fx_seal();
	expect(EBADMSG, "image has no verity partition");
	memset(fx_entry(0), 0, 128);
	fx_seal();
	expect(EBADMSG, "image has no root partition");
	fx_make();
	for (int i = 0; i < 3; i++)
		memcpy(fx_entry(i), trust_part_type(ARCH_AARCH64, (enum gpt_part)i), 16);
	fx_seal();
	expect(ENOEXEC, "image is for aarch64, this device is x86_64");
}

static void test_order_and_flag(void **state)
{
	(void)state;
	fx_make();
	le64_put(fx_entry(0) + 48, 0);
	fx_seal();
	expect(EBADMSG, "root partition is not marked read-only");
	fx_make();
	memcpy(fx_entry(0), trust_part_type(ARCH_X86_64, PART_VERITY), 16);
	memcpy(fx_entry(1), trust_part_type(ARCH_X86_64, PART_ROOT), 16);
	fx_seal();
	expect(EBADMSG, "verity partition lies before the root partition");
}

static void test_names(void **state)
{
	(void)state;
	fx_make();
	fx_entry(0)[57] = 1; /* U+0164 */
	fx_seal();
	expect(EBADMSG, "partition name");
	fx_make();
	fx_entry(0)[56] = 0x1b;
	fx_seal();
	expect(EBADMSG, "partition name");
	fx_make();
	fx_entry(0)[56 + 20] = 'x'; /* behind the terminator */
	fx_seal();
	expect(EBADMSG, "partition name");
}

static void test_too_many(void **state)
{
	(void)state;
	fx_make();
	memset(fx_entry(0), 0, 3 * 128);
	for (int i = 0; i < 17; i++) {
		fx_part(i, PART_ROOT, 0, 0);
		le64_put(fx_entry(i) + 32, 40 + 8 * (uint64_t)(i % 10));
		le64_put(fx_entry(i) + 40, 47 + 8 * (uint64_t)(i % 10));
		/* 12 types of ours, each once: more cannot be reached without repeating one, which
		 * is refused first. */
		memcpy(fx_entry(i), trust_part_type((uint32_t)(i / 3 % 4), (enum gpt_part)(i % 3)),
		       16);
	}
	fx_seal();
	assert_int_equal(read_size(FX_SIZE), -EBADMSG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),           cmocka_unit_test(test_crc32),
		cmocka_unit_test(test_truncated),      cmocka_unit_test(test_longer),
		cmocka_unit_test(test_header),         cmocka_unit_test(test_checksums),
		cmocka_unit_test(test_two_tables),     cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_types),          cmocka_unit_test(test_names),
		cmocka_unit_test(test_order_and_flag), cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

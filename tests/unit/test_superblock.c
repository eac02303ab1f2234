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
#include "trust/filesystem.h"
#include "trust/verdict.h"

static struct err err;
static uint8_t block[VERITY_BLOCK * 2];

static int read_super(uint64_t data_size, uint64_t hash_size)
{
	CLEAN_FD int fd = fx_file(block, sizeof(block));
	struct verity_place place = {.data_size = data_size, .hash_size = hash_size};
	struct verity verity;

	memset(&err, 0, sizeof(err));
	return verity_read(fd, &place, &verity, &err);
}

static void make(void)
{
	struct verity verity = {.data_blocks = 4, .salt_size = 32};

	memset(verity.salt, 7, sizeof(verity.salt));
	verity_write(&verity, (const uint8_t *)"0123456789abcdef", block);
}

static void test_good(void **state)
{
	struct verity_place place = {.data_size = 4 * 4096, .hash_size = 8192};
	CLEAN_FD int fd = -1;
	struct verity verity;

	(void)state;
	make();
	fd = fx_file(block, sizeof(block));
	assert_int_equal(verity_read(fd, &place, &verity, &err), 0);
	assert_int_equal(verity.data_blocks, 4);
	assert_int_equal(verity.salt_size, 32);
	assert_int_equal(verity.salt[31], 7);
}

/* Attack 4 of the list: each field in turn; kernel 6.1 accepts the shrunk data_blocks. */
static void test_fields(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		const char *reason;
	} wrong[] = {
		{0, 'V', "verity partition has no superblock"},
		{8, 2, "verity superblock: version"},
		{12, 0, "verity superblock: version or hash type"},
		{35, '1', "verity superblock: algorithm"},
		{40, 'x', "verity superblock: algorithm"},
		{65, 2, "verity superblock: block size"},
		{69, 2, "verity superblock: block size"},
		{72, 3, "verity superblock: 3 data blocks"},
		{72, 5, "verity superblock: 5 data blocks"},
		{79, 0x80, "verity superblock: 92233720368547758"},
		{80, 31, "verity superblock: salt of 31"},
		{81, 1, "verity superblock: salt of 288"},
		{82, 1, "verity superblock: unused"},
		{88 + 32, 1, "verity superblock: unused"},
		{511, 1, "verity superblock: unused"},
		{4095, 1, "verity superblock: unused"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		make();
		block[wrong[i].at] = wrong[i].value;
		if (read_super(4 * 4096, 8192) != -EBADMSG || !str_starts(err.msg, wrong[i].reason))
			fail_msg("byte %zu: \"%s\"", wrong[i].at, err.msg);
	}
	make();
	assert_int_equal(read_super(4 * 4096 + 1, 8192), -EBADMSG);
	assert_int_equal(read_super(4 * 4096, 4096), -EBADMSG);
	assert_true(str_starts(err.msg, "image is truncated: the hash tree"));
	assert_int_equal(read_super(4 * 4096, 8192), 0);
}

static void test_shape(void **state)
{
	struct verity_shape s;

	(void)state;
	assert_int_equal(verity_shape(0, &s), -EINVAL);
	assert_int_equal(verity_shape(1, &s), -EINVAL);
	assert_int_equal(verity_shape(2, &s), 0);
	assert_int_equal(s.levels, 1);
	assert_int_equal(s.total, 2);
	assert_int_equal(verity_shape(128, &s), 0);
	assert_int_equal(s.total, 2);
	assert_int_equal(verity_shape(129, &s), 0);
	assert_int_equal(s.levels, 2);
	assert_int_equal(s.total, 4);
	assert_int_equal(s.first[1], 1); /* the top comes first */
	assert_int_equal(s.first[0], 2);
	assert_int_equal(verity_shape(18750, &s),
			 0); /* 73 MiB, as veritysetup lays it out: 147 + 2 + 1 */
	assert_int_equal(s.total, 1 + 1 + 2 + 147);
	assert_int_equal(verity_shape(UINT64_MAX, &s), -EINVAL);
}

static int check_fs(uint64_t size)
{
	CLEAN_FD int fd = fx_file(block, sizeof(block));

	memset(&err, 0, sizeof(err));
	return filesystem_check(fd, 0, size, &err);
}

static void test_erofs(void **state)
{
	(void)state;
	memset(block, 0, sizeof(block));
	assert_int_equal(check_fs(8192), -EBADMSG);
	assert_string_equal(err.msg, "root partition holds neither erofs nor squashfs");
	le32_put(block + 1024, 0xe0f5e1e2);
	block[1024 + 12] = 12;
	le32_put(block + 1024 + 36, 2);
	assert_int_equal(check_fs(8192), 0);
	assert_int_equal(check_fs(4096), -EBADMSG);
	assert_int_equal(check_fs(8193), -EBADMSG);
	assert_int_equal(check_fs(12288), -EBADMSG);
	block[1024 + 86] = 1;
	assert_int_equal(check_fs(8192), -EBADMSG);
	assert_string_equal(err.msg, "erofs: content lies on other devices");
	block[1024 + 86] = 0;
	block[1024 + 12] = 9;
	assert_int_equal(check_fs(8192), -EBADMSG);
	block[1024 + 12] = 12;
	memcpy(block, "hsqs", 4);
	assert_int_equal(check_fs(8192), -EBADMSG); /* both at once */
}

/* dm-verity answers EIO for a block that was changed; a file that is too short reads the same. */
static void test_unreadable(void **state)
{
	CLEAN_FD int fd = fx_file(block, 100);

	(void)state;
	assert_int_equal(filesystem_check(fd, 0, 8192, &err), -EIO);
	assert_string_equal(err.msg, "file system does not match its hash tree");
}

static void test_squashfs(void **state)
{
	(void)state;
	memset(block, 0, sizeof(block));
	memcpy(block, "hsqs", 4);
	le64_put(block + 40, 8000);
	assert_int_equal(check_fs(8192), 0);
	assert_int_equal(check_fs(4096), -EBADMSG);
	assert_int_equal(check_fs(12288), -EBADMSG);
	le64_put(block + 40, UINT64_MAX);
	assert_int_equal(check_fs(8192), -EBADMSG);
}

static struct verdict good_verdict(void)
{
	struct verdict v = {
		.arch = ARCH_X86_64,
		.salt_size = 32,
		.data_offset = 20480,
		.data_blocks = 4,
		.hash_offset = 36864,
		.hash_blocks = 2,
		.signer_count = 1,
	};

	return v;
}

/* A compromised `verify` may answer anything: the launcher maps only what lies in the file. */
static void test_verdict(void **state)
{
	static const struct {
		size_t at;
		uint64_t value;
	} wrong[] = {
		{offsetof(struct verdict, data_offset), 20481},
		{offsetof(struct verdict, data_offset), UINT64_MAX - 4095},
		{offsetof(struct verdict, data_offset), 1ULL << 40},
		{offsetof(struct verdict, data_offset), 24576}, /* into the tree */
		{offsetof(struct verdict, data_blocks), 0},
		{offsetof(struct verdict, data_blocks), 5},
		{offsetof(struct verdict, data_blocks), UINT64_MAX},
		{offsetof(struct verdict, data_blocks), 1ULL << 52},
		{offsetof(struct verdict, hash_offset), 36865},
		{offsetof(struct verdict, hash_offset), 81920 - 4096},
		{offsetof(struct verdict, hash_offset), 0},
		{offsetof(struct verdict, hash_blocks), 1},
		{offsetof(struct verdict, hash_blocks), 3},
		{offsetof(struct verdict, hash_blocks), UINT64_MAX},
	};
	struct verdict v = good_verdict();

	(void)state;
	assert_int_equal(verdict_validate(&v, 81920, ARCH_X86_64, 1, &err), 0);
	assert_int_equal(verdict_loop_size(&v), 24576);
	assert_int_equal(verdict_hash_start(&v), 5);
	assert_int_equal(verdict_validate(&v, 81920, ARCH_AARCH64, 1, &err), -EBADMSG);
	assert_int_equal(verdict_validate(&v, 40960, ARCH_X86_64, 1, &err), -EBADMSG);
	assert_int_equal(verdict_validate(&v, 81920, ARCH_X86_64, 0, &err), -EBADMSG);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		v = good_verdict();
		memcpy((uint8_t *)&v + wrong[i].at, &wrong[i].value, sizeof(wrong[i].value));
		if (verdict_validate(&v, 81920, ARCH_X86_64, 1, &err) != -EBADMSG)
			fail_msg("row %zu accepted", i);
	}
	v = good_verdict();
	v.salt_size = 31;
	assert_int_equal(verdict_validate(&v, 81920, ARCH_X86_64, 1, &err), -EBADMSG);
	v = good_verdict();
	v.signer_count = 0;
	assert_int_equal(verdict_validate(&v, 81920, ARCH_X86_64, 1, &err), -EBADMSG);
	v.signer_count = VERDICT_SIGNERS_MAX + 1;
	assert_int_equal(verdict_validate(&v, 81920, ARCH_X86_64, 1, &err), -EBADMSG);
	v.signer_count = 2;
	v.signers[1].anchor = 1;
	assert_int_equal(verdict_validate(&v, 81920, ARCH_X86_64, 1, &err), -EBADMSG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),     cmocka_unit_test(test_fields),
		cmocka_unit_test(test_shape),    cmocka_unit_test(test_erofs),
		cmocka_unit_test(test_squashfs), cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* links: base sys */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "sys/dm.h"

#define ROOT "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define SALT "aa0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static uint8_t root[DM_DIGEST_SIZE];
static uint8_t salt[DM_DIGEST_SIZE];
static struct dm_verity verity = {.device = "/dev/loop12",
				  .data_blocks = 5000000000,
				  .hash_start = 5000000001,
				  .root_hash = root,
				  .salt = salt,
				  .salt_size = sizeof(salt)};

static int set_up(void **state)
{
	(void)state;
	return str_unhex(ROOT, root, sizeof(root)) || str_unhex(SALT, salt, sizeof(salt));
}

/* The words of admin-guide/device-mapper/verity.rst, in its order. */
static void test_text(void **state)
{
	char text[256];

	(void)state;
	assert_int_equal(dm_verity_text(&verity, text, sizeof(text)), 0);
	assert_string_equal(text, "1 /dev/loop12 /dev/loop12 4096 4096 5000000000 5000000001 "
				  "sha256 " ROOT " " SALT);
}

static void test_no_salt(void **state)
{
	struct dm_verity v = verity;
	char text[256];

	(void)state;
	v.salt_size = 0;
	v.salt = NULL;
	assert_int_equal(dm_verity_text(&v, text, sizeof(text)), 0);
	assert_string_equal(text, "1 /dev/loop12 /dev/loop12 4096 4096 5000000000 5000000001 "
				  "sha256 " ROOT " -");
}

static void test_bounds(void **state)
{
	struct dm_verity v = verity;
	char text[256];
	size_t length;

	(void)state;
	assert_int_equal(dm_verity_text(&v, text, sizeof(text)), 0);
	length = strlen(text);
	assert_int_equal(dm_verity_text(&v, text, length + 1), 0);
	assert_int_equal(dm_verity_text(&v, text, length), -ENAMETOOLONG);
	v.salt_size = DM_DIGEST_SIZE + 1;
	assert_int_equal(dm_verity_text(&v, text, sizeof(text)), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_no_salt),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}

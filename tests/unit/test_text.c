/* links: base */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static void assert_json(const char *bytes, size_t count, const char *expected)
{
	char buffer[128];
	struct text t = TEXT_IN(buffer);

	text_add_json_string(&t, bytes, count);
	assert_false(t.cut);
	assert_int_equal(t.used, strlen(expected));
	assert_memory_equal(buffer, expected, t.used);
}

static void test_json_strings(void **state)
{
	(void)state;
	assert_json("plain", 5, "\"plain\"");
	assert_json("a\"b\\c", 5, "\"a\\\"b\\\\c\"");
	assert_json("\n\t\r\x01", 4, "\"\\n\\t\\u000d\\u0001\"");
	assert_json("\0", 1, "\"\\u0000\"");
	assert_json("\x7f", 1, "\"\\u007f\"");
	assert_json("\xc3\xa9", 2, "\"\xc3\xa9\"");
}

/* Every length takes another way through the copy; the byte behind the text is the terminator. */
static void test_pieces(void **state)
{
	char from[300];
	char to[310];

	(void)state;
	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (char)(i * 7 + i / 256 + 1);
	for (size_t count = 0; count <= sizeof(from); count++) {
		struct text t = TEXT_IN(to);

		memset(to, 0x55, sizeof(to));
		text_add_bytes(&t, "ab", 2);
		text_add_bytes(&t, from, count);
		assert_int_equal(t.used, count + 2);
		assert_memory_equal(to + 2, from, count);
		assert_int_equal(to[count + 2], 0);
		assert_int_equal(to[count + 3], 0x55);
	}
}

/* RFC 3629: overlong forms, surrogates and cut sequences are not UTF-8 and must not pass as such.
 */
static void test_json_bad_utf8(void **state)
{
	(void)state;
	assert_json("\xc0\xaf", 2, "\"\\u00c0\\u00af\"");
	assert_json("\xed\xa0\x80", 3, "\"\\u00ed\\u00a0\\u0080\"");
	assert_json("\xe2\x82", 2, "\"\\u00e2\\u0082\"");
	assert_json("\xf4\x90\x80\x80", 4, "\"\\u00f4\\u0090\\u0080\\u0080\"");
	assert_json("\xff", 1, "\"\\u00ff\"");
}

static void test_members(void **state)
{
	char buffer[64];
	struct text t = TEXT_IN(buffer);

	(void)state;
	text_add(&t, "{");
	text_add_json_member(&t, "name", "web");
	text_add_json_u64(&t, "pid", 42);
	text_add(&t, "}");
	assert_false(t.cut);
	assert_string_equal(buffer, "{\"name\":\"web\",\"pid\":42}");
}

/* A cut text stays inside its memory, terminated, and says that it is cut for ever after. */
static void test_cut(void **state)
{
	char memory[9] = "12345678";
	struct text t = {.at = memory, .size = 8};

	(void)state;
	text_add(&t, "abcdefghijk");
	text_add(&t, "x");
	assert_true(t.cut);
	assert_true(t.used < 8);
	assert_int_equal(memory[t.used], 0);
	assert_int_equal(memory[8], 0);
}

static void test_numbers(void **state)
{
	char buffer[64];
	struct text t = TEXT_IN(buffer);

	(void)state;
	text_add_u64(&t, UINT64_MAX);
	text_add(&t, " ");
	text_add_i64(&t, INT64_MIN);
	assert_string_equal(buffer, "18446744073709551615 -9223372036854775808");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),        cmocka_unit_test(test_json_strings),
		cmocka_unit_test(test_json_bad_utf8), cmocka_unit_test(test_members),
		cmocka_unit_test(test_cut),           cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* links: base */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/str.h"

struct number_case {
	const char *text;
	int result;
	uint64_t value;
};

typedef int (*parser)(const char *text, uint64_t min, uint64_t max, uint64_t *value);

#define UNTOUCHED 4711u

static void check_numbers(parser parse, const struct number_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = UNTOUCHED;
		int r = parse(cases[i].text, 0, UINT64_MAX, &value);

		if (r != cases[i].result)
			fail_msg("\"%s\" gives %d instead of %d", cases[i].text, r,
				 cases[i].result);
		assert_int_equal(value, r ? UNTOUCHED : cases[i].value);
	}
}

static void test_u64(void **state)
{
	static const struct number_case cases[] = {
		{"0", 0, 0},
		{"18446744073709551615", 0, UINT64_MAX},
		{"18446744073709551616", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"1 ", -EINVAL, 0},
		{"007", -EINVAL, 0},
		{"0x10", -EINVAL, 0},
	};
	uint64_t value = UNTOUCHED;

	(void)state;
	check_numbers(str_u64, cases, ARRAY_SIZE(cases));
	assert_int_equal(str_u64("5", 6, 9, &value), -ERANGE);
	assert_int_equal(str_u64("10", 6, 9, &value), -ERANGE);
	assert_int_equal(value, UNTOUCHED);
}

static void test_bytes(void **state)
{
	static const struct number_case cases[] = {
		{"64m", 0, 64ull << 20}, {"1g", 0, 1ull << 30},
		{"1kB", 0, 1000},        {"512", 0, 512},
		{"1K", 0, 1024},         {"1mb", -EINVAL, 0},
		{"1.5m", -EINVAL, 0},    {"m", -EINVAL, 0},
		{"1 m", -EINVAL, 0},     {"17179869184g", -ERANGE, 0},
	};

	(void)state;
	check_numbers(str_bytes, cases, ARRAY_SIZE(cases));
}

static void test_milliseconds(void **state)
{
	static const struct number_case cases[] = {
		{"0", 0, 0},          {"500ms", 0, 500},   {"10s", 0, 10000},  {"2m", 0, 120000},
		{"1h", 0, 3600000},   {"1d", 0, 86400000}, {"10", -EINVAL, 0}, {"1w", -EINVAL, 0},
		{"1sec", -EINVAL, 0}, {"-1s", -EINVAL, 0},
	};

	(void)state;
	check_numbers(str_milliseconds, cases, ARRAY_SIZE(cases));
}

static void test_thousandths(void **state)
{
	static const struct number_case cases[] = {
		{"1.5", 0, 1500},   {"0.001", 0, 1},    {"2", 0, 2000},      {"1.2345", -EINVAL, 0},
		{"1.", -EINVAL, 0}, {".5", -EINVAL, 0}, {"1,5", -EINVAL, 0},
	};

	(void)state;
	check_numbers(str_thousandths, cases, ARRAY_SIZE(cases));
}

static void test_octal(void **state)
{
	uint64_t value = UNTOUCHED;

	(void)state;
	assert_int_equal(str_octal("0755", 07777, &value), 0);
	assert_int_equal(value, 0755);
	assert_int_equal(str_octal("0788", 07777, &value), -EINVAL);
	assert_int_equal(str_octal("10000", 07777, &value), -ERANGE);
	assert_int_equal(value, 0755);
}

static void test_bool(void **state)
{
	bool value = true;

	(void)state;
	assert_int_equal(str_bool("true", &value), -EINVAL);
	assert_int_equal(str_bool("Yes", &value), -EINVAL);
	assert_true(value);
	assert_int_equal(str_bool("no", &value), 0);
	assert_false(value);
}

static void test_names(void **state)
{
	(void)state;
	assert_true(str_is_name("web"));
	assert_true(str_is_name("acme.modbus-2"));
	assert_true(str_is_name("abcdefghijklmnopqrstuvwxyz012345"));
	assert_false(str_is_name("abcdefghijklmnopqrstuvwxyz0123456"));
	assert_false(str_is_name(""));
	assert_false(str_is_name("Web"));
	assert_false(str_is_name("9web"));
	assert_false(str_is_name(".."));
	assert_false(str_is_name("a/b"));
	assert_false(str_is_name("a_b"));
}

static void test_glob(void **state)
{
	(void)state;
	assert_true(str_glob("*", ""));
	assert_true(str_glob("acme.*", "acme.web"));
	assert_false(str_glob("acme.*", "acmeweb"));
	assert_true(str_glob("a*b*c", "axxbyybzc"));
	assert_false(str_glob("a*b*c", "axxbyybz"));
	assert_false(str_glob("", "a"));
	assert_true(str_glob("web", "web"));
	assert_false(str_glob("web", "webs"));
}

static void test_hex(void **state)
{
	static const uint8_t bytes[] = {0x00, 0x9f, 0xff};
	uint8_t back[3] = {1, 2, 3};
	char text[7];

	(void)state;
	str_hex(text, bytes, sizeof(bytes));
	assert_string_equal(text, "009fff");
	assert_int_equal(str_unhex("009fff", back, 3), 0);
	assert_memory_equal(back, bytes, 3);
	assert_int_equal(str_unhex("009fffa", back, 3), -EINVAL);
	assert_int_equal(str_unhex("009fFF", back, 3), -EINVAL);
	assert_int_equal(str_unhex("00 9ff", back, 3), -EINVAL);
	assert_memory_equal(back, bytes, 3);
}

/* Every byte value in every place of a word and behind it. */
static void test_hex_bytes(void **state)
{
	static const uint8_t bytes[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x0a, 0xf0};
	static const char good[] = "0123456789abcdef0af0";
	char text[sizeof(good)];
	uint8_t back[sizeof(bytes)];

	(void)state;
	for (size_t at = 0; at < 2 * sizeof(bytes); at++)
		for (unsigned int byte = 0; byte < 256; byte++) {
			bool digit = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');

			memcpy(text, good, sizeof(text));
			text[at] = (char)byte;
			assert_int_equal(str_unhex_bytes(text, back, sizeof(back)),
					 digit ? 0 : -EINVAL);
		}
	for (size_t count = 0; count <= sizeof(bytes); count++) {
		memset(back, 0x55, sizeof(back));
		assert_int_equal(str_unhex_bytes(good, back, count), 0);
		assert_memory_equal(back, bytes, count);
		for (size_t i = count; i < sizeof(back); i++)
			assert_int_equal(back[i], 0x55);
	}
}

static bool stands_for_itself(unsigned int byte)
{
	return byte >= 0x20 && byte <= 0x7e && byte != '"' && byte != '\\';
}

/* Two bytes of every value at every distance: one must not hide or invent the other. */
static void test_plain(void **state)
{
	char text[20];

	(void)state;
	for (size_t at = 0; at < sizeof(text) - 1; at++)
		for (unsigned int byte = 0; byte < 256; byte++)
			for (unsigned int next = 0; next < 256; next++) {
				size_t expected = sizeof(text);

				memset(text, 'a', sizeof(text));
				text[at] = (char)byte;
				text[at + 1] = (char)next;
				if (!stands_for_itself(byte))
					expected = at;
				else if (!stands_for_itself(next))
					expected = at + 1;
				assert_int_equal(str_plain(text, sizeof(text)), expected);
			}
	for (size_t size = 0; size <= sizeof(text); size++) {
		memset(text, '"', sizeof(text));
		memset(text, ' ', size);
		assert_int_equal(str_plain(text, size), size);
	}
}

static void test_copy_and_join(void **state)
{
	char text[4] = "old";

	(void)state;
	assert_int_equal(str_copy(text, sizeof(text), "four"), -ENAMETOOLONG);
	assert_string_equal(text, "old");
	assert_int_equal(str_copy(text, sizeof(text), "new"), 0);
	assert_string_equal(text, "new");
	str_join(text, sizeof(text), "a", "bc", "def");
	assert_string_equal(text, "abc");
}

/* What another process sent has no terminator and any bytes. */
static void test_sanitize(void **state)
{
	char text[6] = {'a', '\x1b', '\x80', '\n', 'b', 'c'};
	struct err err;

	(void)state;
	assert_false(str_terminated(text, sizeof(text)));
	str_sanitize(text, sizeof(text));
	assert_string_equal(text, "a???b");
	memset(&err, 0xff, sizeof(err));
	err_sanitize(&err);
	assert_int_equal(err.msg[sizeof(err.msg) - 1], 0);
	assert_int_equal(err.hint[0], '?');
	assert_int_in_range(err.code, 1, 4095);
}

static void test_err(void **state)
{
	struct err err = {0};

	(void)state;
	assert_int_equal(err_set(&err, EINVAL, "unknown key \"%s\"", "memroy"), -EINVAL);
	assert_int_equal(err_prefix(&err, "service.ini:%d", 3), -EINVAL);
	assert_int_equal(err_hint(&err, "write memory"), -EINVAL);
	assert_string_equal(err.msg, "service.ini:3: unknown key \"memroy\"");
	assert_string_equal(err.hint, "write memory");
	/* Nobody listens: it must stay an error all the same. */
	assert_int_equal(err_set(NULL, EPERM, "x"), -EPERM);
	assert_true(err_hint(NULL, "x") < 0);
	assert_true(err_prefix(NULL, "x") < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u64),          cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_milliseconds), cmocka_unit_test(test_thousandths),
		cmocka_unit_test(test_octal),        cmocka_unit_test(test_bool),
		cmocka_unit_test(test_names),        cmocka_unit_test(test_glob),
		cmocka_unit_test(test_hex_bytes),    cmocka_unit_test(test_plain),
		cmocka_unit_test(test_hex),          cmocka_unit_test(test_copy_and_join),
		cmocka_unit_test(test_sanitize),     cmocka_unit_test(test_err),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

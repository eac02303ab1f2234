/* links: base */
/* Our replacements for files of musl (toolchain/musl) against the build machine's own libc. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The files under test, with names that do not meet those of the libc. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wbuiltin-declaration-mismatch"
#define __strchrnul strchrnul
#define vsnprintf   small_vsnprintf
#include "../../toolchain/musl/src/stdio/vsnprintf.c"
#undef vsnprintf
#define strstr small_strstr
#include "../../toolchain/musl/src/string/strstr.c"
#undef strstr
#define a_crash   abort
#define __udivsi3 small_udivsi3
#define __divsi3  small_divsi3
#include "../../toolchain/musl/src/misc/arm/division.c"
#pragma GCC diagnostic pop

static int small(char *buffer, size_t size, const char *format, ...)
{
	va_list list;
	int r;

	va_start(list, format);
	r = small_vsnprintf(buffer, size, format, list);
	va_end(list);
	return r;
}

#define SAME(size, ...)                                                                            \
	do {                                                                                       \
		char ours[128], theirs[128];                                                       \
		int a, b;                                                                          \
		memset(ours, 'x', sizeof(ours));                                                   \
		memset(theirs, 'x', sizeof(theirs));                                               \
		a = small(ours, size, __VA_ARGS__);                                                \
		b = snprintf(theirs, size, __VA_ARGS__);                                           \
		assert_int_equal(a, b);                                                            \
		assert_memory_equal(ours, theirs, sizeof(ours));                                   \
	} while (0)
#define SAME_IN_ALL(...)                                                                           \
	do {                                                                                       \
		SAME(128, __VA_ARGS__);                                                            \
		SAME(5, __VA_ARGS__);                                                              \
		SAME(1, __VA_ARGS__);                                                              \
		SAME(0, __VA_ARGS__);                                                              \
	} while (0)

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-truncation"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void test_format_numbers(void **state)
{
	static const char flags[][6] = {"",   "-",  "0",  "+",  " ",  "#",
					"-0", "+0", "#0", "- ", "-#", "0+-#"};
	static const char widths[][6] = {"", "1", "7", "20", ".0", ".1", ".9", "12.5", "3.8", "9."};
	static const char kinds[][5] = {"d", "i", "u", "o", "x", "X", "hhd", "hu", "hhx", "hi"};
	static const char longs[][5] = {"ld",  "lld", "lu", "llu", "lx",
					"llX", "zu",  "jd", "td",  "llo"};
	static const long long values[] = {0,       1,       -1,        42,        255,        -256,
					   INT_MAX, INT_MIN, LLONG_MAX, LLONG_MIN, 99999999999};
	char format[32];

	(void)state;
	for (size_t f = 0; f < sizeof(flags) / sizeof(*flags); f++)
		for (size_t w = 0; w < sizeof(widths) / sizeof(*widths); w++)
			for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
				for (size_t v = 0; v < sizeof(values) / sizeof(*values); v++) {
					(void)snprintf(format, sizeof(format), "<%%%s%s%s>",
						       flags[f], widths[w], kinds[k]);
					SAME(128, format, (int)values[v]);
					(void)snprintf(format, sizeof(format), "<%%%s%s%s>",
						       flags[f], widths[w], longs[k]);
					SAME(128, format, values[v]);
				}
}

static void test_format_texts(void **state)
{
	int here;

	(void)state;
	SAME_IN_ALL("plain");
	SAME_IN_ALL("%s and %s", "one", "two");
	SAME_IN_ALL("%8s|%-8s|%.2s|%8.2s|%.*s|%*s|%-*s", "abc", "abc", "abc", "abc", 2, "abc", 6,
		    "abc", -6, "abc");
	SAME_IN_ALL("%c%5c%-5c%%", 'a', 'b', 'c');
	SAME_IN_ALL("%#x %08x %02d:%02d %+d % d", 255, 0xbeef, 1, 2, 3, 4);
	SAME_IN_ALL("%s", (char *)NULL);
	errno = ENOENT;
	SAME_IN_ALL("%m");
	SAME(128, "%lu %s %d", 1ul, "x", 2);
	assert_int_equal(small(NULL, 0, "%p", (void *)&here), 2 + 2 * (int)sizeof(void *));
}

static void test_format_refuses(void **state)
{
	char buffer[16];

	(void)state;
	errno = 0;
	assert_int_equal(small(buffer, sizeof(buffer), "a%fb", 1.0), -1);
	assert_int_equal(errno, EINVAL);
	assert_string_equal(buffer, "a");
	assert_int_equal(small(buffer, sizeof(buffer), "%n", NULL), -1);
	assert_int_equal(small(buffer, sizeof(buffer), "%1$s", "x"), -1);
	assert_int_equal(small(buffer, sizeof(buffer), "%"), -1);
	errno = 0;
	assert_int_equal(small(buffer, sizeof(buffer), "%65536d", 1), -1);
	assert_int_equal(errno, EOVERFLOW);
	errno = 0;
	assert_int_equal(small(buffer, sizeof(buffer), "%.2147483647d", 1), -1);
	assert_int_equal(errno, EOVERFLOW);
}
#pragma GCC diagnostic pop

static void test_strstr(void **state)
{
	static const char *const texts[] = {
		"", "a", "ab", "aab", "abab", "mississippi", "populated 1\nfrozen 0\n"};
	static const char *const words[] = {"",      "a",           "b",        "ab", "ba",
					    "issip", "populated 0", "\nfrozen", "i",  "abc"};

	(void)state;
	for (size_t t = 0; t < sizeof(texts) / sizeof(*texts); t++)
		for (size_t w = 0; w < sizeof(words) / sizeof(*words); w++)
			assert_ptr_equal(small_strstr(texts[t], words[w]),
					 strstr(texts[t], words[w]));
}

static void test_division(void **state)
{
	static const unsigned int values[] = {
		0,     1,          2,       3,           7,           10,           255,     256,
		65535, 1000000007, INT_MAX, 0x80000000u, 0x80000001u, UINT_MAX - 1, UINT_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		for (size_t k = 1; k < sizeof(values) / sizeof(*values); k++) {
			unsigned int a = values[i], b = values[k];
			unsigned long long both = __aeabi_uidivmod(a, b);

			assert_int_equal((unsigned int)both, a / b);
			assert_int_equal((unsigned int)(both >> 32), a % b);
			if (a == 0x80000000u && b == UINT_MAX)
				continue; /* overflow */
			both = __aeabi_idivmod((int)a, (int)b);
			assert_int_equal((int)(unsigned int)both, (int)a / (int)b);
			assert_int_equal((int)(unsigned int)(both >> 32), (int)a % (int)b);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_numbers), cmocka_unit_test(test_format_texts),
		cmocka_unit_test(test_format_refuses), cmocka_unit_test(test_strstr),
		cmocka_unit_test(test_division),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

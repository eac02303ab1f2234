/* links: base crypto ipc audit spool mbedtls */
/* What a line of the spool may say, beyond its form (test_spool.c). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "spool/line.h"

#define HASH "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define GOOD                                                                                       \
	"{\"v\":1,\"n\":1,\"b\":\"1122334455667788\",\"m\":5001,"                                  \
	"\"t\":\"2026-09-21T14:13:20.123456Z\",\"q\":0,\"p\":109,\"s\":\"web\","                   \
	"\"e\":\"READY\",\"o\":\"init\",\"sn\":1,\"d\":{\"service\":\"web\",\"root\":\"" HASH      \
	"\"},\"h\":\"" HASH "\"}"

static const char good[] = GOOD;

/* Bytes that would break the line, the JSON or the header never do. */
static void test_line_hostile_strings(void **state)
{
	static const char *const services[] = {"a\nb",  "\"},\"h\":\"", "WEB", "",     "\xff\xfe",
					       "web\\", "a b",          "-",   "x\x7f"};
	char memory[4096];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
		struct audit_decoded record = {.def = &audit_events[EVENT_READY], .count = 2};
		const struct spool_line line = {.n = 1, .origin = ORIGIN_INIT, .sn = 1};
		struct text t = TEXT_IN(memory);
		struct spool_view view;

		record.values[0].string = services[i];
		record.values[0].length = strlen(services[i]);
		spool_line_format(&t, &line, &record);
		spool_line_close(&t, NULL);
		assert_ptr_equal(memchr(memory, '\n', t.used), memory + t.used - 1);
		assert_int_equal(spool_line_parse(memory, t.used - 1, &view), 0);
		assert_true(spool_span_equal(view.service, "bartizan"));
	}
}

/* Every cut and nearly every changed byte of a line is refused; none makes the parser read outside
 * (ASan watches). */
static void test_line_mutations(void **state)
{
	char memory[] = GOOD " ";
	size_t size = sizeof(memory) - 2;
	struct spool_view view;

	(void)state;
	assert_int_equal(spool_line_parse(memory, size, &view), 0);
	for (size_t cut = 0; cut < size; cut++) {
		char *exact = malloc(cut ? cut : 1);

		memcpy(exact, memory, cut);
		assert_int_equal(spool_line_parse(exact, cut, &view), -EBADMSG);
		free(exact);
	}
	for (size_t i = 0; i < size; i++) {
		char kept = memory[i];

		memory[i] = '\0';
		assert_int_equal(spool_line_parse(memory, size, &view), -EBADMSG);
		memory[i] = kept;
	}
	assert_int_equal(spool_line_parse(memory, size + 1, &view), -EBADMSG);
}

/* Values of the right form that no recorder writes. */
static void test_line_values(void **state)
{
	static const struct {
		const char *from;
		const char *to;
	} changes[] = {
		{"\"n\":1,", "\"n\":0,"},
		{"\"n\":1,", "\"n\":01,"},
		{"\"q\":0", "\"q\":2"},
		{"\"p\":109", "\"p\":192"},
		{"\"p\":109", "\"p\":999"},
		{"-09-", "-13-"},
		{"-21T", "-31T"},
		{"T14", "T24"},
		{"\"s\":\"web\"", "\"s\":\"\""},
		{"\"o\":\"init\"", "\"o\":\"\""},
		{"\"s\":\"web\"", "\"s\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""},
		{"\"sn\":1", "\"sn\":18446744073709551616"},
	};
	struct spool_view view;

	(void)state;
	assert_int_equal(spool_line_parse(good, strlen(good), &view), 0);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		char changed[2300] = "";
		const char *at;

		at = strstr(good, changes[i].from);
		assert_non_null(at);
		(void)snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - good), good,
			       changes[i].to, at + strlen(changes[i].from));
		if (spool_line_parse(changed, strlen(changed), &view) != -EBADMSG)
			fail_msg("%s is taken", changes[i].to);
	}
}

/* Longer than the buffers of those who read. */
static void test_line_too_long(void **state)
{
	static char memory[SPOOL_LINE_SIZE + 64];
	static const char head[] =
		"{\"v\":1,\"n\":1,\"b\":\"1122334455667788\",\"m\":1,\"t\":null,"
		"\"q\":0,\"p\":30,\"s\":\"web\",\"e\":\"OUTPUT\",\"d\":{\"line\":\"";
	struct spool_view view;

	(void)state;
	for (size_t size = SPOOL_LINE_SIZE; size <= SPOOL_LINE_SIZE + 1; size++) {
		memset(memory, 'x', size);
		memcpy(memory, head, sizeof(head) - 1);
		memcpy(memory + size - 3, "\"}}", 3);
		assert_int_equal(spool_line_parse(memory, size, &view),
				 size > SPOOL_LINE_SIZE ? -EBADMSG : 0);
	}
}

/* A time behind the year 9999 has no text. */
static void test_line_without_time(void **state)
{
	struct audit_decoded record = {.def = &audit_events[EVENT_RECORDER_STOP], .count = 1};
	struct spool_line line = {.n = 1, .origin = ORIGIN_RECORDER, .sn = 1};
	struct spool_view view;
	char memory[512];

	(void)state;
	for (uint64_t over = 0; over < 2; over++) {
		struct text t = TEXT_IN(memory);

		line.real_us = SPOOL_TIME_MAX_US + over;
		spool_line_format(&t, &line, &record);
		spool_line_close(&t, NULL);
		assert_int_equal(spool_line_parse(memory, t.used - 1, &view), 0);
		assert_int_equal(view.time.size, over ? 0 : SPOOL_TIME_SIZE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_hostile_strings), cmocka_unit_test(test_line_mutations),
		cmocka_unit_test(test_line_values),          cmocka_unit_test(test_line_too_long),
		cmocka_unit_test(test_line_without_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

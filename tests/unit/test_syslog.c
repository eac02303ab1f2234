/* links: base crypto ipc audit spool export mbedtls */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "export/syslog.h"

#define HASH "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define BOM  "\xef\xbb\xbf"

static const char plain[] =
	"{\"v\":1,\"n\":7,\"b\":\"9f3c21aa00112233\",\"m\":812345678,"
	"\"t\":\"2026-11-23T22:00:00.123456Z\",\"q\":0,\"p\":109,\"s\":\"web\",\"e\":\"START\","
	"\"o\":\"launcher\",\"sn\":3,\"d\":{\"service\":\"web\",\"generation\":1,\"pid\":42,"
	"\"uid\":10000},"
	"\"h\":\"" HASH "\"}";

static struct spool_view view_of(const char *line, size_t size)
{
	struct spool_view view;

	assert_int_equal(spool_line_parse(line, size, &view), 0);
	return view;
}

static void test_whole_message(void **state)
{
	static const char expected[] =
		"<109>1 2026-11-23T22:00:00.123456Z gateway web 42 START "
		"[timeQuality tzKnown=\"1\" isSynced=\"0\"][meta sequenceId=\"7\" "
		"sysUpTime=\"81234\"]"
		"[bartizan@32473 n=\"7\" b=\"9f3c21aa00112233\" m=\"812345678\" "
		"producer=\"launcher\" sn=\"3\" "
		"h=\"" HASH "\"] " BOM
		"{\"service\":\"web\",\"generation\":1,\"pid\":42,\"uid\":10000}";
	struct spool_view view = view_of(plain, sizeof(plain) - 1);
	char memory[EXPORT_SYSLOG_SIZE + 1];
	struct text t = TEXT_IN(memory);

	(void)state;
	assert_int_equal(export_syslog_format(&t, &view, "gateway", 0, 1), view.fields.size);
	assert_string_equal(memory, expected);
}

/* No time, no pid, no origin, no hash; a name that may not stand in a header; a sequence number
 * beyond its range. */
static void test_what_is_absent(void **state)
{
	static const char line[] = "{\"v\":1,\"n\":2147483648,\"b\":\"0000000000000001\",\"m\":0,"
				   "\"t\":null,\"q\":1,\"p\":30,"
				   "\"s\":\"web\",\"e\":\"OUTPUT\",\"d\":{\"line\":\"a ] \\\" \\\\ "
				   "b\",\"pid\":\"1 x\"}}";
	static const char expected[] =
		"<30>1 - gate-way web - OUTPUT [timeQuality tzKnown=\"1\" isSynced=\"1\"]"
		"[meta sequenceId=\"1\" sysUpTime=\"0\"]"
		"[bartizan@32473 n=\"2147483648\" b=\"0000000000000001\" m=\"0\"] " BOM
		"{\"line\":\"a ] \\\" \\\\ b\",\"pid\":\"1 x\"}";
	struct spool_view view = view_of(line, sizeof(line) - 1);
	char memory[EXPORT_SYSLOG_SIZE + 1];
	struct text t = TEXT_IN(memory);

	(void)state;
	(void)export_syslog_format(&t, &view,
				   "gate -\nw\x80"
				   "ay",
				   0, 1);
	assert_string_equal(memory, expected);
	(void)export_syslog_format(&t, &view, "", 0, 1);
	assert_memory_equal(memory, "<30>1 - - web ", 14);
}

/* What the service file adds; what a header or structured data cannot hold is left out. */
static void test_context(void **state)
{
	static const char line[] =
		"{\"v\":1,\"n\":1,\"b\":\"0000000000000001\",\"m\":0,\"t\":null,\"q\":1,\"p\":30,"
		"\"s\":\"web\","
		"\"e\":\"OUTPUT\",\"x\":{\"tag\":\"edge/web\",\"l.site\":\"a \\\"b\\\" ] \\\\\","
		"\"l.=\":\"no "
		"name\",\"e.TZ\":\"UTC\",\"l.\":\"\",\"z.a\":\"b\"},\"d\":{\"line\":\"x\"}}";
	static const char expected[] =
		"<30>1 - gw edge/web - OUTPUT [timeQuality tzKnown=\"1\" isSynced=\"1\"]"
		"[meta sequenceId=\"1\" sysUpTime=\"0\"]"
		"[bartizan@32473 n=\"1\" b=\"0000000000000001\" m=\"0\"]"
		"[label@32473 site=\"a \\\"b\\\" \\] \\\\\"][env@32473 TZ=\"UTC\"] " BOM
		"{\"line\":\"x\"}";
	struct spool_view view = view_of(line, sizeof(line) - 1);
	char memory[EXPORT_SYSLOG_SIZE + 1];
	struct text t = TEXT_IN(memory);

	(void)state;
	(void)export_syslog_format(&t, &view, "gw", 0, 1);
	assert_string_equal(memory, expected);
}

/* A tag that no policy could have made: the service's name stands there. */
static void test_hostile_tag(void **state)
{
	static const char *const tags[] = {"a b", "", "x]", "\xc3\xa4",
					   "0123456789012345678901234567890123456789012345678"};
	char line[512];
	char memory[EXPORT_SYSLOG_SIZE + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
		int size =
			snprintf(line, sizeof(line),
				 "{\"v\":1,\"n\":1,\"b\":\"0000000000000001\",\"m\":0,\"t\":null,"
				 "\"q\":1,\"p\":30,\"s\":\"web\",\"e\":\"OUTPUT\","
				 "\"x\":{\"tag\":\"%s\"},\"d\":{}}",
				 tags[i]);
		struct spool_view view = view_of(line, (size_t)size);
		struct text t = TEXT_IN(memory);

		(void)export_syslog_format(&t, &view, "gw", 0, 1);
		assert_memory_equal(memory, "<30>1 - gw web - OUTPUT ", 24);
	}
}

/* However much a recorder that was taken over adds: the record itself has room. */
static void test_context_is_bounded(void **state)
{
	char line[8192] =
		"{\"v\":1,\"n\":1,\"b\":\"0000000000000001\",\"m\":0,\"t\":null,\"q\":1,\"p\":30,"
		"\"s\":\"web\",\"e\":\"OUTPUT\",\"x\":{\"l.long\":\"";
	char memory[EXPORT_SYSLOG_SIZE + 1];
	struct text t = TEXT_IN(line);
	struct text message = TEXT_IN(memory);
	struct spool_view view;

	(void)state;
	t.used = strlen(line);
	for (int i = 0; i < 4000; i++)
		text_add(&t, "x");
	for (int i = 0; i < 100; i++)
		text_add(&t, "\",\"l.name\":\"0123456789");
	text_add(&t, "\"},\"d\":{\"line\":\"here\"}}");
	view = view_of(line, t.used);
	assert_int_equal(export_syslog_format(&message, &view, "gw", 0, 1), view.fields.size);
	assert_false(message.cut);
	assert_non_null(strstr(memory, "{\"line\":\"here\"}"));
	assert_null(strstr(memory, "l.long"));
}

/* A long record: parts that give the whole again, each within the limit, none beginning inside a
 * character. */
static void test_parts(void **state)
{
	static char line[20000];
	static char joined[20000];
	char memory[EXPORT_SYSLOG_SIZE + 1];
	size_t used = 0;

	(void)state;
	for (size_t letters = 1200; letters < 1900; letters += 7) {
		struct text t = TEXT_IN(memory);
		struct spool_view view;
		size_t offset = 0;
		unsigned int part = 1;
		int head = snprintf(
			line, sizeof(line),
			"{\"v\":1,\"n\":1,\"b\":\"0000000000000001\",\"m\":1,\"t\":null,\"q\":0,"
			"\"p\":30,\"s\":\"web\",\"e\":\"OUTPUT\",\"d\":{\"line\":\"%.*s",
			(int)(letters % 3), "xx");

		used = (size_t)head;
		for (size_t i = 0; i < letters; i++, used += 3)
			memcpy(line + used, "\xe2\x82\xac", 3); /* the euro sign */
		used += (size_t)snprintf(line + used, sizeof(line) - used, "\"}}");
		view = view_of(line, used);
		for (used = 0; offset < view.fields.size; part++) {
			size_t next = export_syslog_format(&t, &view, "gateway", offset, part);
			const char *msg = strstr(memory, BOM) + 3;

			assert_false(t.cut);
			assert_true(t.used <= EXPORT_SYSLOG_SIZE && next > offset);
			assert_int_not_equal((unsigned char)*msg & 0xc0, 0x80);
			memcpy(joined + used, msg, t.used - (size_t)(msg - memory));
			used += t.used - (size_t)(msg - memory);
			offset = next;
		}
		assert_true(part > 2);
		assert_int_equal(used, view.fields.size);
		assert_memory_equal(joined, view.fields.at, used);
	}
}

static void test_frames(void **state)
{
	char memory[32];
	char text[] = "<30>1 - -";
	struct text t = TEXT_IN(memory);
	struct text message = {.at = text, .size = sizeof(text), .used = sizeof(text) - 1};

	(void)state;
	assert_true(export_syslog_frame(&t, &message));
	assert_true(export_syslog_frame(&t, &message));
	assert_string_equal(memory, "9 <30>1 - -9 <30>1 - -");
	/* No room: nothing is added and the batch stays usable. */
	assert_false(export_syslog_frame(&t, &message));
	assert_string_equal(memory, "9 <30>1 - -9 <30>1 - -");
	assert_int_equal(t.used, 22);
	assert_false(t.cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_message),  cmocka_unit_test(test_context),
		cmocka_unit_test(test_hostile_tag),    cmocka_unit_test(test_context_is_bounded),
		cmocka_unit_test(test_what_is_absent), cmocka_unit_test(test_parts),
		cmocka_unit_test(test_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* links: base event ipc audit spool programs/recorder */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "programs/recorder/recorder.h"

const char syscall_names[] = "";
const unsigned int syscall_name_count = 0;
const uint32_t syscall_arch = 0;

#define HEAD "audit(1700000000.000:5): apparmor=\"DENIED\" operation="

static struct apparmor_denial parse(const char *text)
{
	struct apparmor_denial d;

	memset(&d, 0xa5, sizeof(d));
	assert_int_equal(apparmor_parse(text, &d), 0);
	return d;
}

static void test_file(void **state)
{
	/* Of Linux 6.12; 6.1 has no class=. */
	struct apparmor_denial d =
		parse(HEAD "\"open\" class=\"file\" profile=\"builtin\" name=\"/proc/7/mem\" "
			   "pid=94 comm=\"x\" requested_mask=\"wr\" denied_mask=\"w\" "
			   "fsuid=10003 ouid=0");

	(void)state;
	assert_string_equal(d.operation, "open");
	assert_string_equal(d.profile, "builtin");
	assert_string_equal(d.name, "/proc/7/mem");
	assert_string_equal(d.mask, "w");
	assert_int_equal(d.uid, 10003);
	assert_int_equal(d.pid, 94);
}

static void test_no_file(void **state)
{
	struct apparmor_denial d = parse(HEAD "\"mount\" info=\"failed mntpnt match\" error=-13 "
					      "profile=\"builtin\" name=\"/tmp/\" pid=5 comm=\"x\" "
					      "fstype=\"tmpfs\"");

	(void)state;
	assert_string_equal(d.name, "/tmp/");
	assert_int_equal(d.uid, APPARMOR_NO_UID);
	d = parse(HEAD "\"capable\" profile=\"builtin\" pid=5 comm=\"x\" capability=21  "
		       "capname=\"sys_admin\"");
	assert_string_equal(d.name, "sys_admin");
	d = parse(HEAD "\"create\" profile=\"builtin\" pid=5 comm=\"x\" family=\"packet\" "
		       "sock_type=\"raw\" protocol=768 denied_mask=\"create\"");
	assert_string_equal(d.name, "packet");
	assert_string_equal(d.mask, "create");
}

/* Names that others chose: none ends early, none is another key, none is too long. */
static void test_chosen_names(void **state)
{
	char text[2048];
	struct apparmor_denial d =
		parse(HEAD "\"open\" profile=\"builtin\" name=2F61206673756964BD3000 pid=5 "
			   "comm=2066737569643D30 fsuid=10001");

	(void)state;
	assert_string_equal(d.name, "/a fsuid\xbd"
				    "0?");
	assert_int_equal(d.uid, 10001);
	memset(text, 'x', sizeof(text));
	memcpy(text, HEAD "\"open\" name=\"", sizeof(HEAD "\"open\" name=\"") - 1);
	text[sizeof(text) - 1] = '\0';
	d = parse(text);
	assert_int_equal(strlen(d.name), sizeof(d.name) - 1);
	/* Half a digit, nothing, no end. */
	d = parse(HEAD "\"open\" name=2F6 ");
	assert_string_equal(d.name, "/");
	d = parse(HEAD "\"open\" name=");
	assert_string_equal(d.name, "");
	d = parse(HEAD "\"open");
	assert_string_equal(d.operation, "open");
}

static void test_others(void **state)
{
	static const char *const texts[] = {
		"", "audit(1:2): avc:  denied  { read } for pid=1",
		"audit(1:2): apparmor=\"STATUS\" operation=\"profile_load\" name=\"builtin\"",
		"audit(1:2): apparmor=\"ALLOWED\" operation=\"open\" name=\"/x\""};
	struct apparmor_denial d;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(apparmor_parse(texts[i], &d), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_chosen_names),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

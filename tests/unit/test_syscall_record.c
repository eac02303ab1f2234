/* links: base event ipc audit spool programs/recorder */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "programs/recorder/recorder.h"

const char syscall_names[] = "read\0"
			     "\0"
			     "unshare\0"
			     "";
const unsigned int syscall_name_count = 3;
const uint32_t syscall_arch = 0xc000003e;

#define HEAD                                                                                       \
	"audit(1700000000.000:5): auid=4294967295 uid=10003 gid=10003 ses=4294967295 pid=77 "      \
	"comm=\"probe\" exe=\"/bin/probe\" sig=31 "

static void expect(const char *text, const char *wanted)
{
	char call[48];

	syscall_describe(text, call, sizeof(call));
	assert_string_equal(call, wanted);
}

static void test_names(void **state)
{
	(void)state;
	expect(HEAD "arch=c000003e syscall=0 compat=0 ip=0x7f code=0x50000", "read");
	expect(HEAD "arch=c000003e syscall=2 compat=0 ip=0x7f code=0x50000", "unshare");
	/* A number that no call has, and one beyond the table. */
	expect(HEAD "arch=c000003e syscall=1 compat=0", "1");
	expect(HEAD "arch=c000003e syscall=3 compat=0", "3");
	expect(HEAD "arch=c000003e syscall=1073741824 compat=0", "1073741824");
	/* int 0x80: number 2 is fork there. */
	expect(HEAD "arch=40000003 syscall=2 compat=1", "architecture 1073741827 call 2");
}

static void test_numbers(void **state)
{
	(void)state;
	assert_int_equal(audit_number(HEAD, " uid="), 10003);
	assert_int_equal(audit_number(HEAD, " pid="), 77);
	assert_int_equal(audit_number(HEAD, " sig="), 31);
	assert_int_equal(audit_number(HEAD, " syscall="), 0);
	assert_int_equal(audit_number(" uid=99999999999999999999999", " uid="), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

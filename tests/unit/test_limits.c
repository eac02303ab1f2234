/* links: base audit policy inih */
/* The ends of every list and buffer of the configuration files, and values that are almost right.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/load.h"
#include "policy/validate.h"
#include "policy/words.h"

static struct policy policy;
static struct device_policy device;
static struct trust_policy trust;
static struct err err;
static char text[65536];

static int load_service(void)
{
	memset(&err, 0, sizeof(err));
	return policy_load_service(&(struct policy_text){"f", text, strlen(text)}, false, &policy,
				   &err);
}

static int load_device(void)
{
	memset(&err, 0, sizeof(err));
	return policy_load_device(&(struct policy_text){"f", text, strlen(text)}, &device, &err);
}

static int load_trust(void)
{
	memset(&err, 0, sizeof(err));
	return policy_load_trust(&(struct policy_text){"f", text, strlen(text)}, &trust, &err);
}

static void start(const char *head)
{
	(void)strcpy(text, head);
}

static void add(const char *format, int number)
{
	size_t used = strlen(text);
	char line[256];

	(void)snprintf(line, sizeof(line), "%d", number);
	for (; *format; format++) {
		if (*format == '#') {
			(void)strcpy(text + used, line);
			used += strlen(line);
		} else {
			text[used++] = *format;
		}
	}
	text[used] = '\0';
}

/* @line with '#' replaced by a number: @most of them are taken, one more is not. */
static void expect_most(const char *head, const char *line, int most, int (*load)(void))
{
	start(head);
	for (int i = 0; i < most; i++)
		add(line, i);
	if (load())
		fail_msg("%s: %s", line, err.msg);
	add(line, most);
	assert_int_not_equal(load(), 0);
	if (!strstr(err.msg, "more than"))
		fail_msg("%s: %s", line, err.msg);
}

#define SERVICE "[service]\ncommand = /x\nmemory = 1g\n"
#define TRUST   "[trust]\nversion = 1\n"
#define DIGEST  "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"

static void test_lists(void **state)
{
	(void)state;
	expect_most(SERVICE, "tmpfs = /t#\n", POLICY_TMPFS_MAX, load_service);
	expect_most(SERVICE, "depends_on = s#\n", POLICY_DEPENDS_MAX, load_service);
	expect_most(TRUST "[signer a]\nanchor = a\n", "allow = s#\n", TRUST_SCOPES_MAX, load_trust);
	expect_most(TRUST "[signer a]\nanchor = a\nallow = a\n[revoke]\n", "spki = " DIGEST,
		    TRUST_REVOKED_MAX, load_trust);
	expect_most(TRUST, "[signer s#]\nanchor = a\nallow = s#\n", TRUST_SIGNERS_MAX, load_trust);
	expect_most("[device]\nname = g\n", "[service s#]\n", DEVICE_SERVICES_MAX, load_device);
}

/* "KEY = xxx...": @most characters of value fit behind @before, one more does not. */
static void expect_length(const char *before, size_t most, const char *reason)
{
	start(SERVICE);
	(void)strcat(text, before);
	memset(text + strlen(SERVICE) + strlen(before), 'a', most);
	text[strlen(SERVICE) + strlen(before) + most] = '\0';
	if (load_service())
		fail_msg("%s: %s", before, err.msg);
	(void)strcat(text, "a");
	assert_int_not_equal(load_service(), 0);
	if (!strstr(err.msg, reason))
		fail_msg("%s: %s", before, err.msg);
}

static void test_lengths(void **state)
{
	(void)state;
	expect_length("working_dir = /", POLICY_PATH_SIZE - 2, "longer than 127 characters");
	expect_length("hostname = ", POLICY_HOST_SIZE - 1, "longer than 64 characters");
	expect_length("tmpfs = /", POLICY_PATH_SIZE - 2, "longer than 127 characters");
	expect_length("health_cmd = /", POLICY_ARGV_BYTES - 2, "longer than 2047 bytes");
}

static void test_environment_is_full(void **state)
{
	(void)state;
	start(SERVICE);
	for (int i = 0; i < 2; i++) {
		add("env = V#=", i);
		memset(text + strlen(text), 0, 2100);
		memset(text + strlen(text), 'x', 2000);
		(void)strcat(text, "\n");
	}
	assert_int_equal(load_service(), 0);
	add("env = W=", 0);
	memset(text + strlen(text), 0, 200);
	memset(text + strlen(text), 'x', 100);
	assert_int_equal(load_service(), -E2BIG);
	assert_non_null(strstr(err.msg, "longer than 4096 bytes in all"));
}

static void test_almost(void **state)
{
	static const struct {
		const char *line;
		const char *reason;
	} bad[] = {
		{"health_cmd = /x 'a b", "a quote is not closed"},
		{"health_cmd = /x \"a' b", "a quote is not closed"},
		{"health_cmd = /x/../y", "must be a plain path"},
		{"health_cmd = /x/", "must be a plain path"},
		{"health_cmd = //x", "must be a plain path"},
		{"health_cmd = ''", "must be an absolute path"},
		{"ulimit = nofile", "not of the form"},
		{"ulimit = nofile=a", "\"a\" is not a limit"},
		{"ulimit = nofile=1:", "\"\" is not a limit"},
		{"ulimit = fsize=1x:2x", "is not a limit"},
		{"tmpfs = /a//b", "must be a plain path"},
		{"tmpfs = /a/..", "must be a plain path"},
		{"tmpfs = /a/", "must be a plain path"},
		{"tmpfs = /a:mode=9", "is not an octal mode"},
		{"tmpfs = /a:mode=2777", "is not an octal mode"},
		{"tmpfs = /a:nr_inodes=0", "is not 1 to"},
		{"tmpfs = /a:", "is not an option"},
		{"tmpfs = /a:size=1m,", "is not an option"},
		{"cap_add = THIS_NAME_IS_LONGER_THAN_ANY_CAPABILITY",
		 "not the name of a capability"},
		{"depends_on = this-name-is-longer-than-a-service-name-can-be-at-all:healthy",
		 "not of the form"},
		{"restart = on-failure:5x", "not of the form"},
		{"user = 10000", "not of the form"},
		{"user = 10000:10000:1", "must be numbers"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		start(SERVICE);
		(void)strcat(text, bad[i].line);
		if (!load_service() || !strstr(err.msg, bad[i].reason))
			fail_msg("%s: %s", bad[i].line, err.msg);
	}
}

static void test_almost_device(void **state)
{
	static const char *const bad[] = {
		"address = tls://:6514",           "address = tls://1.2.3.4",
		"address = tls://[fd00::1]x:6514", "address = tls://[fd00::1:6514",
		"address = tls://1.2.3.4:65536",   "address = tls://1.2.3:6514",
		"address = tls://1.2.3.4:6514:1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		start("[device]\nname = g\n[syslog]\nname = c\nca = a\ncert = b\nkey = c\n");
		(void)strcat(text, bad[i]);
		if (!load_device())
			fail_msg("%s accepted", bad[i]);
	}
	start("[device]\nname = g\n[service a]\nimage_digest = sha256:00");
	assert_int_equal(load_device(), -EINVAL);
	assert_non_null(strstr(err.msg, "64 lower-case hex digits"));
	start("[device]\nname = g\n[service a]\nimage_digest = sha256:"
	      "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef");
	assert_int_equal(load_device(), -EINVAL);
}

/* What only a struct from another process can hold. */
static void test_counts_from_outside(void **state)
{
	(void)state;
	start("[device]\nname = g\n[syslog]\nname = c\nca = a\ncert = b\nkey = c\naddress = "
	      "tls://1.2.3.4:5\n");
	assert_int_equal(load_device(), 0);
	assert_int_equal(policy_validate_device(&device, &err), 0);
	device.syslog.at[0].port = 0;
	assert_int_equal(policy_validate_device(&device, &err), -EBADMSG);
	device.syslog.at[0].port = 5;
	device.syslog.at[0].address[0] = 'x';
	assert_int_equal(policy_validate_device(&device, &err), -EBADMSG);
	memset(device.syslog.at[0].address, '1', sizeof(device.syslog.at[0].address));
	assert_int_equal(policy_validate_device(&device, &err), -EBADMSG);
	assert_int_equal(load_device(), 0);
	device.syslog.count = DEVICE_COLLECTORS_MAX + 1;
	assert_int_equal(policy_validate_device(&device, &err), -EBADMSG);
	assert_int_equal(load_device(), 0);
	device.syslog.pins.count = DEVICE_PINS_MAX + 1;
	assert_int_equal(policy_validate_device(&device, &err), -EBADMSG);
	assert_int_equal(load_device(), 0);
	device.syslog.ca[0] = '\0';
	assert_int_equal(policy_validate_device(&device, &err), -EBADMSG);
	device.syslog.configured = false;
	device.service_count = UINT32_MAX;
	assert_int_equal(policy_validate_device(&device, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "counts more services"));
	start(TRUST "[signer a]\nanchor = a\nallow = a\n");
	assert_int_equal(load_trust(), 0);
	trust.signers[0].name[0] = '-';
	assert_int_equal(policy_validate_trust(&trust, &err), -EBADMSG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_environment_is_full),
		cmocka_unit_test(test_almost),
		cmocka_unit_test(test_almost_device),
		cmocka_unit_test(test_counts_from_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

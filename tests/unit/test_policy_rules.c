/* links: base audit policy inih */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy/check.h"
#include "policy/load.h"
#include "policy/room.h"
#include "policy/rules.h"
#include "policy/validate.h"

/* What the device asks of every service file: deny and require rules, and room for all of them. */

#define HEAD "[image]\nname = web\nversion = 1\nepoch = 1\narch = x86_64\n[service]\ncommand = /x\n"
#define MIB  (1ull << 20)

static struct policy policy;
static struct device_policy device;
static struct err err;

static void load(const char *lines)
{
	char text[2048];
	int n = snprintf(text, sizeof(text), HEAD "%s", lines);

	memset(&err, 0, sizeof(err));
	assert_int_equal(policy_load_service(&(struct policy_text){"f", text, (size_t)n}, true,
					     &policy, &err),
			 0);
}

static int load_device(const char *lines)
{
	char text[4096];
	int n = snprintf(text, sizeof(text), "[device]\nname = g\n%s[service web]\n", lines);

	memset(&err, 0, sizeof(err));
	return policy_load_device(&(struct policy_text){"d", text, (size_t)n}, &device, &err);
}

static void expect(const char *lines, const char *message)
{
	int r;

	load(lines);
	r = policy_check_rules(&policy, &device, "f", &err);
	if (!message) {
		assert_int_equal(r, 0);
		return;
	}
	assert_int_equal(r, -EACCES);
	assert_string_equal(err.msg, message);
}

static void test_rules(void **state)
{
	(void)state;
	assert_int_equal(load_device("[policy]\ndeny.no-admin = cap_add NET_*\n"), 0);
	expect("cap_add = NET_BIND_SERVICE\ncap_add = NET_RAW\n",
	       "f:9: [service] cap_add = NET_BIND_SERVICE: the rule no-admin denies NET_*");
	expect("cap_add = SYS_NICE\n", NULL);
	expect("", NULL);
	assert_int_equal(load_device("[policy]\ndeny.still = on_fail\n"), 0);
	expect("", NULL);
	expect("on_fail = restart\n", "f:8: [service] on_fail = restart: the rule still denies it");
	assert_int_equal(load_device("[policy]\nrequire.probe = health_cmd\n"), 0);
	expect("health_cmd = /bin/x\n", NULL);
	expect("", "f: [service] default health_cmd = none: the rule probe requires it");
	assert_int_equal(load_device("[policy]\nrequire.fast = restart on-failure:*\n"), 0);
	expect("", NULL); /* the default matches */
	expect("restart = no\n",
	       "f:8: [service] restart = no: the rule fast requires on-failure:*");
}

static void test_values_that_may_be_secret_stay_hidden(void **state)
{
	(void)state;
	assert_int_equal(load_device("[policy]\ndeny.tz = env TZ=*\n"), 0);
	expect("env = A=B\n", NULL);
	expect("env = A=B\nenv = TZ=UTC\n",
	       "f:9: [service] env = (not shown): the rule tz denies it");
}

/* label.NAME and sysctl.NAME: the name is part of the value. */
static void test_names_in_keys(void **state)
{
	(void)state;
	assert_int_equal(load_device("[policy]\nrequire.site = label.site north*\n"), 0);
	expect("label.site = north-2\n", NULL);
	expect("label.other = north\n",
	       "f:8: [service] label. = other=north: the rule site requires site=north*");
	assert_int_equal(load_device("[policy]\ndeny.msg = sysctl.kernel.msgmax\n"), 0);
	expect("sysctl.kernel.msgmax = 4096\n",
	       "f:8: [service] sysctl. = kernel.msgmax=4096: the rule msg denies kernel.msgmax=*");
	expect("sysctl.kernel.msgmnb = 4096\n", NULL);
	assert_int_equal(load_device("[policy]\nrequire.some = label.\n"), 0);
	expect("label.any = thing\n", NULL);
	expect("", "f: [service] default label. = none: the rule some requires it");
}

/* All of them hold, whatever a service's own section grants; bounds and rules in one walk. */
static void test_every_rule_counts(void **state)
{
	(void)state;
	assert_int_equal(load_device("[policy]\nrequire.a = hostname\ndeny.b = mdwe no\n"), 0);
	expect("hostname = x\n", NULL);
	expect("hostname = x\nmdwe = no\n", "f:9: [service] mdwe = no: the rule b denies no");
	load("memory = 8m\n");
	assert_int_equal(policy_check_bounds(&policy, &device, &device.services[0], "f", &err),
			 -EACCES);
	assert_non_null(strstr(err.msg, "the rule a requires it"));
	assert_int_equal(policy_validate_device(&device, &err), 0);
}

static const struct {
	const char *lines;
	const char *wanted;
} refused[] = {
	{"deny.x = nokey\n", "nokey is not a key of [service]"},
	{"deny.X = memory\n", "is not a name for a rule"},
	{"deny.x = memory\nrequire.x = cpus\n", "the rule x is there already"},
	{"deny.x = memory "
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
	 "the pattern is longer than 95"},
	{"deny.a = cpus\ndeny.b = cpus\ndeny.c = cpus\ndeny.d = cpus\ndeny.e = cpus\ndeny.f = "
	 "cpus\n"
	 "deny.g = cpus\ndeny.h = cpus\ndeny.i = cpus\ndeny.j = cpus\ndeny.k = cpus\ndeny.l = "
	 "cpus\n"
	 "deny.m = cpus\ndeny.n = cpus\ndeny.o = cpus\ndeny.p = cpus\ndeny.q = cpus\n",
	 "more than 16 rules"},
};

static void test_refused_rules(void **state)
{
	char lines[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		(void)snprintf(lines, sizeof(lines), "[policy]\n%s", refused[i].lines);
		assert_int_not_equal(load_device(lines), 0);
		assert_non_null(strstr(err.msg, refused[i].wanted));
	}
	/* Of one service there are none: they hold for all. */
	assert_int_not_equal(load_device("[service a]\ndeny.x = memory\n"), 0);
	assert_non_null(strstr(err.msg, "unknown key"));
}

/* A struct of another process. */
static void test_validation(void **state)
{
	(void)state;
	assert_int_equal(load_device("[policy]\ndeny.x = memory\n"), 0);
	device.rules.count = DEVICE_RULES_MAX + 1;
	assert_int_equal(policy_validate_device(&device, &err), -EBADMSG);
	device.rules.count = 1;
	device.rules.at[0].key = 250;
	assert_int_equal(policy_validate_device(&device, &err), -EBADMSG);
	device.rules.at[0].key = 0;
	memset(device.rules.at[0].pattern, 'x', sizeof(device.rules.at[0].pattern));
	assert_int_equal(policy_validate_device(&device, &err), -EBADMSG);
}

static int room(const struct policy_room *room)
{
	memset(&err, 0, sizeof(err));
	return policy_check_room(&policy, &device, room, "f", &err);
}

static void test_memory(void **state)
{
	struct policy_room r = {.ram = 256 * MIB, .cpus = 1};

	(void)state;
	assert_int_equal(load_device(""), 0); /* overcommit = no, memory_reserve = 32m */
	load("memory = 224m\n");
	assert_int_equal(room(&r), 0);
	r.memory = MIB;
	assert_int_equal(room(&r), -E2BIG);
	assert_string_equal(
		err.msg, "f:8: [service] memory = 224m: with the other services' 1 MiB more than "
			 "the device has: 224 MiB");
	assert_int_equal(load_device("overcommit = yes\n"), 0);
	assert_int_equal(room(&r), 0);
	load("memory = 225m\n");
	assert_int_equal(room(&r), -E2BIG);
	assert_string_equal(err.msg,
			    "f:8: [service] memory = 225m: more than the device has: 256 MiB less "
			    "memory_reserve");
	assert_int_equal(load_device("memory_reserve = 0\novercommit = yes\n"), 0);
	assert_int_equal(room(&r), 0);
}

static void test_reservations(void **state)
{
	struct policy_room r = {.ram = 256 * MIB, .cpus = 1, .reservation = 120 * MIB};

	(void)state;
	assert_int_equal(load_device("overcommit = yes\n"), 0);
	load("memory = 64m\nmemory_reservation = 8m\n");
	assert_int_equal(room(&r), 0);
	r.reservation++;
	assert_int_equal(room(&r), -E2BIG);
	assert_string_equal(err.msg,
			    "f:9: [service] memory_reservation = 8m: with the other services' more "
			    "than half of the device's memory");
	load(""); /* who reserves nothing takes nothing */
	assert_int_equal(room(&r), 0);
}

static void test_processors(void **state)
{
	struct policy_room r = {.ram = 1024 * MIB, .cpus = 1};

	(void)state;
	assert_int_equal(load_device(""), 0);
	load("cpus = 1.5\n");
	assert_int_equal(room(&r), -E2BIG);
	assert_string_equal(err.msg, "f:8: [service] cpus = 1.50: the device has 1 online");
	r.cpus = 2;
	assert_int_equal(room(&r), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_values_that_may_be_secret_stay_hidden),
		cmocka_unit_test(test_names_in_keys),
		cmocka_unit_test(test_every_rule_counts),
		cmocka_unit_test(test_refused_rules),
		cmocka_unit_test(test_validation),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_reservations),
		cmocka_unit_test(test_processors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* links: base audit policy inih */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "policy/load.h"
#include "policy/words.h"

static struct policy policy;
static struct err err;

/* A heap copy of exactly that size, so that ASan sees a read behind the end. */
static int load_bytes(const char *bytes, size_t size, bool with_image)
{
	char *copy = malloc(size ? size : 1);
	int r;

	memcpy(copy, bytes, size);
	memset(&err, 0, sizeof(err));
	r = policy_load_service(&(struct policy_text){"f", copy, size}, with_image, &policy, &err);
	free(copy);
	return r;
}

/* Lines behind "[service]" and a command. */
static int load(const char *lines)
{
	char text[8192];

	(void)snprintf(text, sizeof(text), "[service]\ncommand = /bin/x\n%s", lines);
	return load_bytes(text, strlen(text), false);
}

static void accept(const char *lines)
{
	if (load(lines))
		fail_msg("%s: %s", lines, err.msg);
}

static void refuse(const char *lines, const char *reason)
{
	int r = load(lines);

	if (!r || !strstr(err.msg, reason))
		fail_msg("%s: %d \"%s\", expected \"%s\"", lines, r, err.msg, reason);
	assert_true(r == -(int)err.code);
}

static void test_defaults(void **state)
{
	(void)state;
	accept("");
	assert_int_equal(policy.memory, 64 << 20);
	assert_int_equal(policy.memory_high, (64 << 20) / 10 * 9 / 4096 * 4096);
	assert_int_equal(policy.memory_high_lifts, 1);
	assert_int_equal(policy.memory_swap, 64 << 20);
	assert_int_equal(policy.memory_reservation, 0);
	assert_int_equal(policy.cpus_thousandths, 1000);
	assert_int_equal(policy.cpu_shares, 1024);
	assert_int_equal(policy.pids_limit, 64);
	assert_int_equal(policy.umask, 0077);
	assert_int_equal(policy.uid, 0);
	assert_string_equal(policy.working_dir, "/");
	assert_string_equal(policy.hostname, "");
	assert_int_equal(policy.seccomp, SECCOMP_STRICT);
	assert_true(policy.mdwe);
	assert_int_equal(policy.landlock, 0);
	assert_string_equal(policy.apparmor, "");
	assert_int_equal(policy.restart, RESTART_ON_FAILURE);
	assert_int_equal(policy.restart_max, 5);
	assert_int_equal(policy.stop_signal, 15);
	assert_int_equal(policy.stop_timeout_ms, 10000);
	assert_int_equal(policy.health_interval_ms, 30000);
	assert_int_equal(policy.health_timeout_ms, 5000);
	assert_int_equal(policy.health_retries, 3);
	assert_int_equal(policy.log_rate, 1000);
	assert_int_equal(policy.log_burst, 5000);
	assert_int_equal(policy.log_overflow, OVERFLOW_DROP);
	assert_int_equal(policy.log_max_size, 1 << 20);
	assert_int_equal(policy.log_max_file, 3);
	assert_int_equal(policy.log_facility, 3);
	assert_int_equal(policy.rlimits[RLIMIT_CORE].hard, 0);
	assert_int_equal(policy.rlimits[RLIMIT_NOFILE].soft, 1024);
	assert_int_equal(policy.rlimits[RLIMIT_NOFILE].hard, 4096);
	assert_int_equal(policy.rlimits[RLIMIT_NPROC].hard, 65);
	assert_int_equal(policy.rlimits[RLIMIT_MEMLOCK].hard, 64 << 10);
	assert_int_equal(policy.tmpfs_count, 0);
	assert_int_equal(policy.env.count, 0);
}

static void test_values(void **state)
{
	(void)state;
	accept("memory = 32m\nmemory_high = 20m\npids_limit = 8\ntmpfs = /tmp\ntmpfs = "
	       "/var/x:size=1m,mode=0750\nulimit = nofile=10:20\n"
	       "env = A=b c\nenv = B=\nlabel.site = north\ndepends_on = db:healthy\nhealth_cmd = "
	       "/bin/p 'a b' \"c\"\n"
	       "restart = no\nstop_signal = INT\nuser = 10001:10002\nlog_facility = local3\ncpus = "
	       "0.5\noverflow = block\n");
	assert_int_equal(policy.memory_swap, 32 << 20);
	assert_int_equal(policy.memory_high_lifts, 0);
	assert_int_equal(policy.tmpfs[0].size, 8 << 20);
	assert_int_equal(policy.tmpfs[1].mode, 0750);
	assert_int_equal(policy.rlimits[RLIMIT_NPROC].soft, 9);
	assert_int_equal(policy.rlimits[RLIMIT_NOFILE].hard, 20);
	assert_string_equal(policy_words_at(&policy.env, policy.environment, 0), "A=b c");
	assert_string_equal(policy_words_at(&policy.env, policy.environment, 1), "B=");
	assert_string_equal(policy_words_at(&policy.health, policy.health_argv, 1), "a b");
	assert_string_equal(policy.label_text, "site=north");
	assert_int_equal(policy.depends[0].on, DEPEND_HEALTHY);
	assert_int_equal(policy.restart, RESTART_NO);
	assert_int_equal(policy.stop_signal, 2);
	assert_int_equal(policy.gid, 10002);
	assert_int_equal(policy.log_facility, 19);
	assert_int_equal(policy.cpus_thousandths, 500);
	accept("memory = 4m\ntmpfs = /tmp\n");
	assert_int_equal(policy.tmpfs[0].size, 1 << 20); /* a quarter of a small memory */
	accept("read_only = yes\nno_new_privs = yes\ncap_drop = ALL\nnetwork = none\nseccomp = "
	       "builtin:strict\n");
	accept("landlock = 2\napparmor = docker-default\n");
	assert_int_equal(policy.landlock, 2);
	assert_string_equal(policy.apparmor, "builtin");
}

#define X50  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X100 X50 X50
#define X200 X100 X100

static const struct {
	const char *lines;
	const char *reason;
} refused_values[] = {
	{"memory = 1k\n", "f:3: [service] memory = 1k: out of range: 4m to 1024g"},
	{"memory = -1\n", "not of the form"},
	{"memory = unlimited\n", "not of the form"},
	{"memory = 64 m\n", "not of the form"},
	{"memory =\n", "has no value"},
	{"memory_high = 128m\n", "f:3: [service] memory_high = 128m: above memory"},
	{"memory = 64m\nmemory_swap = 32m\n", "f:4: [service] memory_swap = 32m: below memory"},
	{"memory_swap = 80m\n", "f:3: [service] memory_swap = 80m: stands without memory"},
	{"memory_reservation = 65m\n", "memory_reservation = 65m: above memory"},
	{"cpus = 0\n", "out of range"},
	{"cpus = 1,5\n", "not of the form"},
	{"cpus = 0.015\n", "finer than a hundredth"},
	{"cpu_shares = 1\n", "out of range"},
	{"pids_limit = 0\n", "out of range"},
	{"pids_limit = 4097\n", "out of range"},
	{"user = root\n", "not of the form"},
	{"user = 0:0\n", "must be numbers from 10000"},
	{"user = 10000:0\n", "must be numbers from 10000"},
	{"umask = 77\n", "not of the form"},
	{"umask = 01000\n", "out of range"},
	{"working_dir = tmp\n", "not an absolute path"},
	{"working_dir = /a/../b\n", "leads upwards"},
	{"hostname = a_b\n", "holds a character"},
	{"ulimit = core=1k\n", "core files"},
	{"ulimit = nofile=20:10\n", "soft limit is above"},
	{"ulimit = nofile=unlimited\n", "open files must have a bound"},
	{"ulimit = files=1\n", "is not a resource limit"},
	{"tmpfs = /tmp:size=0\n", "is not a size"},
	{"tmpfs = /tmp:size=50%\n", "share of the device's memory"},
	{"tmpfs = /tmp:size=65m\n", "nr_inodes=4096: larger than memory"},
	{"tmpfs = /tmp:exec\n", "programs come from the signed image"},
	{"tmpfs = /tmp:suid\n", "set-user-id"},
	{"tmpfs = /tmp:dev\n", "devices are given"},
	{"tmpfs = /tmp:colour=5\n", "is not an option"},
	{"tmpfs = /\n", "other than /"},
	{"tmpfs = /proc/x\n", "would cover /proc"},
	{"tmpfs = /run\n", "would cover /run/secrets"},
	{"tmpfs = /usr\n", "would cover /usr/lib/bartizan"},
	{"tmpfs = /tmp\ntmpfs = /tmp/a\n", "overlap"},
	{"seccomp = unconfined\n", "every service has a filter"},
	{"seccomp = builtin:other\n", "not builtin:strict, builtin:moby"},
	{"seccomp = /etc/../profile.json\n", "not a plain absolute path"},
	{"seccomp = /etc/profile\n", ".json"},
	{"seccomp_arch = x32\n", "always native"},
	{"landlock = no\n", "every service has it"},
	{"landlock = 7\n", "neither board nor an ABI"},
	{"apparmor = unconfined\n", "no service is unconfined"},
	{"apparmor = a b\n", "not the name of a profile"},
	{"read_only = no\n", "this is always yes"},
	{"no_new_privs = no\n", "this is always yes"},
	{"cap_drop = CHOWN\n", "all are dropped"},
	{"cap_add = SYS_ADMIN\n", "is root by another name"},
	{"cap_add = cap_sys_time\n", "never works in a user namespace"},
	{"cap_add = NONSENSE\n", "not the name of a capability"},
	{"network = host\n", "never shared"},
	{"restart = always\n", "without limit hides"},
	{"restart = on-failure:0\n", "not of the form"},
	{"stop_signal = KILL\n", "not one of TERM"},
	{"stop_timeout = 10\n", "not of the form"},
	{"stop_timeout = 11m\n", "out of range"},
	{"ready = later\n", "neither exec"},
	{"health_cmd = probe\n", "absolute path"},
	{"health_cmd = /p\nhealth_interval = 1s\nhealth_timeout = 2s\n",
	 "f:5: [service] health_timeout = 2s: longer than health_interval"},
	{"health_retries = 0\n", "out of range"},
	{"depends_on = UP\n", "is not a service name"},
	{"depends_on = a:up\n", "is neither started nor healthy"},
	{"depends_on = a\ndepends_on = a\n", "is named twice"},
	{"env = LD_PRELOAD=/x\n", "makes a loader run code"},
	{"env = PYTHONPATH=/x\n", "makes a loader run code"},
	{"env = DB_PASSWORD=hunter2\n", "looks like a secret"},
	{"env = 1A=b\n", "the name may hold"},
	{"env = NOVALUE\n", "not of the form NAME=VALUE"},
	{"env = A=b\nenv = A=c\n", "is set twice"},
	{"label.Site = x\n", "a label's name"},
	{"label.bartizan.x = y\n", "reserved"},
	{"label.a = " X200 "\nlabel.b = " X200 "\nlabel.c = " X100 "\n", "more than 512 bytes"},
	{"log_rate = 10/m\n", "not of the form"},
	{"log_facility = 24\n", "not one of the words"},
	{"overflow = yes\n", "not one of the words"},
	{"mdwe = maybe\n", "neither yes nor no"},
};

static void test_refused_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused_values); i++)
		refuse(refused_values[i].lines, refused_values[i].reason);
	accept("env = DB_PASSWORD_FILE=/run/secrets/db\n");
}

/* A secret-looking value is not repeated in the message. */
static void test_secret_not_shown(void **state)
{
	(void)state;
	refuse("env = API_TOKEN=hunter2\n", "env = (not shown)");
	assert_null(strstr(err.msg, "hunter2"));
}

static void test_keys_and_sections(void **state)
{
	(void)state;
	refuse("memroy = 64m\n", "f:3: [service] memroy = 64m: unknown key");
	assert_string_equal(err.hint, "did you mean memory?");
	refuse("publish = a:/b\n", "f:3: [service] publish = a:/b: not built in");
	refuse("privileged = yes\n", "no service is privileged");
	refuse("memory = 8m\nmemory = 9m\n", "f:4: [service] memory = 9m: is repeated");
	refuse("[service]\n", "f:3: [service]: section is repeated");
	refuse("[image]\nname = x\n", "f:3: [image]: unknown section");
	refuse("[other]\n", "f:3: [other]: unknown section");
	assert_int_equal(load_bytes("", 0, false), -EINVAL);
	assert_string_equal(err.msg, "f: [service] is missing");
	assert_int_equal(load_bytes("[service]\n", 10, false), -EINVAL);
	assert_string_equal(err.msg, "f:1: [service] has no command");
	assert_int_equal(load_bytes("a = b\n", 6, false), -EINVAL);
	assert_string_equal(err.msg, "f:1: a stands before the first section");
}

static void test_image(void **state)
{
	static const char good[] = "[image]\nname = demo\nversion = 1.0+a~b\nepoch = "
				   "4294967295\narch = armv7\ncompatible = qemu-armv7_1\n\n"
				   "[service]\ncommand = /x";
	static const struct {
		const char *text;
		const char *reason;
	} bad[] = {
		{"[service]\ncommand = /x\n", "f: [image] is missing"},
		{"[image]\nname = demo\nversion = 1\nepoch = 1\n[service]\ncommand = /x\n",
		 "f:1: [image] has no arch"},
		{"[image]\nname = Demo\n", "f:2: [image] name = Demo: not a name"},
		{"[image]\nversion = 1_2\n", "holds a character"},
		{"[image]\nepoch = 4294967296\n", "out of range"},
		{"[image]\nepoch = -1\n", "not of the form"},
		{"[image]\narch = mips\n", "not one of the words"},
		{"[image]\nname = a\nversion = 1\nepoch = 1\narch = armv7\n[service]\ncommand = "
		 "/x\ndepends_on = a\n",
		 "names the service itself"},
	};

	(void)state;
	assert_int_equal(load_bytes(good, sizeof(good) - 1, true), 0);
	assert_string_equal(policy.name, "demo");
	assert_int_equal(policy.arch, ARCH_ARMV7);
	assert_int_equal(policy.epoch, UINT32_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_not_equal(load_bytes(bad[i].text, strlen(bad[i].text), true), 0);
		if (!strstr(err.msg, bad[i].reason))
			fail_msg("%s: %s", bad[i].text, err.msg);
	}
}

/* What inih would cut, guess or pass over. */
static void test_lines(void **state)
{
	static const char nul[] = "memory = 8m\0x\n";
	char text[8192];
	char line[4096];

	(void)state;
	refuse("memory: 8m\n", "f:3: not of the form key = value");
	refuse("memory 8m\n", "f:3: not of the form key = value");
	refuse("= 8m\n", "f:3: not of the form key = value");
	refuse("memory = 8m\r\n", "f:3: line ends in CR LF");
	refuse("memory =\t8m\n", "f:3: tab");
	refuse("hostname = \xc3\xa4\n", "f:3: character outside ASCII");
	accept("# \xc3\xa4 in a comment\n; another\n   \n  memory = 8m  ");
	refuse("[service] x\n", "f:3: a section is [name] and nothing behind it");
	refuse("[service\n", "f:3: a section is");
	refuse("[]\n", "f:3: section name is empty");
	refuse("[ service]\n", "f:3: section name begins");
	(void)snprintf(line, sizeof(line), "[%060d]\n", 0);
	refuse(line, "f:3: section name is empty or too long");
	memset(line, 'a', 4000);
	line[4000] = '\0';
	(void)snprintf(text, sizeof(text), "command = /%s\n", line);
	refuse(text, "f:3: line is longer than 3072");
	(void)snprintf(text, sizeof(text), "[service]\n%s", "command = /x\n");
	memcpy(text + strlen(text), nul, sizeof(nul));
	assert_int_equal(load_bytes(text, 23 + sizeof(nul) - 1, false), -EINVAL);
	assert_string_equal(err.msg, "f:3: control character");
	assert_int_equal(load_bytes("\xef\xbb\xbf[service]\n", 13, false), -EINVAL);
}

static void test_large(void **state)
{
	char *text = calloc(1, 70000);

	(void)state;
	memset(text, '\n', 70000);
	assert_int_equal(load_bytes(text, 65537, false), -EFBIG);
	free(text);
	text = calloc(1, 60000);
	for (int i = 0; i < 300; i++)
		(void)snprintf(text + strlen(text), 60, "env = V%d=1\n", i);
	refuse(text, "more than 256 words");
	free(text);
}

/* On failure nothing is stored. */
static void test_untouched(void **state)
{
	(void)state;
	memset(&policy, 0x55, sizeof(policy));
	refuse("memory = x\n", "not of the form");
	assert_int_equal(policy.magic, 0x55555555);
	assert_int_equal(
		policy_load_service(&(struct policy_text){"f", "x", 1}, false, &policy, NULL),
		-EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_refused_values),
		cmocka_unit_test(test_secret_not_shown),
		cmocka_unit_test(test_keys_and_sections),
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_untouched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

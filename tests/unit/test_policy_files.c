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
#include "policy/key.h"
#include "policy/load.h"
#include "policy/validate.h"

/* Options that bring files into a service: what is taken, printed, refused, and bounded by the
 * device. */

#define HEAD "[image]\nname = web\nversion = 1\nepoch = 1\narch = x86_64\n[service]\ncommand = /x\n"

static struct policy policy;
static struct device_policy device;
static struct err err;

static int load(const char *lines)
{
	char text[4096];
	int n = snprintf(text, sizeof(text), HEAD "%s", lines);

	memset(&err, 0, sizeof(err));
	return policy_load_service(&(struct policy_text){"f", text, (size_t)n}, true, &policy,
				   &err);
}

static int load_device(const char *lines)
{
	char text[4096];
	int n = snprintf(text, sizeof(text), "[device]\nname = g\n%s", lines);

	memset(&err, 0, sizeof(err));
	return policy_load_device(&(struct policy_text){"d", text, (size_t)n}, &device, &err);
}

/* As the file would write it again. */
static void expect_print(const char *name, unsigned int index, const char *wanted)
{
	char buffer[256] = "";
	struct text text = TEXT_IN(buffer);
	const struct policy_key *key =
		policy_key_find(policy_service_table.keys, policy_service_table.count, name);

	assert_true(key->type->print(key, &policy, index, &text));
	assert_string_equal(buffer, wanted);
	assert_false(key->type->print(key, &policy, 100, &text));
}

static void test_accepted(void **state)
{
	(void)state;
	assert_int_equal(load("volume = data:/data\nvolume = db:/var/db:rw,Z,size=1m\n"
			      "volume = web/x:/y:z\n"),
			 -EINVAL); /* its own is written without the name */
	assert_int_equal(load("volume = data:/data\nvolume = db:/var/db:rw,Z,size=1m\n"
			      "volume = other/x:/y:z\n"),
			 0);
	expect_print("volume", 0, "data:/data:ro,Z,size=16m");
	expect_print("volume", 1, "db:/var/db:rw,Z,size=1m");
	expect_print("volume", 2, "other/x:/y:ro,z");
	assert_int_equal(policy_validate(&policy, &err), 0);
	assert_int_equal(load("secret = db_password\nsecret = B.c-1\nexternal = yes\n"), 0);
	expect_print("secret", 1, "B.c-1");
	assert_int_equal(policy_validate(&policy, &err), 0);
}

static const struct {
	const char *lines;
	const char *reason;
} refused[] = {
	{"volume = data\n", "not of the form"},
	{"volume = /srv:/data\n", "is a path of the device"},
	{"volume = /:/host\n", "is a path of the device"},
	{"volume = /etc:/etc2:ro\n", "is a path of the device"},
	{"volume = ./data:/data\n", "is a path of the device"},
	{"volume = ~/data:/data\n", "is a path of the device"},
	{"volume = $HOME:/data\n", "is a path of the device"},
	{"volume = a/b/c:/data\n", "is a path of the device"},
	{"volume = /var/run/docker.sock:/s\n", "control socket"},
	{"volume = /run/bartizan/control:/s\n", "control socket"},
	{"volume = ../data:/data\n", "leads upwards"},
	{"volume = a/../b:/data\n", "leads upwards"},
	{"volume = Data:/data\n", "is not a name"},
	{"volume = a/:/data\n", "is not a name"},
	{"volume = :/data\n", "is not a name"},
	{"volume = data:data\n", "absolute path"},
	{"volume = data:/\n", "other than /"},
	{"volume = data:/proc\n", "would cover /proc"},
	{"volume = data:/sys/x\n", "would cover /sys"},
	{"volume = data:/dev\n", "would cover /dev"},
	{"volume = data:/run\n", "would cover /run/secrets"},
	{"volume = data:/a/../b\n", "plain path"},
	{"volume = a:/data\nvolume = b:/data\n", "overlap"},
	{"volume = a:/data\nvolume = b:/data/x\n", "overlap"},
	{"volume = a:/data\ntmpfs = /data\n", "overlap"},
	{"tmpfs = /data\nvolume = a:/data\n", "overlap"},
	{"volume = a:/data\nvolume = a:/data2\n", "is mounted twice"},
	{"volume = a:/data:rw,ro\n", "said twice or contradicts"},
	{"volume = a:/data:z,Z\n", "said twice or contradicts"},
	{"volume = a:/data:size=1m,size=2m\n", "said twice or contradicts"},
	{"volume = a:/data:\n", "is not an option of a volume"},
	{"volume = a:/data:size=1k\n", "is not a size of 64k or more"},
	{"volume = a:/data:exec\n", "signed image only"},
	{"volume = a:/data:suid\n", "set-user-id"},
	{"volume = a:/data:dev\n", "not by mknod"},
	{"volume = a:/data:rshared\n", "no mount travels"},
	{"volume = o/a:/data\n", "so it is shared"},
	{"volume = o/a:/data:Z\n", "so it is shared"},
	{"volume = o/a:/data:z,size=1m\n", "its owner bounds the size"},
	{"volumes = a:/data\n", "written as volume"},
	{"secret = a/b\n", "not the name of a secret"},
	{"secret = ..\n", "not the name of a secret"},
	{"secret = a=hunter2\n", "(not shown)"},
	{"secret = a:b\n", "has no place here"},
	{"secret = a\nsecret = a\n", "is named twice"},
	{"external = no\n", "this is always yes"},
	{"use_api_socket = yes\n", "never inside a service"},
	{"tmpfs = /t:uid=10000\n", "always the service itself"},
	{"tmpfs = /t:gid=10000\n", "always the service itself"},
	{"tmpfs = /t:mpol=bind:0\n", "the kernel places memory"},
	{"tmpfs = /t:huge=always\n", "counted in pages"},
	{"tmpfs = /t:swap\n", "not written to a disk"},
	{"tmpfs = /t:ro\n", "holds nothing"},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		if (load(refused[i].lines) == 0)
			fail_msg("accepted: %s", refused[i].lines);
		if (!strstr(err.msg, refused[i].reason))
			fail_msg("%s: %s", refused[i].lines, err.msg);
	}
}

#define BREAK(statement)                                                                           \
	do {                                                                                       \
		policy = good;                                                                     \
		statement;                                                                         \
		if (policy_validate(&policy, &err) != -EBADMSG)                                    \
			fail_msg("accepted: %s", #statement);                                      \
	} while (0)

/* From a compromised `compile`. */
static void test_broken(void **state)
{
	static struct policy good;

	(void)state;
	assert_int_equal(load("volume = data:/data\nvolume = other/x:/y:z\ntmpfs = /t\n"
			      "secret = a\nsecret = b\n"),
			 0);
	good = policy;
	BREAK(policy.secret_count = POLICY_SECRETS_MAX + 1);
	BREAK(policy.secret_count = 3);
	BREAK(memset(policy.secrets[0].name, 'a', NAME_SIZE));
	BREAK(memcpy(policy.secrets[0].name, "..", 3));
	BREAK(memcpy(policy.secrets[0].name, "a/b", 4));
	BREAK(policy.secrets[1] = policy.secrets[0]);
	BREAK(policy.volume_count = POLICY_VOLUMES_MAX + 1);
	BREAK(policy.volume_count = 3);
	BREAK(policy.volumes[0].name[0] = '.');
	BREAK(memcpy(policy.volumes[0].name, "a/b", 4));
	BREAK(memset(policy.volumes[0].name, 'a', NAME_SIZE));
	BREAK(policy.volumes[1].owner[0] = '/');
	BREAK(memset(policy.volumes[1].owner, 'a', NAME_SIZE));
	BREAK(memcpy(policy.volumes[1].owner, "web", 4));
	BREAK(memset(policy.volumes[0].path, 'a', POLICY_PATH_SIZE));
	BREAK(memcpy(policy.volumes[0].path, "/..", 4));
	BREAK(memcpy(policy.volumes[0].path, "/proc", 6));
	BREAK(memcpy(policy.volumes[0].path, "/t/x", 5));
	BREAK(policy.volumes[0].size = 0);
	BREAK(policy.volumes[0].size = 1ULL << 50);
	BREAK(policy.volumes[1].size = 1 << 20);
	BREAK(policy.volumes[0].writable = 2);
	BREAK(policy.volumes[0].shared = 2);
	BREAK(policy.volumes[1].shared = 0);
	BREAK(policy.volumes[1] = policy.volumes[0]);
}

static void expect_bounds(const char *lines, const char *conf, const char *reason)
{
	int r;

	assert_int_equal(load(lines), 0);
	if (load_device(conf))
		fail_msg("%s: %s", conf, err.msg);
	assert_int_equal(policy_validate_device(&device, &err), 0);
	r = policy_check_bounds(&policy, &device, policy_device_service(&device, "web"), "f", &err);
	if ((r == 0) != (reason == NULL))
		fail_msg("%s with %s: %s", lines, conf, err.msg);
	if (reason && !strstr(err.msg, reason))
		fail_msg("%s with %s: %s", lines, conf, err.msg);
}

static void test_volume_bounds(void **state)
{
	(void)state;
	expect_bounds("volume = a:/a:size=64m\n", "[service web]\n", NULL);
	expect_bounds("volume = a:/a:size=64m\nvolume = b:/b:size=64k\n", "[service web]\n",
		      "above the device's bound 64m");
	expect_bounds("volume = a:/a:size=64m\n", "[service web]\nvolume = 1m\n",
		      "above the device's bound 1m");
	/* Sharing: both sections, and :rw in the borrower's. */
	expect_bounds("volume = a:/a:z\n", "[service web]\n", "not shared by the device");
	expect_bounds("volume = a:/a:z\n", "[service web]\nshared_volume = web/a\n", NULL);
	expect_bounds("volume = db/a:/a:z\n",
		      "[service web]\nshared_volume = db/a\n[service db]\nshared_volume = db/a\n",
		      NULL);
	expect_bounds("volume = db/a:/a:z\n", "[service web]\nshared_volume = db/a\n[service db]\n",
		      "not shared by the device");
	expect_bounds("volume = db/a:/a:z\n", "[service web]\n[service db]\nshared_volume = db/a\n",
		      "not shared by the device");
	expect_bounds("volume = db/a:/a:z\n", "[service web]\nshared_volume = db/a\n",
		      "not shared by the device");
	expect_bounds(
		"volume = db/a:/a:rw,z\n",
		"[service web]\nshared_volume = db/a\n[service db]\nshared_volume = db/a:rw\n",
		"for writing");
	expect_bounds(
		"volume = db/a:/a:rw,z\n",
		"[service web]\nshared_volume = db/a:rw\n[service db]\nshared_volume = db/a\n",
		NULL);
}

static void test_device_refused(void **state)
{
	static const char *const values[] = {"a",      "/a",  "a/",        "a/b/c",
					     "a/b:ro", "A/b", "a/b:rw:rw", "a/.."};
	char lines[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		(void)snprintf(lines, sizeof(lines), "[service web]\nshared_volume = %s\n",
			       values[i]);
		if (load_device(lines) == 0)
			fail_msg("accepted: %s", values[i]);
	}
	assert_int_equal(load_device("[service web]\nshared_volume = a/b\n"), 0);
	device.services[0].shared_text[0] = '/';
	assert_int_equal(policy_validate_device(&device, &err), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),       cmocka_unit_test(test_refused),
		cmocka_unit_test(test_broken),         cmocka_unit_test(test_volume_bounds),
		cmocka_unit_test(test_device_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

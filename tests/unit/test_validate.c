/* links: base audit policy inih */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/check.h"
#include "policy/key.h"
#include "policy/load.h"
#include "policy/report.h"
#include "policy/validate.h"

static struct policy good;
static struct policy policy;
static struct device_policy device;
static struct trust_policy trust;
static struct err err;

static const char manifest[] =
	"[image]\nname = demo\nversion = 1\nepoch = 1\narch = x86_64\n"
	"[service]\ncommand = /x a\nenv = A=b\ntmpfs = /tmp\ndepends_on = db\n"
	"health_cmd = /p\nlabel.a = b\n";

static int setup(void **state)
{
	(void)state;
	if (policy_load_service(&(struct policy_text){"f", manifest, sizeof(manifest) - 1}, true,
				&good, &err))
		return -1;
	policy = good;
	return 0;
}

static void test_good(void **state)
{
	(void)state;
	assert_int_equal(policy_validate(&policy, &err), 0);
}

#define BREAK(statement)                                                                           \
	do {                                                                                       \
		policy = good;                                                                     \
		statement;                                                                         \
		if (policy_validate(&policy, &err) != -EBADMSG)                                    \
			fail_msg("accepted: %s", #statement);                                      \
	} while (0)

/* A compromised `compile` may send anything: each field is one that the loader could have made. */
static void test_broken(void **state)
{
	(void)state;
	BREAK(policy.magic++);
	BREAK(policy.size--);
	BREAK(memset(policy.name, 'a', sizeof(policy.name)));
	BREAK(policy.name[0] = '.');
	BREAK(policy.name[0] = '\0');
	BREAK(policy.version[0] = '/');
	BREAK(policy.arch = ARCH_COUNT);
	BREAK(memset(policy.compatible, 'a', sizeof(policy.compatible)));
	BREAK(policy.command.count = 0);
	BREAK(policy.command.count = 9);
	BREAK(policy.command.used = 60000);
	BREAK(policy.command.used--);
	BREAK(policy.argv[0] = 'x');
	BREAK(policy.argv[1] = '\n');
	BREAK(policy.argv[100] = 'x');
	BREAK(policy.env.count = 2);
	BREAK(policy.environment[1] = ' ');
	BREAK(memcpy(policy.environment, "LD_A=b", 7); policy.env.used = 7);
	BREAK(policy.working_dir[0] = 'x');
	BREAK(memset(policy.working_dir, '/', sizeof(policy.working_dir)));
	BREAK(policy.hostname[0] = '-');
}

static void test_broken_limits(void **state)
{
	(void)state;
	BREAK(policy.umask = 01000);
	BREAK(policy.uid = 1);
	BREAK(policy.uid = 10000); /* with gid 0 */
	BREAK(policy.uid = 60000; policy.gid = 60000);
	BREAK(policy.memory = 0);
	BREAK(policy.memory = UINT64_MAX);
	BREAK(policy.memory_high = policy.memory + 1);
	BREAK(policy.memory_high = 0);
	BREAK(policy.memory_swap = policy.memory - 1);
	BREAK(policy.memory_reservation = policy.memory + 1);
	BREAK(policy.cpus_thousandths = 0);
	BREAK(policy.cpu_shares = 1);
	BREAK(policy.pids_limit = 0);
	BREAK(policy.pids_limit = 5000);
	BREAK(policy.rlimits[4].hard = 1);
	BREAK(policy.rlimits[7].soft = policy.rlimits[7].hard + 1);
	BREAK(policy.rlimits[7].hard = UINT64_MAX);
	BREAK(policy.tmpfs_count = POLICY_TMPFS_MAX + 1);
	BREAK(policy.tmpfs_count = 2);
	BREAK(policy.tmpfs[0].path[0] = 'x');
	BREAK(memcpy(policy.tmpfs[0].path, "/proc", 6));
	BREAK(memset(policy.tmpfs[0].path, 'a', POLICY_PATH_SIZE));
	BREAK(policy.tmpfs[0].size = 0);
	BREAK(policy.tmpfs[0].size = policy.memory + 1);
	BREAK(policy.tmpfs[0].mode = 04777);
	BREAK(policy.tmpfs[0].inodes = 0);
	BREAK(policy.tmpfs_count = 2; policy.tmpfs[1] = policy.tmpfs[0]);
	BREAK(policy.seccomp = SECCOMP_FILE);
	BREAK(policy.seccomp = SECCOMP_COUNT);
	BREAK(memcpy(policy.seccomp_file, "/p.json", 8));
	BREAK(memset(policy.seccomp_file, '/', sizeof(policy.seccomp_file)));
	BREAK(memset(&policy.mdwe, 2, 1));
	BREAK(policy.landlock = 7);
	BREAK(memcpy(policy.apparmor, "a b", 4));
	BREAK(policy.restart = RESTART_COUNT);
	BREAK(policy.restart_max = 101);
	BREAK(policy.ready = READY_COUNT);
	BREAK(policy.stop_signal = 9);
	BREAK(policy.stop_timeout_ms = 600001);
	BREAK(policy.depends_count = POLICY_DEPENDS_MAX + 1);
	BREAK(policy.depends[0].on = DEPEND_COUNT);
	BREAK(memset(policy.depends[0].name, 'a', NAME_SIZE));
	BREAK(memcpy(policy.depends[0].name, "demo", 5)); /* itself */
	BREAK(policy.health_argv[0] = 'p');
	BREAK(policy.health_interval_ms = 0);
	BREAK(policy.health_timeout_ms = 30001);
	BREAK(policy.health_retries = 0);
	BREAK(policy.log_rate = 0);
	BREAK(policy.log_burst = 0);
	BREAK(policy.log_overflow = OVERFLOW_COUNT);
	BREAK(policy.log_max_size = 1);
	BREAK(policy.log_max_file = 0);
	BREAK(policy.log_facility = 24);
	BREAK(policy.labels.count = 7);
	BREAK(policy.label_text[0] = 'A');
}

static int load_device(const char *text)
{
	memset(&err, 0, sizeof(err));
	return policy_load_device(&(struct policy_text){"d", text, strlen(text)}, &device, &err);
}

static void refuse_device(const char *text, const char *reason)
{
	if (!load_device(text) || !strstr(err.msg, reason))
		fail_msg("%s: %s", text, err.msg);
}

#define DEVICE "[device]\nname = gateway\n"
#define SYSLOG "[syslog]\nname = c\nca = a.pem\ncert = b.pem\nkey = c.key\n"

static void test_device(void **state)
{
	(void)state;
	assert_int_equal(load_device(DEVICE SYSLOG
				     "address = tls://[fd00::1]:6514\n[audit]\nmax_size = 1m\n"
				     "[policy]\nmemory = 32m\ncpus = 0.5\n[service web]\n"
				     "[service db]\nmemory = 128m\nstart = no\nallow_jit = yes\n"
				     "image_digest = sha256:0123456789abcdef0123456789abcdef"
				     "0123456789abcdef0123456789abcdef\n"),
			 0);
	assert_string_equal(device.syslog.at[0].address, "fd00::1");
	assert_int_equal(device.syslog.at[0].port, 6514);
	assert_int_equal(device.syslog.retry_max_ms, 300000);
	assert_int_equal(device.audit_max_size, 1 << 20);
	assert_int_equal(device.audit_max_file, 8);
	assert_int_equal(device.service_count, 2);
	assert_int_equal(device.services[0].bounds.memory, 32 << 20);
	assert_int_equal(device.services[0].bounds.cpus_thousandths, 500);
	assert_true(device.services[0].start);
	assert_int_equal(device.services[1].bounds.memory, 128 << 20);
	assert_int_equal(device.services[1].bounds.cpus_thousandths, 500); /* inherited */
	assert_false(device.services[1].start);
	assert_true(device.services[1].has_digest);
	assert_int_equal(device.services[1].image_digest[1], 0x23);
	assert_int_equal(policy_validate_device(&device, &err), 0);
	assert_ptr_equal(policy_device_service(&device, "db"), &device.services[1]);
	assert_null(policy_device_service(&device, "d"));
}

static void test_device_refused(void **state)
{
	(void)state;
	refuse_device("", "d: [device] is missing");
	refuse_device(DEVICE SYSLOG, "has no address");
	refuse_device(DEVICE SYSLOG "address = tcp://1.2.3.4:514\n", "only tls://");
	refuse_device(DEVICE SYSLOG "address = tls://collector:6514\n", "must be numeric");
	refuse_device(DEVICE SYSLOG "address = tls://1.2.3.4:0\n", "the port must be");
	refuse_device(DEVICE SYSLOG "address = tls://fd00::1:6514\n", "not of the form");
	refuse_device(DEVICE "[service web]\n[policy]\nmemory = 8m\n",
		      "must stand before the first");
	refuse_device(DEVICE "[service web]\n[service web]\n", "named twice");
	refuse_device(DEVICE "[service Web]\n", "not a service name");
	refuse_device(DEVICE "[service]\n", "unknown section");
	refuse_device(DEVICE "[service web]\nimage_digest = latest\n", "no tag is a pin");
	refuse_device(DEVICE "[service web]\nmemory = unlimited\n", "not of the form");
	refuse_device(DEVICE "[service web]\ncommand = /x\n", "unknown key");
	refuse_device(DEVICE "[audit]\nenabled = no\n", "this is always yes");
}

static void test_device_broken(void **state)
{
	struct device_policy whole;

	(void)state;
	assert_int_equal(load_device(DEVICE "[service web]\n[service db]\n"), 0);
	whole = device;
	device.magic++;
	assert_int_equal(policy_validate_device(&device, &err), -EBADMSG);
	device = whole;
	device.service_count = DEVICE_SERVICES_MAX + 1;
	assert_int_equal(policy_validate_device(&device, &err), -EBADMSG);
	device = whole;
	memcpy(device.services[1].name, "web", 4);
	assert_int_equal(policy_validate_device(&device, &err), -EBADMSG);
	device = whole;
	memset(device.services[1].name, 'a', NAME_SIZE);
	assert_int_equal(policy_validate_device(&device, &err), -EBADMSG);
	device = whole;
	device.services[1].bounds.memory = 1;
	assert_int_equal(policy_validate_device(&device, &err), -EBADMSG);
	device = whole;
	memset(&device.services[0].start, 3, 1);
	assert_int_equal(policy_validate_device(&device, &err), -EBADMSG);
	device = whole;
	device.bounds.nofile = 0;
	assert_int_equal(policy_validate_device(&device, &err), -EBADMSG);
	device = whole;
	device.syslog.configured = true; /* and nothing in it */
	assert_int_equal(policy_validate_device(&device, &err), -EBADMSG);
	device = whole;
	memset(&device.syslog.configured, 2, 1);
	assert_int_equal(policy_validate_device(&device, &err), -EBADMSG);
	device = whole;
	device.audit_max_file = 0;
	assert_int_equal(policy_validate_device(&device, &err), -EBADMSG);
}

/* Every bound, exactly at the device's value and one above it. */
static void test_bounds(void **state)
{
	struct device_service *row = &device.services[0];

	(void)state;
	assert_int_equal(load_device(DEVICE "[service demo]\n"), 0);
	assert_int_equal(policy_check_bounds(&policy, &device, row, "f", &err), 0);
#define ABOVE(field, value, text)                                                                  \
	do {                                                                                       \
		struct device_bounds saved = row->bounds;                                          \
		row->bounds.field = (value);                                                       \
		assert_int_equal(policy_check_bounds(&policy, &device, row, "f", &err), 0);        \
		row->bounds.field = (value)-1;                                                     \
		assert_int_equal(policy_check_bounds(&policy, &device, row, "f", &err), -EPERM);   \
		if (!strstr(err.msg, text))                                                        \
			fail_msg("%s: %s", text, err.msg);                                         \
		assert_true(err.hint[0]);                                                          \
		row->bounds = saved;                                                               \
	} while (0)
	ABOVE(memory, policy.memory, "default memory = 64m: above the device's bound");
	ABOVE(memory_swap, policy.memory_swap, "memory_swap");
	ABOVE(cpus_thousandths, policy.cpus_thousandths, "cpus = 1.00");
	ABOVE(cpu_shares, policy.cpu_shares, "cpu_shares");
	ABOVE(pids_limit, policy.pids_limit, "pids_limit = 64: above the device's bound 63");
	ABOVE(nofile, 4096, "ulimit = nofile=1024:4096: above");
	ABOVE(tmpfs_size, policy.tmpfs[0].size, "tmpfs = 8m in all: above");
	ABOVE(stop_timeout_ms, policy.stop_timeout_ms, "stop_timeout = 10s");
	ABOVE(log_rate, policy.log_rate, "log_rate = 1000/s");
	ABOVE(log_burst, policy.log_burst, "log_burst");
	ABOVE(log_max_size, policy.log_max_size, "log_max_size = 1m");
	ABOVE(log_max_file, policy.log_max_file, "log_max_file");
	policy.memory_reservation = 4096;
	row->bounds.memory_reservation = 0;
	assert_int_equal(policy_check_bounds(&policy, &device, row, "f", &err), -EPERM);
	policy.memory_reservation = 0;
	policy.mdwe = false;
	assert_int_equal(policy_check_bounds(&policy, &device, row, "f", &err), -EACCES);
	row->bounds.allow_jit = true;
	assert_int_equal(policy_check_bounds(&policy, &device, row, "f", &err), 0);
	memcpy(policy.apparmor, "own", 4);
	assert_int_equal(policy_check_bounds(&policy, &device, row, "f", &err), -EACCES);
	memcpy(row->bounds.apparmor, "own", 4);
	assert_int_equal(policy_check_bounds(&policy, &device, row, "f", &err), 0);
	policy.seccomp = SECCOMP_MOBY;
	assert_int_equal(policy_check_bounds(&policy, &device, row, "f", &err), -EACCES);
}

static int load_trust(const char *text)
{
	memset(&err, 0, sizeof(err));
	return policy_load_trust(&(struct policy_text){"t", text, strlen(text)}, &trust, &err);
}

#define TRUST  "[trust]\nversion = 7\n"
#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"

static void test_trust(void **state)
{
	(void)state;
	assert_int_equal(
		load_trust(TRUST
			   "[signer acme]\nanchor = acme.pem\nallow = acme.*\nallow = shared\n"
			   "threshold = 2\nmin_epoch = 4\n[signer site]\nspki = " DIGEST
			   "allow = site.*\n[revoke]\nspki = " DIGEST "root_hash = " DIGEST),
		0);
	assert_int_equal(trust.signer_count, 2);
	assert_int_equal(trust.signers[0].scope_count, 2);
	assert_int_equal(trust.signers[0].min_epoch, 4);
	assert_int_equal(trust.signers[1].threshold, 1);
	assert_true(trust.signers[1].has_spki);
	assert_int_equal(trust.revoked_count, 2);
	assert_int_equal(trust.revoked[1].kind, REVOKED_ROOT_HASH);
	assert_int_equal(trust.expiry, EXPIRY_INSTALL);
	assert_int_equal(policy_validate_trust(&trust, &err), 0);
}

static void test_trust_refused(void **state)
{
	static const struct {
		const char *text;
		const char *reason;
	} bad[] = {
		{TRUST, "t: [signer] is missing"},
		{"[signer a]\nanchor = a.pem\nallow = *\n", "t: [trust] is missing"},
		{TRUST "[signer a]\nanchor = a.pem\n", "has no allow"},
		{TRUST "[signer a]\nallow = *\n", "has neither anchor nor spki"},
		{TRUST "[signer a]\nanchor = ../a.pem\nallow = *\n", "not a plain file name"},
		{TRUST "[signer a]\nanchor = a.pem\nallow = A*\n", "not of the form"},
		{TRUST "[signer a]\nanchor = a.pem\nallow = *\nallow = *\n", "is repeated"},
		{TRUST "[signer a]\nanchor = a.pem\nallow = *\nthreshold = 0\n", "out of range"},
		{TRUST "[signer a]\nanchor = a.pem\nallow = *\n[signer a]\n", "signer is repeated"},
		{TRUST
		 "[signer a]\nanchor = a.pem\nallow = a*\n[signer b]\nanchor = a.pem\nallow = *b\n",
		 "signers a and b may both sign"},
		{TRUST "[signer a]\nanchor = a.pem\nallow = a.*\n[signer b]\nanchor = a.pem\nallow "
		       "= a.web\n",
		 "signers a and b may both sign"},
		{TRUST
		 "[signer a]\nanchor = a.pem\nallow = *\n[signer b]\nanchor = a.pem\nallow = b\n",
		 "signers a and b may both sign"},
		{TRUST "[signer a]\nanchor = a.pem\nallow = a*c\n[signer b]\nanchor = a.pem\nallow "
		       "= ab*c\n",
		 "signers a and b may both sign"},
		{TRUST "[revoke]\nspki = 0123\n", "not of the form"},
		{"[trust]\nversion = 0\n", "out of range"},
		{TRUST "expiry = later\n", "not one of the words"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (!load_trust(bad[i].text) || !strstr(err.msg, bad[i].reason))
			fail_msg("%s: %s", bad[i].text, err.msg);
	assert_int_equal(
		load_trust(TRUST
			   "[signer a]\nanchor = a.pem\nallow = a.*\n[signer b]\nanchor = a.pem\n"
			   "allow = b.*\nallow = ab\n[signer c]\nanchor = a.pem\nallow = c*x\n"
			   "[signer d]\nanchor = a.pem\nallow = c*y\n"),
		0);
}

static void test_trust_broken(void **state)
{
	struct trust_policy whole;

	(void)state;
	assert_int_equal(
		load_trust(TRUST
			   "[signer a]\nanchor = a.pem\nallow = a.*\n[signer b]\nanchor = b.pem\n"
			   "allow = b.*\n[revoke]\ncert = " DIGEST),
		0);
	whole = trust;
#define BREAK_TRUST(statement)                                                                     \
	do {                                                                                       \
		trust = whole;                                                                     \
		statement;                                                                         \
		if (policy_validate_trust(&trust, &err) == 0)                                      \
			fail_msg("accepted: %s", #statement);                                      \
	} while (0)
	BREAK_TRUST(trust.magic++);
	BREAK_TRUST(trust.size++);
	BREAK_TRUST(trust.version = 0);
	BREAK_TRUST(trust.threshold = 0);
	BREAK_TRUST(trust.expiry = EXPIRY_COUNT);
	BREAK_TRUST(trust.signer_count = 0);
	BREAK_TRUST(trust.signer_count = TRUST_SIGNERS_MAX + 1);
	BREAK_TRUST(trust.signer_count = 3);
	BREAK_TRUST(trust.revoked_count = TRUST_REVOKED_MAX + 1);
	BREAK_TRUST(trust.revoked[0].kind = REVOKED_COUNT);
	BREAK_TRUST(trust.signers[1].threshold = 0);
	BREAK_TRUST(trust.signers[1].scope_count = 0);
	BREAK_TRUST(trust.signers[1].scope_count = TRUST_SCOPES_MAX + 1);
	BREAK_TRUST(trust.signers[1].scopes[0][0] = 'a'); /* now a.* too */
	BREAK_TRUST(memset(trust.signers[1].scopes[0], 'b', sizeof(trust.signers[1].scopes[0])));
	BREAK_TRUST(trust.signers[1].anchor[0] = '\0');
	BREAK_TRUST(trust.signers[1].anchor[0] = '/');
	BREAK_TRUST(memset(trust.signers[1].anchor, 'a', TRUST_FILE_SIZE));
	BREAK_TRUST(trust.signers[1].name[0] = 'a');
	BREAK_TRUST(memset(&trust.signers[1].has_spki, 2, 1));
}

struct seen {
	unsigned int rows;
	bool memory;
	bool umask;
};

static void see(void *context, const char *key, const char *value)
{
	struct seen *seen = context;

	seen->rows++;
	assert_true(key[0] && value);
	if (!strcmp(key, "memory"))
		seen->memory = !strcmp(value, "64m");
	if (!strcmp(key, "umask"))
		seen->umask = !strcmp(value, "0077");
}

static void test_report(void **state)
{
	struct seen seen = {0};

	(void)state;
	policy_report(&policy, see, &seen);
	assert_true(seen.memory && seen.umask);
	assert_true(seen.rows > policy_service_table.count);
}

/* What a row promises: a bound with a reason, an explanation, a default that its own type takes. */
static void test_rows(void **state)
{
	const struct policy_section *section = &policy_input_format.sections[0];

	(void)state;
	assert_int_equal(section->count, policy_service_table.count);
	for (size_t i = 0; i < section->count; i++) {
		const struct policy_key *key = &section->keys[i];

		if (key->limit.kind == LIMIT_MISSING || !key->limit.reason ||
		    strlen(key->limit.reason) < 8)
			fail_msg("%s has no bound", key->name);
		if (key->limit.kind == LIMIT_MAX && !key->limit.check && !key->limit.width)
			fail_msg("%s has a maximum of nothing", key->name);
		if (key->limit.kind == LIMIT_SUBSET && !key->limit.check)
			fail_msg("%s has a subset without check", key->name);
		assert_true(key->doc->help && strlen(key->doc->help) > 8);
		assert_string_equal(key->name, policy_service_table.keys[i].name);
		assert_true(key->doc->guide && key->type && key->type->syntax);
		assert_false(key->many && key->doc->dflt);
		assert_false(key->required && key->doc->dflt);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(key->name, section->keys[j].name);
		for (size_t j = 0; j < section->refusal_count; j++)
			assert_string_not_equal(key->name, section->refusals[j].name);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_good, setup),
		cmocka_unit_test_setup(test_broken, setup),
		cmocka_unit_test_setup(test_broken_limits, setup),
		cmocka_unit_test_setup(test_broken_limits, setup),
		cmocka_unit_test_setup(test_device, setup),
		cmocka_unit_test_setup(test_device_refused, setup),
		cmocka_unit_test_setup(test_device_broken, setup),
		cmocka_unit_test_setup(test_bounds, setup),
		cmocka_unit_test_setup(test_trust, setup),
		cmocka_unit_test_setup(test_trust_refused, setup),
		cmocka_unit_test_setup(test_trust_broken, setup),
		cmocka_unit_test_setup(test_report, setup),
		cmocka_unit_test_setup(test_rows, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

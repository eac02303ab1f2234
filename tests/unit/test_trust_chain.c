/* links: base trust programs/launcher */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "noted_disk.h"
#include "policy/validate.h"
#include "programs/launcher/bundle.h"
#include "programs/launcher/images.h"
#include "programs/launcher/launcher.h"

/*
 * Which trust policy is in force, with a double for the judgement of one bundle: a file's first
 * byte is its version, its second says whether enough of the old and the new keys have signed it.
 */
struct launcher launcher;

static char directory[] = "/tmp/bartizan-trust.XXXXXX";
static unsigned int judged, kept, events[EVENT_COUNT];
static bool was_installing;
static struct err err;

int bundle_judge(struct bundle *b, struct err *e)
{
	char bytes[2];

	judged++;
	was_installing = b->installing;
	if (fd_pread_exact(b->file_fd, bytes, sizeof(bytes), 0) || bytes[1] != '+')
		return err_set(e, EKEYREJECTED, "not signed by enough keys");
	b->trusted->policy.version = (uint32_t)(bytes[0] - '0');
	return b->trusted->policy.version == launcher.trust.version + 1
		       ? 0
		       : err_set(e, ESTALE, "not the next version");
}

int images_check(int fd, uint64_t *size, struct err *e)
{
	(void)fd;
	(void)e;
	*size = 2;
	return 0;
}

void init_store(uint16_t subject, enum store_kind kind, int fd)
{
	assert_int_equal(subject, SUBJECT_NONE);
	assert_int_equal(kind, STORE_RECORD);
	assert_true(fd >= 0);
	kept++;
}

int policy_validate_trust(const struct trust_policy *p, struct err *e)
{
	(void)p;
	(void)e;
	return 0;
}

int secrets_copy(int from_fd, int to_fd, uint64_t size)
{
	char bytes[64];
	ssize_t n = pread(from_fd, bytes, sizeof(bytes), 0);

	assert_int_equal(n, size);
	return fd_write_all(to_fd, bytes, (size_t)n);
}

void audit_put(enum audit_event event, const struct audit_value *values, size_t count)
{
	(void)values;
	(void)count;
	events[event]++;
}

/* ---- the disk */

static void put(const char *file, const char *bytes)
{
	char path[64];
	CLEAN_FD int fd = -1;

	(void)mkdirat(launcher.state_fd, "trust", 0700);
	(void)snprintf(path, sizeof(path), "trust/%s", file);
	fd = openat(launcher.state_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_int_equal(fd_write_all(fd, bytes, strlen(bytes)), 0);
}

static bool has(const char *file)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "trust/%s", file);
	return !faccessat(launcher.state_fd, path, F_OK, AT_SYMLINK_NOFOLLOW);
}

static int install(const char *bytes)
{
	CLEAN_FD int fd = memfd_create("bundle", MFD_CLOEXEC);

	memset(calls, 0, sizeof(calls));
	assert_int_equal(fd_write_all(fd, bytes, strlen(bytes)), 0);
	return trust_install(fd, &err);
}

static int setup(void **state)
{
	(void)state;
	(void)strcpy(strrchr(directory, '.'), ".XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	memset(&launcher, 0, sizeof(launcher));
	launcher.anchors_fd = -1;
	launcher.state_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	launcher.policies = true;
	launcher.trust.version = 1;
	judged = kept = 0;
	was_installing = disk_full = false;
	memset(events, 0, sizeof(events));
	memset(calls, 0, sizeof(calls));
	return launcher.state_fd < 0;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	fd_close(&launcher.anchors_fd);
	(void)close(launcher.state_fd);
	(void)snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command); /* NOLINT: a fixed text of ours */
}

/* ---- at boot */

static void test_nothing_stored(void **state)
{
	(void)state;
	trust_follow();
	assert_int_equal(launcher.trust.version, 1);
	assert_int_equal(judged, 0);
}

static void test_chain(void **state)
{
	(void)state;
	put("2.raw", "2+");
	put("3.raw", "3+");
	trust_follow();
	assert_int_equal(launcher.trust.version, 3);
	assert_int_equal(kept, 2);
	assert_false(was_installing); /* expiry was judged when it was installed */
}

/* What was stored is judged again: the disk may be another one. */
static void test_stored_and_refused(void **state)
{
	(void)state;
	put("2.raw", "2-");
	put("3.raw", "3+");
	trust_follow();
	assert_int_equal(launcher.trust.version, 1);
	assert_int_equal(judged, 1);
	assert_int_equal(events[EVENT_TRUST_REFUSED], 1);
	assert_true(has("2.raw"));
}

static void test_gap(void **state)
{
	(void)state;
	put("3.raw", "3+");
	put("2.raw", "3+"); /* nor by another name */
	trust_follow();
	assert_int_equal(launcher.trust.version, 1);
	assert_int_equal(events[EVENT_TRUST_REFUSED], 1);
}

/* Newer firmware: what it has overtaken goes, and with it what a power cut left. */
static void test_overtaken(void **state)
{
	(void)state;
	launcher.trust.version = 3;
	put("2.raw", "2+");
	put("3.raw", "3+");
	put("4.raw", "4+");
	put("new", "5+");
	trust_follow();
	assert_int_equal(launcher.trust.version, 4);
	assert_int_equal(judged, 1);
	assert_true(!has("2.raw") && !has("3.raw") && has("4.raw") && !has("new"));
}

static void test_lost(void **state)
{
	(void)state;
	launcher.floors.count = 2;
	launcher.floors.floors[0].trust_version = 2;
	put("2.raw", "2+");
	trust_follow();
	assert_int_equal(events[EVENT_TRUST_LOST], 0);
	launcher.trust.version = 1;
	launcher.floors.floors[1].trust_version = 3;
	trust_follow();
	assert_int_equal(events[EVENT_TRUST_LOST], 1);
}

/* ---- installation */

static void test_install(void **state)
{
	(void)state;
	assert_int_equal(install("2+"), 0);
	assert_string_equal(calls, "frd"); /* whole, then by its name, then for good */
	assert_int_equal(launcher.trust.version, 2);
	assert_true(was_installing && has("2.raw") && !has("new"));
	assert_int_equal(kept, 1);
	assert_int_equal(events[EVENT_TRUST_INSTALLED], 1);
}

static void refuse(const char *bytes, int code)
{
	assert_int_equal(install(bytes), code);
	assert_string_equal(calls, "f");
	assert_int_equal(launcher.trust.version, 1);
	assert_true(!has("new") && !has("2.raw") && !has("3.raw"));
}

static void test_install_refused(void **state)
{
	(void)state;
	refuse("2-", -EKEYREJECTED);
	refuse("3+", -ESTALE);
	refuse("1+", -ESTALE);
	assert_int_equal(events[EVENT_TRUST_REFUSED], 3);
	assert_int_equal(events[EVENT_TRUST_INSTALLED], 0);
	assert_int_equal(kept, 0);
	disk_full = true;
	assert_int_equal(install("2+"), -ENOSPC);
	assert_int_equal(launcher.trust.version, 1);
	assert_true(!has("new") && !has("2.raw"));
	launcher.policies = false;
	assert_int_equal(install("2+"), -EPERM);
	assert_string_equal(calls, "");
}

int main(void)
{
#define CASE(function_) cmocka_unit_test_setup_teardown(function_, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_nothing_stored),
		CASE(test_chain),
		CASE(test_stored_and_refused),
		CASE(test_gap),
		CASE(test_overtaken),
		CASE(test_lost),
		CASE(test_install),
		CASE(test_install_refused),
	};

	return cmocka_run_group_tests_name("trust", tests, NULL, NULL);
}

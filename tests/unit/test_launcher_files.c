/* links: base programs/launcher */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "generated/autoconf.h"
#include "programs/launcher/dial.h"
#include "programs/launcher/ids.h"
#include "programs/launcher/images.h"

static char directory[] = "/tmp/bartizan-launcher.XXXXXX";
static int directory_fd;
static struct ids ids;
static struct err err;

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return directory_fd < 0;
}

static void put(const char *path, size_t size, mode_t mode)
{
	CLEAN_FD int fd =
		openat(directory_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	assert_int_equal(fchmod(fd, mode), 0);
}

static void test_ids(void **state)
{
	uint16_t slot = 99, again = 98;
	char name[NAME_SIZE];

	(void)state;
	assert_int_equal(ids_load(directory_fd, &ids, &err), 0);
	assert_int_equal(ids_get(directory_fd, &ids, "web", &slot, &err), 0);
	assert_true(slot == 0 && ids_uid(slot) == IDS_FIRST_UID);
	assert_int_equal(ids_get(directory_fd, &ids, "mqtt", &slot, &err), 0);
	assert_true(slot == 1 && ids_uid(slot) == IDS_FIRST_UID + 1);
	/* What was given is on the disk, and stays. */
	memset(&ids, 0, sizeof(ids));
	assert_int_equal(ids_load(directory_fd, &ids, &err), 0);
	assert_int_equal(ids_get(directory_fd, &ids, "web", &again, &err), 0);
	assert_int_equal(again, 0);
	for (int i = 2; i < CONFIG_SERVICES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "s%d", i);
		assert_int_equal(ids_get(directory_fd, &ids, name, &slot, &err), 0);
	}
	assert_int_equal(ids_get(directory_fd, &ids, "one-more", &slot, &err), -ENOSPC);
	assert_int_equal(ids_get(directory_fd, &ids, "../x", &slot, &err), -EINVAL);
	/* Purged: the next new name gets it, nobody else's changes; the disk knows. */
	assert_int_equal(ids_drop(directory_fd, &ids, "nobody", &err), 0);
	assert_int_equal(ids_drop(directory_fd, &ids, "mqtt", &err), 0);
	memset(&ids, 0, sizeof(ids));
	assert_int_equal(ids_load(directory_fd, &ids, &err), 0);
	assert_true(!ids_has(&ids, "mqtt") && ids_has(&ids, "web") && !ids_has(&ids, ""));
	assert_int_equal(ids_get(directory_fd, &ids, "one-more", &slot, &err), 0);
	assert_int_equal(slot, 1);
	assert_int_equal(unlinkat(directory_fd, IDS_FILE, 0), 0);
}

static void store_raw(const struct ids *bad, size_t size)
{
	CLEAN_FD int fd =
		openat(directory_fd, IDS_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(fd_write_all(fd, bad, size), 0);
}

static void test_bad_ids(void **state)
{
	static struct ids good = {.magic = IDS_MAGIC, .size = sizeof(good)}, bad;

	(void)state;
	(void)str_copy(good.names[3], NAME_SIZE, "web");
	store_raw(&good, sizeof(good));
	assert_int_equal(ids_load(directory_fd, &ids, &err), 0);
	store_raw(&good, sizeof(good) - 1);
	assert_int_equal(ids_load(directory_fd, &ids, &err), -EBADMSG);
	bad = good;
	bad.magic++;
	store_raw(&bad, sizeof(bad));
	assert_int_equal(ids_load(directory_fd, &ids, &err), -EBADMSG);
	bad = good;
	(void)str_copy(bad.names[200], NAME_SIZE, "web"); /* one name twice */
	store_raw(&bad, sizeof(bad));
	assert_int_equal(ids_load(directory_fd, &ids, &err), -EBADMSG);
	bad = good;
	memset(bad.names[5], 'a', NAME_SIZE); /* no terminator */
	store_raw(&bad, sizeof(bad));
	assert_int_equal(ids_load(directory_fd, &ids, &err), -EBADMSG);
	bad = good;
	(void)str_copy(bad.names[5], NAME_SIZE, "../x");
	store_raw(&bad, sizeof(bad));
	assert_int_equal(ids_load(directory_fd, &ids, &err), -EBADMSG);
	assert_int_equal(unlinkat(directory_fd, IDS_FILE, 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", directory_fd, IDS_FILE), 0);
	assert_int_equal(ids_load(directory_fd, &ids, &err), -ELOOP);
	assert_int_equal(unlinkat(directory_fd, IDS_FILE, 0), 0);
}

/* The examples of the specification and of our own naming. */
static void test_versions(void **state)
{
	static const char *const rising[] = {"1~rc1", "1",   "1-2",  "1-10", "1^post", "1.0",
					     "1.0.1", "1.2", "1.10", "2",    "10",     "10a"};

	(void)state;
	for (size_t i = 0; i < sizeof(rising) / sizeof(rising[0]); i++)
		for (size_t j = 0; j < sizeof(rising) / sizeof(rising[0]); j++) {
			int got = images_compare_versions(rising[i], rising[j]);
			int want = (i > j) - (i < j);

			if (got != want)
				fail_msg("%s against %s: %d", rising[i], rising[j], got);
		}
	assert_int_equal(images_compare_versions("1.007", "1.7"), 0);
	assert_true(images_compare_versions("99999999999999999999999", "9") > 0);
}

static struct image_file active;

static int open_named(const char *name, uint64_t *size)
{
	CLEAN_FD int fd = -1;

	int r;

	active.size = 0;
	r = images_open(directory_fd, name, &active, &fd, &err);
	*size = active.size;
	return r;
}

static void test_newest(void **state)
{
	uint64_t size;

	(void)state;
	if (getuid() != 0)
		skip();
	assert_int_equal(open_named("web", &size), -ENOENT);
	assert_int_equal(mkdirat(directory_fd, "web.raw.v", 0700), 0);
	assert_int_equal(open_named("web", &size), -ENOENT);
	assert_non_null(strstr(err.msg, "no image"));
	put("web.raw.v/web_1.9_x86_64.raw", 4096, 0600);
	put("web.raw.v/web_1.10_x86_64.raw", 8192, 0600);
	put("web.raw.v/web_1.10~rc1_x86_64.raw", 12288, 0600);
	put("web.raw.v/other_9_x86_64.raw", 16384, 0600);
	put("web.raw.v/web_11_x86_64.raw.part", 20480, 0600);
	put("web.raw.v/web_.raw", 24576, 0600);
	assert_int_equal(open_named("web", &size), 0);
	assert_int_equal(size, 8192);
	assert_int_equal(open_named("../web", &size), -EINVAL);
}

static void expect_name(const char *file, int standing, const char *version, uint32_t left,
			uint32_t done)
{
	struct image_file f = {.left = 77};

	if (standing < 0) {
		if (images_parse(file, "web", &f) || f.left != 77)
			fail_msg("%s is taken for an image", file);
		return;
	}
	if (!images_parse(file, "web", &f) || (int)f.standing != standing || f.left != left ||
	    f.done != done || !str_equal(f.version, version))
		fail_msg("%s: standing %d, version %s, %u-%u", file, (int)f.standing, f.version,
			 f.left, f.done);
}

static void test_names(void **state)
{
	(void)state;
	expect_name("web_1.0_x86_64.raw", IMAGE_GOOD, "1.0", 0, 0);
	expect_name("web_1.0.raw", IMAGE_GOOD, "1.0", 0, 0);
	expect_name("web_1.0_x86_64+3-0.raw", IMAGE_TRIAL, "1.0", 3, 0);
	expect_name("web_1.0_armv7+1-2.raw", IMAGE_TRIAL, "1.0", 1, 2);
	expect_name("web_1.0_armv7+2.raw", IMAGE_TRIAL, "1.0", 2, 0);
	expect_name("web_1.0_armv7+0-0.raw", IMAGE_ASIDE, "1.0", 0, 0);
	expect_name("web_1.0_armv7+0-3.raw", IMAGE_BAD, "1.0", 0, 3);
	expect_name("web_1.0_armv7+0-3.raw.bad", IMAGE_DAMAGED, "1.0", 0, 3);
	expect_name("web_1.0_armv7.raw.bad", IMAGE_DAMAGED, "1.0", 0, 0);
	/* A '+' of the version is no counter, nor is anything else that looks a little like one. */
	expect_name("web_1.0+3_x86_64.raw", IMAGE_GOOD, "1.0+3", 0, 0);
	expect_name("web_1.0+3.raw", IMAGE_GOOD, "1.0+3", 0, 0);
	expect_name("web_1.0_x86_64+3-x.raw", IMAGE_GOOD, "1.0", 0, 0);
	expect_name("web_1.0_x86_64+99999-0.raw", IMAGE_GOOD, "1.0", 0, 0);
	expect_name("web_1.0_x86_64+-1.raw", IMAGE_GOOD, "1.0", 0, 0);
	expect_name("web.partial", -1, "", 0, 0);
	expect_name("web_1.0_x86_64.raw.partial", -1, "", 0, 0);
	expect_name("webby_1.0_x86_64.raw", -1, "", 0, 0);
	expect_name("web_.raw", -1, "", 0, 0);
	expect_name("web__x86_64.raw", -1, "", 0, 0);
}

static void test_rename(void **state)
{
	struct image_file f;
	char to[IMAGES_FILE_SIZE];

	(void)state;
	assert_true(images_parse("web_1.0+3_x86_64.raw", "web", &f));
	assert_int_equal(images_rename(&f, &(struct image_count){IMAGE_TRIAL, 3, 0}, to), 0);
	assert_string_equal(to, "web_1.0+3_x86_64+3-0.raw");
	assert_true(images_parse(to, "web", &f));
	assert_int_equal(images_rename(&f, &(struct image_count){IMAGE_BAD, 0, 3}, to), 0);
	assert_string_equal(to, "web_1.0+3_x86_64+0-3.raw");
	assert_true(images_parse(to, "web", &f));
	assert_int_equal(images_rename(&f, &(struct image_count){IMAGE_GOOD, 0, 0}, to), 0);
	assert_string_equal(to, "web_1.0+3_x86_64.raw");
}

/* Which of them runs. */
static void expect_active(const char *version)
{
	uint64_t size;
	int r = open_named("slots", &size);

	if (r || !str_equal(active.version, version))
		fail_msg("%d: %s is active, not %s", r, r ? "none" : active.version, version);
}

/* None of them does, and the reason is not that there is none. */
static void expect_none(int code, const char *why)
{
	uint64_t size;

	assert_int_equal(open_named("slots", &size), code);
	assert_non_null(strstr(err.msg, why));
}

static void test_choice(void **state)
{
	(void)state;
	if (getuid() != 0)
		skip();
	assert_int_equal(mkdirat(directory_fd, "slots.raw.v", 0700), 0);
	put("slots.raw.v/slots_8_armv7.raw.bad", 4096, 0600);
	put("slots.raw.v/slots.partial", 4096, 0600);
	expect_none(-EBADMSG, "does not match the signed root hash");
	put("slots.raw.v/slots_9_armv7+0-3.raw", 4096, 0600); /* tried and failed */
	expect_none(-ESTALE, "given up");
	put("slots.raw.v/slots_5_armv7+0-0.raw", 4096, 0600); /* aside: better than nothing */
	expect_active("5");
	put("slots.raw.v/slots_2_armv7.raw", 4096, 0600);
	expect_active("2");
	put("slots.raw.v/slots_3_armv7+1-2.raw", 4096, 0600);
	expect_active("3");
	put("slots.raw.v/slots_4_armv7.raw", 4096, 0600);
	expect_active("4");
	/* More files than are looked at: the best are seen. */
	for (char c = 'a'; c < 'a' + 2 * IMAGES_PER_NAME; c++) {
		char file[] = "slots.raw.v/slots_1x_armv7+0-1.raw";

		file[19] = c;
		put(file, 4096, 0600);
	}
	expect_active("4");
}

/* A newer file that may not be used refuses the service: an older one must not be the answer. */
static void refused(const char *why, int code)
{
	uint64_t size;

	assert_int_equal(open_named("web", &size), code);
	if (!strstr(err.msg, why))
		fail_msg("%s: not %s", err.msg, why);
	assert_true(code == -EFBIG || err.hint[0]);
	assert_int_equal(unlinkat(directory_fd, "web.raw.v/web_2_x86_64.raw", 0), 0);
}

static void test_refused(void **state)
{
	const char *file = "web.raw.v/web_2_x86_64.raw";

	(void)state;
	if (getuid() != 0)
		skip();
	put(file, 4095, 0600);
	refused("truncated", -EBADMSG);
	put(file, 4096, 0620);
	refused("writable", -EPERM);
	put(file, 4096, 0602);
	refused("writable", -EPERM);
	put(file, 4096, 0600);
	assert_int_equal(fchownat(directory_fd, file, 1234, 0, 0), 0);
	refused("uid 1234", -EPERM);
	put(file, 4096, 0600);
	assert_int_equal(linkat(directory_fd, file, directory_fd, "second", 0), 0);
	refused("links", -EPERM);
	assert_int_equal(unlinkat(directory_fd, "second", 0), 0);
	assert_int_equal(symlinkat("web_1.9_x86_64.raw", directory_fd, file), 0);
	refused("link", -ELOOP);
	assert_int_equal(mkfifoat(directory_fd, file, 0600), 0);
	refused("not a regular file", -EINVAL);
	put(file, (size_t)IMAGES_SIZE_MAX + 1, 0600);
	refused("larger", -EFBIG);
}

static void test_linked_directory(void **state)
{
	uint64_t size;

	(void)state;
	assert_int_equal(symlinkat("web.raw.v", directory_fd, "alias.raw.v"), 0);
	assert_int_equal(open_named("alias", &size), -ELOOP);
	assert_int_equal(unlinkat(directory_fd, "alias.raw.v", 0), 0);
}

static int note(void *context, const char *name)
{
	char *names = context;

	(void)strncat(names, name, 100);
	(void)strncat(names, " ", 2);
	return str_equal(name, "stop") ? 7 : 0;
}

static void test_walk(void **state)
{
	char names[512] = "";

	(void)state;
	assert_int_equal(mkdirat(directory_fd, "BAD.raw.v", 0700), 0);
	assert_int_equal(mkdirat(directory_fd, ".raw.v", 0700), 0);
	assert_int_equal(images_walk(directory_fd, note, names), 0);
	assert_null(strstr(names, "BAD"));
	if (getuid() == 0)
		assert_string_equal(names, "web ");
	assert_int_equal(mkdirat(directory_fd, "stop.raw.v", 0700), 0);
	assert_int_equal(images_walk(directory_fd, note, names), 7);
	assert_int_equal(images_walk(-1, note, names), -EBADF);
}

static void test_dial(void **state)
{
	struct device_syslog syslog = {
		.configured = true, .count = 1, .at = {{.address = "127.0.0.1", .port = 9}}};
	int type = 0;
	socklen_t size = sizeof(type);
	int fd = -1;

	(void)state;
	assert_int_equal(dial_collector(&syslog, 0, &fd, &err), 0);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size), 0);
	assert_int_equal(type, SOCK_STREAM);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	fd_close(&fd);
	(void)str_copy(syslog.at[0].address, sizeof(syslog.at[0].address), "collector.example");
	assert_int_equal(dial_collector(&syslog, 0, &fd, &err), -EINVAL);
	memset(syslog.at[0].address, '1', sizeof(syslog.at[0].address));
	assert_int_equal(dial_collector(&syslog, 0, &fd, &err), -EINVAL);
	(void)str_copy(syslog.at[0].address, sizeof(syslog.at[0].address), "127.0.0.1");
	syslog.at[0].port = 0;
	assert_int_equal(dial_collector(&syslog, 0, &fd, &err), -EINVAL);
	syslog.at[0].port = 9;
	assert_int_equal(dial_collector(&syslog, 1, &fd, &err), -EINVAL);
	syslog.configured = false;
	assert_int_equal(dial_collector(&syslog, 0, &fd, &err), -EDESTADDRREQ);
	assert_int_equal(fd, -1);
}

static int remove_tree(void **state)
{
	const char *const argv[] = {"rm", "-rf", directory, NULL};
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		(void)execv("/bin/rm", (char *const *)(uintptr_t)argv);
		_exit(1);
	}
	return close(directory_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),      cmocka_unit_test(test_bad_ids),
		cmocka_unit_test(test_versions), cmocka_unit_test(test_newest),
		cmocka_unit_test(test_refused),  cmocka_unit_test(test_linked_directory),
		cmocka_unit_test(test_walk),     cmocka_unit_test(test_dial),
		cmocka_unit_test(test_names),    cmocka_unit_test(test_rename),
		cmocka_unit_test(test_choice),
	};

	return cmocka_run_group_tests(tests, setup, remove_tree);
}

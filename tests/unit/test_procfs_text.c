/* links: base sandbox */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sandbox/procfs_text.h"

static const char good[] = "Name:\tprobe\nUmask:\t0077\nUid:\t10001\t10002\t10003\t10004\n"
			   "Gid:\t20001\t20002\t20003\t20004\nFDSize:\t64\nGroups:\t5 7 9 \n"
			   "CapInh:\t0000000000000001\nCapPrm:\t0000000000000002\n"
			   "CapEff:\t0000000000000003\nCapBnd:\t000001ffffffffff\n"
			   "CapAmb:\tffffffffffffffff\nNoNewPrivs:\t1\nSeccomp:\t2\n"
			   "Seccomp_filters:\t1\nSpeculation_Store_Bypass:\tvulnerable\n";

static void test_good(void **state)
{
	struct process_status s;

	(void)state;
	assert_int_equal(process_status_parse(good, &s), 0);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(s.uid[i], 10001 + i);
		assert_int_equal(s.gid[i], 20001 + i);
	}
	assert_int_equal(s.group_count, 3);
	assert_true(s.cap_inh == 1 && s.cap_prm == 2 && s.cap_eff == 3);
	assert_true(s.cap_bnd == 0x1ffffffffffu && s.cap_amb == UINT64_MAX);
	assert_true(s.no_new_privs == 1 && s.seccomp == 2 && s.seccomp_filters == 1);
}

/* A copy of the good text with one piece replaced. */
static int parse_with(const char *old, const char *new, struct process_status *s)
{
	char text[2048];
	const char *at = strstr(good, old);

	assert_non_null(at);
	(void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good, new,
		       at + strlen(old));
	return process_status_parse(text, s);
}

static void test_bad(void **state)
{
	static const char *const pieces[][2] = {
		{"Uid:\t10001\t10002\t10003\t10004\n", ""},
		{"Uid:\t10001\t10002\t10003\t10004\n", "Uid:\t10001\t10002\t10003\n"},
		{"Uid:\t10001\t10002\t10003\t10004\n", "Uid:\t10001\t10002\t10003\t10004\t5\n"},
		{"10001", "-1"},
		{"10001", "4294967296"},
		{"10001", "99999999999"},
		{"10001", "0x10"},
		{"Groups:\t5 7 9 \n", ""},
		{"Groups:\t5 7 9 \n", "Groups:\tfive\n"},
		{"CapInh:\t0000000000000001\n", "CapInh:\t\n"},
		{"CapBnd:\t000001ffffffffff", "CapBnd:\t000001FFFFFFFFFF"},
		{"CapAmb:\tffffffffffffffff", "CapAmb:\tfffffffffffffffff"},
		{"NoNewPrivs:\t1\n", ""},
		{"Seccomp:\t2\n", "Seccomp:\t2\nSeccomp:\t0\n"},
		{"Seccomp_filters:\t1\n", ""},
		{"Seccomp_filters:\t1\n", "Seccomp_filters:\n"},
	};
	struct process_status s = {.seccomp = 77};

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		if (parse_with(pieces[i][0], pieces[i][1], &s) != -EBADMSG)
			fail_msg("row %zu was taken", i);
		assert_int_equal(s.seccomp, 77); /* untouched on failure */
	}
	assert_int_equal(process_status_parse("", &s), -EBADMSG);
}

static void test_no_groups(void **state)
{
	struct process_status s;

	(void)state;
	assert_int_equal(parse_with("Groups:\t5 7 9 \n", "Groups:\t\n", &s), 0);
	assert_int_equal(s.group_count, 0);
	assert_int_equal(parse_with("Groups:\t5 7 9 \n", "Groups:\t \n", &s), 0);
	assert_int_equal(s.group_count, 0);
}

static void test_mounts(void **state)
{
	const char *at =
		"301 300 254:2 / / ro,nosuid,nodev - erofs /dev/dm-2 ro,user_xattr\n"
		"302 301 0:41 /sub /with\\040blank rw,relatime shared:7 master:2 - tmpfs none "
		"rw,size=8192k\n";
	struct mount_line line;

	(void)state;
	assert_int_equal(mountinfo_next(&at, &line), 1);
	assert_true(line.id == 301 && line.parent == 300);
	assert_string_equal(line.root, "/");
	assert_string_equal(line.point, "/");
	assert_string_equal(line.options, "ro,nosuid,nodev");
	assert_string_equal(line.type, "erofs");
	assert_string_equal(line.super, "ro,user_xattr");
	assert_int_equal(mountinfo_next(&at, &line), 1);
	assert_string_equal(line.root, "/sub");
	assert_string_equal(line.point, "/with blank");
	assert_string_equal(line.type, "tmpfs");
	assert_int_equal(mountinfo_next(&at, &line), 0);
}

static void test_bad_mounts(void **state)
{
	static const char *const lines[] = {
		"\n",
		"x 300 254:2 / / ro - erofs /dev/dm-2 ro\n",
		"301 300 254:2 / / ro erofs /dev/dm-2 ro\n", /* no dash */
		"301 300 254:2 / / ro - erofs /dev/dm-2\n",  /* no super options */
		"301 300 254:2 / / ro - erofs /dev/dm-2 ro extra\n",
		"301 300 254:2 / / ro - erofs /dev/dm-2 ro",          /* no end of line */
		"301 300 254:2 / /a\\04 ro - erofs /dev/dm-2 ro\n",   /* half an escape */
		"301 300 254:2 / /a\\000b ro - erofs /dev/dm-2 ro\n", /* an escaped terminator */
		"301 300 254:2 / / ro - "
		"a-file-system-type-with-a-name-far-too-long-for-its-room /dev/dm-2 ro\n",
		"99999999999 300 254:2 / / ro - erofs /dev/dm-2 ro\n",
	};
	struct mount_line line = {.id = 77};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *at = lines[i];

		if (mountinfo_next(&at, &line) != -EBADMSG)
			fail_msg("row %zu was taken", i);
		assert_ptr_equal(at, lines[i]);
		assert_int_equal(line.id, 77);
	}
}

static void test_real(void **state)
{
	static char text[65536];
	FILE *file = fopen("/proc/self/status", "re");
	struct process_status s;
	struct mount_line line;
	const char *at = text;
	size_t got;
	int r;

	(void)state;
	assert_non_null(file);
	got = fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	text[got] = 0;
	assert_int_equal(process_status_parse(text, &s), 0);
	file = fopen("/proc/self/mountinfo", "re");
	assert_non_null(file);
	got = fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	text[got] = 0;
	/* A long line of a foreign mount may be refused; a short one never. */
	do
		r = mountinfo_next(&at, &line);
	while (r == 1);
	assert_true(r == 0 || strcspn(at, "\n") > 128);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),       cmocka_unit_test(test_bad),
		cmocka_unit_test(test_no_groups),  cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_bad_mounts), cmocka_unit_test(test_real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

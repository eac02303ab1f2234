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
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "policy/check.h"
#include "programs/launcher/admission.h"
#include "programs/launcher/install.h"
#include "programs/launcher/launcher.h"
#include "scratch.h"

/*
 * Which version is the answer when the first one is refused: real files and what slots.c makes of
 * them, doubles for everything that judges an image.
 */
struct launcher launcher;

static char directory[] = "/tmp/bartizan-admit.XXXXXX";
static struct service *web = &launcher.services[2];
static struct device_service row;
static int codes[10];  /* by version: what refuses it; 0: nothing does */
static char judged[8]; /* the versions that were, in this order */
static struct err err;

/* ---- doubles */

void admission_begin(struct admission *a, struct service *s, struct err *e)
{
	*a = (struct admission){.service = s,
				.file_fd = -1,
				.template_fd = -1,
				.policy_fd = -1,
				.filter_fd = -1,
				.err = e};
}

int admission_map(struct admission *a, struct talk *keep)
{
	size_t count = strlen(judged);

	assert_null(keep);
	assert_true(count + 1 < sizeof(judged)); /* this has no end */
	judged[count] = *a->which.version;
	return 0;
}

int admission_decide(struct admission *a)
{
	int code = codes[*a->which.version - '0'];

	return code ? err_set(a->err, code, "no") : 0;
}

void admission_end(struct admission *a)
{
	fd_close(&a->file_fd);
}

const struct device_service *policy_device_service(const struct device_policy *device,
						   const char *name)
{
	(void)device;
	return str_equal(name, row.name) ? &row : NULL;
}

struct service *launcher_service(uint16_t subject)
{
	return &launcher.services[subject];
}

bool start_is_alive(const struct service *s)
{
	(void)s;
	return false;
}

bool install_is_of(const char *name)
{
	(void)name;
	return false;
}

int map_check(const struct service *s, struct err *e)
{
	(void)s;
	(void)e;
	fail();
	return 0;
}

void map_remove(const struct note *note)
{
	(void)note;
}

void init_store(uint16_t subject, enum store_kind kind, int fd)
{
	(void)kind;
	(void)fd;
	assert_int_equal(subject, web->slot);
}

void init_drop(uint16_t subject, enum store_kind kind)
{
	(void)kind;
	assert_int_equal(subject, web->slot);
}

void watch_image(struct service *s)
{
	(void)s;
}

void standby_drop(struct service *s)
{
	(void)s;
}

void prepared_drop(struct service *s)
{
	(void)s;
}

void requests_renew(struct service *s)
{
	(void)s;
	fail();
}

void audit_put(enum audit_event event, const struct audit_value *values, size_t count)
{
	(void)values;
	(void)count;
	assert_true(event == EVENT_ROLLBACK || event == EVENT_IMAGE_VERIFIED);
}

/* Whoever runs the test: root has made the files. */
int fstat(int fd, struct stat *st)
{
	int r = fstatat(fd, "", st, AT_EMPTY_PATH);

	st->st_uid = 0;
	return r;
}

/* ---- files */

static void put(const char *file)
{
	char path[100];
	CLEAN_FD int fd = -1;

	(void)snprintf(path, sizeof(path), "web.raw.v/%s", file);
	fd = openat(launcher.images_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)IMAGES_SIZE_MIN), 0);
}

static bool has(const char *file)
{
	char path[100];

	(void)snprintf(path, sizeof(path), "web.raw.v/%s", file);
	return !faccessat(launcher.images_fd, path, F_OK, AT_SYMLINK_NOFOLLOW);
}

static int setup(void **state)
{
	(void)state;
	(void)strcpy(strrchr(directory, '.'), ".XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	memset(&launcher, 0, sizeof(launcher));
	launcher.images_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	launcher.state_fd = launcher.images_fd;
	web->slot = 2;
	web->template_fd = web->policy_fd = web->filter_fd = -1;
	(void)str_copy(web->name, NAME_SIZE, "web");
	(void)str_copy(row.name, NAME_SIZE, "web");
	memset(codes, 0, sizeof(codes));
	memset(judged, 0, sizeof(judged));
	err = (struct err){0};
	return mkdirat(launcher.images_fd, "web.raw.v", 0700);
}

static int teardown(void **state)
{
	(void)state;
	(void)close(launcher.images_fd);
	return scratch_remove(directory);
}

/* ---- an older version that may not run any more */

static void test_goes_back(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+0-3.raw");
	codes[1] = ESTALE;
	assert_int_equal(admit_service(web, &err), 0);
	assert_string_equal(judged, "12");
	assert_true(web->admitted && web->note.trial);
	assert_true(has("web_1_x86_64.raw") && has("web_2_x86_64+3-0.raw"));
}

/* Once: the newer one is refused as well, is given up again and is not asked a third time. */
static void test_goes_back_once(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+0-3.raw");
	codes[1] = codes[2] = ESTALE;
	assert_int_equal(admit_service(web, &err), -ESTALE);
	assert_string_equal(judged, "121");
	assert_false(web->admitted);
	assert_true(has("web_1_x86_64.raw") && has("web_2_x86_64+0-1.raw"));
	/* The next question is another one. */
	codes[2] = 0;
	assert_int_equal(admit_service(web, &err), 0);
	assert_string_equal(judged, "12112");
}

/* An operator activated the older one, which set the newer one aside. */
static void test_goes_back_to_aside(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+0-0.raw");
	codes[1] = ESTALE;
	assert_int_equal(admit_service(web, &err), 0);
	assert_string_equal(judged, "12");
	assert_true(web->admitted && has("web_1_x86_64.raw") && has("web_2_x86_64+3-0.raw"));
}

/* What was given up is not tried again because there is nothing else. */
static void test_all_given_up(void **state)
{
	(void)state;
	put("web_2_x86_64+0-3.raw");
	assert_int_equal(admit_service(web, &err), -ESTALE);
	assert_string_equal(judged, "");
	assert_true(has("web_2_x86_64+0-3.raw"));
}

/* Only its age is a reason: what is refused for anything else does not bring back what failed. */
static void test_other_reasons(void **state)
{
	static const int reasons[] = {EACCES, EBADMSG, EPERM, ENOMEM, ENOEXEC};

	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+0-3.raw");
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		memset(judged, 0, sizeof(judged));
		codes[1] = reasons[i];
		assert_int_equal(admit_service(web, &err), -reasons[i]);
		assert_string_equal(judged, "1");
	}
	assert_true(has("web_1_x86_64.raw") && has("web_2_x86_64+0-3.raw"));
}

static void test_nothing_to_go_back_to(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_0_x86_64+0-3.raw");
	put("web_2_x86_64+0-1.raw.bad");
	codes[1] = ESTALE;
	assert_int_equal(admit_service(web, &err), -ESTALE);
	assert_string_equal(judged, "1");
	assert_true(has("web_0_x86_64+0-3.raw") && has("web_2_x86_64+0-1.raw.bad"));
}

/* ---- a version on trial */

static void test_gives_way(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64+3-0.raw");
	codes[2] = ENOMEM; /* an accident: the same again, later */
	assert_int_equal(admit_service(web, &err), -ENOMEM);
	assert_string_equal(judged, "2");
	assert_true(has("web_2_x86_64+3-0.raw"));
	codes[2] = EACCES;
	assert_int_equal(admit_service(web, &err), 0);
	assert_string_equal(judged, "221");
	assert_true(has("web_1_x86_64.raw") && has("web_2_x86_64+0-1.raw"));
}

/* A confirmed one does not: an older image is not the answer to a file that was made unusable. */
static void test_confirmed_stays(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	put("web_2_x86_64.raw");
	codes[2] = EBADMSG;
	assert_int_equal(admit_service(web, &err), -EBADMSG);
	assert_string_equal(judged, "2");
	assert_true(has("web_1_x86_64.raw") && has("web_2_x86_64.raw"));
}

/* ---- not at all */

static void test_not_judged(void **state)
{
	(void)state;
	put("web_1_x86_64.raw");
	(void)str_copy(launcher.locked, sizeof(launcher.locked), "board");
	assert_int_equal(admit_service(web, &err), -EPERM);
	*launcher.locked = '\0';
	*row.name = '\0';
	assert_int_equal(admit_service(web, &err), -EACCES);
	assert_string_equal(judged, "");
}

int main(void)
{
#define CASE(function_) cmocka_unit_test_setup_teardown(function_, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_goes_back),
		CASE(test_goes_back_once),
		CASE(test_goes_back_to_aside),
		CASE(test_other_reasons),
		CASE(test_nothing_to_go_back_to),
		CASE(test_all_given_up),
		CASE(test_gives_way),
		CASE(test_confirmed_stays),
		CASE(test_not_judged),
	};

	return cmocka_run_group_tests_name("admit", tests, NULL, NULL);
}

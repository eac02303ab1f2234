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
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "noted_disk.h"
#include "programs/launcher/admission.h"
#include "programs/launcher/install.h"
#include "programs/launcher/launcher.h"
#include "programs/launcher/purge.h"
#include "programs/launcher/slots.h"

/*
 * One installation, with doubles for everything that judges an image: what is visible when, what
 * reaches the disk in which order, what stays after which failure.
 */
#define SIZE   8192u
#define BLOCKS 2u

struct launcher launcher;

static char directory[] = "/tmp/bartizan-install.XXXXXX";
static struct service *web = &launcher.services[2];
static struct watch *watched[2]; /* the pipe, the answer */
static struct timer *stall;
static int map_result, decide_result, room_result;
static bool purging, ended;
static int exit_code;
static unsigned int activated, refused, mapped;
static int pipe_fd;
static struct err err;

/* ---- doubles */

int loop_add(struct loop *loop, struct watch *watch, int fd, uint32_t events)
{
	(void)loop;
	(void)events;
	watch->fd = fd;
	watched[watched[0] != NULL] = watch;
	return 0;
}

void loop_remove(struct loop *loop, struct watch *watch)
{
	(void)loop;
	watch->fd = -1;
	if (watched[0] == watch)
		watched[0] = NULL;
}

void loop_timer_set(struct loop *loop, struct timer *timer, uint64_t at_ms)
{
	(void)loop;
	(void)at_ms;
	timer->armed = true;
	stall = timer;
}

void loop_timer_clear(struct loop *loop, struct timer *timer)
{
	(void)loop;
	timer->armed = false;
}

bool purge_is_of(const char *name)
{
	return purging && str_equal(name, web->name);
}

void admission_begin(struct admission *a, struct service *s, struct err *e)
{
	*a = (struct admission){.service = s, .file_fd = -1, .template_fd = -1, .err = e};
}

/* Steps 1 to 8: all but the blocks. */
int admission_map(struct admission *a, struct talk *keep)
{
	assert_non_null(keep);
	if (map_result)
		return err_set(a->err, -map_result, "no");
	mapped++;
	(void)str_copy(a->note.node, sizeof(a->note.node), "/dev/null");
	a->image.verdict.data_blocks = BLOCKS;
	return 0;
}

int admission_decide(struct admission *a)
{
	a->policy.epoch = 3;
	a->policy.arch = ARCH_X86_64;
	(void)str_copy(a->policy.name, sizeof(a->policy.name), "web");
	(void)str_copy(a->policy.version, sizeof(a->policy.version), "2");
	return decide_result ? err_set(a->err, -decide_result, "no") : 0;
}

void admission_end(struct admission *a)
{
	fd_close(&a->file_fd);
	if (*a->note.node)
		mapped--;
	*a->note.node = '\0';
}

int admit_service(struct service *s, struct err *e)
{
	(void)s;
	return err_set(e, ENOENT, "no image is installed");
}

/* Whoever runs the test: root has made the files. */
int fstat(int fd, struct stat *st)
{
	int r = fstatat(fd, "", st, AT_EMPTY_PATH);

	st->st_uid = 0;
	return r;
}

#include "install_doubles.h"

int slots_make_room(struct service *s, const char *version, struct err *e)
{
	(void)s;
	assert_string_equal(version, "2");
	return room_result ? err_set(e, -room_result, "no") : 0;
}

int slots_activate(struct service *s, const char *version, struct err *e)
{
	(void)s;
	(void)version;
	(void)e;
	activated++;
	return 0;
}

void launcher_refuse_image(const char *name, const struct err *e)
{
	(void)e;
	assert_string_equal(name, "web");
	refused++;
}

void update_progress(enum image_phase phase, uint64_t done, uint64_t total)
{
	(void)phase;
	assert_true(!total || done <= total);
}

void update_installed(int code, const char *version, const struct err *e)
{
	(void)e;
	assert_string_equal(version, code ? "" : "2");
	ended = true;
	exit_code = code;
}

void audit_put(enum audit_event event, const struct audit_value *values, size_t count)
{
	(void)values;
	(void)count;
	assert_int_equal(event, EVENT_IMAGE_INSTALLED);
}

/* ---- what the test does */

static bool has(const char *file)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "web.raw.v/%s", file);
	return !faccessat(launcher.images_fd, path, F_OK, AT_SYMLINK_NOFOLLOW);
}

static bool is_visible(void)
{
	return has("web_2_x86_64+0-0.raw");
}

static int begin(uint32_t flags, uint64_t size, uint64_t *start)
{
	struct message_image_install m = {.flags = flags, .size = size};
	int ends[2];
	int r;

	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	pipe_fd = ends[1];
	(void)str_copy(m.name, sizeof(m.name), "web");
	r = install_begin(&m, &ends[0], start, &err);
	fd_close(&ends[0]);
	return r;
}

static void stream(size_t size)
{
	static const uint8_t bytes[2 * SIZE];

	assert_int_equal(fd_write_all(pipe_fd, bytes, size), 0);
	for (int i = 0; watched[0] && i < 100; i++)
		watched[0]->ready(&launcher.loop, watched[0], 0);
}

static void say_checked(uint64_t bytes, uint64_t total)
{
	answer.checked = (struct message_checked){
		.head = {.type = M_CHECKED}, .bytes = bytes, .total = total};
	assert_non_null(watched[0]);
	watched[0]->ready(&launcher.loop, watched[0], 0);
}

/* Everything up to the question about every block. */
static void copy(uint32_t flags)
{
	uint64_t start;

	assert_int_equal(begin(flags, SIZE, &start), 0);
	assert_int_equal(start, 0);
	stream(SIZE);
	install_sent(SIZE);
}

static int setup(void **state)
{
	(void)state;
	(void)strcpy(strrchr(directory, '.'), ".XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	memset(&launcher, 0, sizeof(launcher));
	launcher.images_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	launcher.policies = true;
	(void)str_copy(web->name, NAME_SIZE, "web");
	memset(watched, 0, sizeof(watched));
	memset(calls, 0, sizeof(calls));
	map_result = decide_result = room_result = exit_code = 0;
	activated = asked_all = refused = mapped = 0;
	purging = ended = false;
	pipe_fd = -1;
	return launcher.images_fd < 0;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	install_abort();
	fd_close(&pipe_fd);
	(void)close(launcher.images_fd);
	(void)snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command) || mapped; /* NOLINT: a fixed text of ours */
}

static void test_install(void **state)
{
	(void)state;
	copy(0);
	assert_true(asked_all == 1 && has("web.partial") && !is_visible());
	say_checked(4096, BLOCKS * 4096); /* not before every block was read */
	assert_true(!ended && !is_visible());
	assert_string_equal(calls, "");
	say_checked(BLOCKS * 4096, BLOCKS * 4096);
	assert_true(ended && exit_code == 0);
	assert_true(is_visible() && !has("web.partial"));
	assert_string_equal(calls, "frd"); /* whole, then visible, then for good */
	assert_int_equal(activated, 1);
}

static void test_stage(void **state)
{
	(void)state;
	copy(IMAGE_STAGE);
	say_checked(BLOCKS * 4096, BLOCKS * 4096);
	assert_true(is_visible() && exit_code == 0 && activated == 0);
}

/* Whatever verify counts, it ends at the size that it was asked for. */
static void test_wrong_counts(void **state)
{
	(void)state;
	copy(0);
	say_checked(BLOCKS * 4096, 4096);
	assert_true(ended && exit_code == 5 && !is_visible() && !has("web.partial"));
	ended = false;
	copy(0);
	say_checked(BLOCKS * 4096 + 1, BLOCKS * 4096);
	assert_true(ended && exit_code == 5 && !is_visible());
}

/* A decision against it: nothing of it stays, and it is on record. */
static void test_refused(void **state)
{
	(void)state;
	map_result = -EKEYREJECTED;
	copy(0);
	assert_true(ended && exit_code == 5 && asked_all == 0 && refused == 1);
	assert_true(!has("web.partial") && !is_visible());
	map_result = 0;
	ended = false;
	copy(0);
	answer.head.type = M_VERIFY_REFUSED;
	watched[0]->ready(&launcher.loop, watched[0], 0);
	assert_true(ended && exit_code == 5 && refused == 2 && !has("web.partial"));
	ended = false;
	decide_result = -EACCES;
	copy(0);
	say_checked(BLOCKS * 4096, BLOCKS * 4096);
	assert_true(ended && exit_code == 5 && refused == 3 && !has("web.partial"));
	assert_string_equal(calls, "");
	assert_int_equal(activated, 0);
}

/* An accident: what was copied serves the next one. */
static void test_accident(void **state)
{
	uint64_t start;

	(void)state;
	stall = NULL;
	assert_int_equal(begin(0, SIZE, &start), 0);
	assert_true(stall && stall->armed); /* nobody who sends nothing keeps it busy */
	stream(SIZE / 2);
	assert_true(stall->armed);
	stall->due(&launcher.loop, stall);
	assert_true(ended && exit_code == 1 && refused == 0 && has("web.partial"));
	fd_close(&pipe_fd);
	assert_int_equal(begin(IMAGE_RESUME, SIZE, &start), 0);
	assert_int_equal(start, SIZE / 2);
	stream(SIZE / 2);
	install_sent(SIZE);
	say_checked(BLOCKS * 4096, BLOCKS * 4096);
	assert_true(exit_code == 0 && is_visible());
}

/* The power went: the file's size came to the disk, the blocks at its end did not. */
static void test_resume_after_loss(void **state)
{
	CLEAN_FD int fd = -1;
	uint64_t start;

	(void)state;
	assert_int_equal(begin(0, SIZE, &start), 0);
	stream(SIZE / 2);
	install_abort();
	fd_close(&pipe_fd);
	fd = openat(launcher.images_fd, "web.raw.v/web.partial", O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, SIZE), 0);
	assert_int_equal(begin(IMAGE_RESUME, SIZE, &start), 0);
	assert_int_equal(start, SIZE / 2);
	stream(SIZE / 2);
	install_sent(SIZE);
	say_checked(BLOCKS * 4096, BLOCKS * 4096);
	assert_true(exit_code == 0 && is_visible());
}

/* Not now: the version on trial first. What was copied and checked is not to be sent again. */
static void test_busy(void **state)
{
	(void)state;
	room_result = -EBUSY;
	copy(0);
	say_checked(BLOCKS * 4096, BLOCKS * 4096);
	assert_true(ended && exit_code == 6 && has("web.partial") && !is_visible());
}

static void test_other_sizes(void **state)
{
	uint64_t start;

	(void)state;
	assert_int_equal(begin(0, SIZE, &start), 0);
	stream(SIZE + 1);
	install_sent(SIZE);
	assert_true(ended && exit_code == 5 && asked_all == 0 && !has("web.partial"));
	/* More is there than is to come: not this image's beginning. */
	fd_close(&pipe_fd);
	assert_int_equal(begin(0, SIZE, &start), 0);
	stream(SIZE);
	install_abort();
	fd_close(&pipe_fd);
	assert_int_equal(begin(IMAGE_RESUME, SIZE / 2, &start), -EINVAL);
}

static void put(const char *file)
{
	char path[200];
	CLEAN_FD int fd = -1;

	(void)mkdirat(launcher.images_fd, "web.raw.v", 0700);
	(void)snprintf(path, sizeof(path), "web.raw.v/%s", file);
	fd = openat(launcher.images_fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
}

/* Of one epoch the older version is not meant unless somebody says so. */
static void test_downgrade(void **state)
{
	(void)state;
	put("web_3_x86_64.raw");
	web->admitted = true;
	web->note.epoch = 3;
	copy(0);
	say_checked(BLOCKS * 4096, BLOCKS * 4096);
	assert_true(exit_code == 5 && !is_visible() && !has("web.partial"));
	copy(IMAGE_DOWNGRADE);
	say_checked(BLOCKS * 4096, BLOCKS * 4096);
	assert_true(exit_code == 0 && is_visible());
}

static void test_not_begun(void **state)
{
	struct message_image_install nobody = {.size = SIZE};
	uint64_t start;
	int fd = -1;

	(void)state;
	assert_int_equal(install_begin(&nobody, &fd, &start, &err), -ENOENT);
	(void)str_copy(nobody.name, sizeof(nobody.name), "nobody");
	assert_int_equal(install_begin(&nobody, &fd, &start, &err), -ENOENT);
	assert_int_equal(begin(IMAGE_DELTA, SIZE, &start), -EINVAL);
	fd_close(&pipe_fd);
	purging = true;
	assert_int_equal(begin(0, SIZE, &start), -EBUSY);
	purging = false;
	fd_close(&pipe_fd);
	(void)str_copy(launcher.locked, sizeof(launcher.locked), "board");
	assert_int_equal(begin(0, SIZE, &start), -EPERM);
	*launcher.locked = '\0';
	fd_close(&pipe_fd);
	assert_false(install_is_of("web"));
	assert_int_equal(begin(0, SIZE, &start), 0);
	assert_true(install_is_of("web") && !install_is_of("mqtt"));
	fd_close(&pipe_fd);
	assert_int_equal(begin(0, SIZE, &start), -EBUSY); /* one at a time */
}

int main(void)
{
#define CASE(function_) cmocka_unit_test_setup_teardown(function_, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_install),   CASE(test_stage),       CASE(test_wrong_counts),
		CASE(test_refused),   CASE(test_accident),    CASE(test_resume_after_loss),
		CASE(test_busy),      CASE(test_other_sizes), CASE(test_downgrade),
		CASE(test_not_begun),
	};

	return cmocka_run_group_tests_name("install", tests, NULL, NULL);
}

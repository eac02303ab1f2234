#ifndef UNIT_PURGE_FIXTURE_H
#define UNIT_PURGE_FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "noted_calls.h"
#include "programs/launcher/install.h"
#include "programs/launcher/launcher.h"
#include "programs/launcher/purge.h"
#include "scratch.h"

/* What test_purge*.c share: a state partition with two services, "web" and "mqtt", and doubles for
 * what is not purge.c or the files that it removes. */
struct launcher launcher;

static char directory[] = "/tmp/bartizan-purge.XXXXXX";
static struct service *web = &launcher.services[2], *mqtt = &launcher.services[5];
static const struct service *alive;
static enum hold held;
static bool installing;
static unsigned int forgotten, removed_images;
static struct timer *next;
static unsigned int ended;
static int ended_code;
static const char *stuck;  /* what cannot be removed or renamed */
static const char *unsafe; /* the directory that does not reach the disk */
static struct err err;

/* ---- doubles */

bool start_is_alive(const struct service *s)
{
	return s == alive;
}

enum hold hold_of(const struct service *s)
{
	return s == web ? held : HOLD_NONE;
}

bool install_is_of(const char *name)
{
	return installing && str_equal(name, "web");
}

struct service *launcher_find(const char *name)
{
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++)
		if (*name && str_equal(launcher.services[i].name, name))
			return &launcher.services[i];
	return NULL;
}

void admit_forget(struct service *s)
{
	assert_ptr_equal(s, web);
	forgotten++;
}

void secrets_overwrite_all(int parent_fd, const char *name)
{
	assert_int_equal(faccessat(parent_fd, name, F_OK, AT_SYMLINK_NOFOLLOW), 0);
	note_call('o');
}

void loop_timer_set(struct loop *loop, struct timer *timer, uint64_t at_ms)
{
	(void)loop;
	(void)at_ms;
	timer->armed = true;
	next = timer;
}

void update_purged(const struct err *e)
{
	assert_false(purge_is_of("web"));
	ended++;
	ended_code = e->code;
}

void audit_put(enum audit_event event, const struct audit_value *values, size_t count)
{
	(void)values;
	(void)count;
	assert_int_equal(event, EVENT_IMAGE_REMOVED);
	removed_images++;
}

int unlinkat(int at, const char *path, int flags)
{
	int (*real)(int, const char *, int);

	*(void **)&real = next_of("unlinkat");
	if (stuck && str_equal(path, stuck)) {
		errno = EIO;
		return -1;
	}
	if (str_equal(path, "password"))
		note_call('u');
	return real(at, path, flags);
}

int renameat(int from, const char *old, int to, const char *new)
{
	int (*real)(int, const char *, int, const char *);

	*(void **)&real = next_of("renameat");
	if (stuck && str_equal(old, stuck)) {
		errno = EIO;
		return -1;
	}
	return real(from, old, to, new);
}

int fsync(int fd)
{
	struct stat st, wanted;

	errno = EIO;
	return unsafe && !fstat(fd, &st) && !fstatat(launcher.state_fd, unsafe, &wanted, 0) &&
			       st.st_ino == wanted.st_ino
		       ? -1
		       : 0;
}

/* ---- files */

static inline void put_directory(const char *path)
{
	assert_true(mkdirat(launcher.state_fd, path, 0700) == 0 || errno == EEXIST);
}

static inline void put(const char *path)
{
	CLEAN_FD int fd =
		openat(launcher.state_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
}

static inline void put_link(const char *to, const char *path)
{
	assert_int_equal(symlinkat(to, launcher.state_fd, path), 0);
}

static inline bool has(const char *path)
{
	return !faccessat(launcher.state_fd, path, F_OK, AT_SYMLINK_NOFOLLOW);
}

static inline void put_images(void)
{
	put_directory("images/web.raw.v");
	put("images/web.raw.v/web_1_x86_64.raw");
	put("images/web.raw.v/web_2_x86_64+0-3.raw");
	put("images/web.raw.v/web.partial");
}

static inline void put_secrets(void)
{
	put_directory("secrets/web");
	put("secrets/web/password");
}

static inline void put_volumes(unsigned int files)
{
	char path[64];

	put_directory("volumes/web");
	put_directory("volumes/web/data");
	for (unsigned int i = 0; i < files; i++) {
		(void)snprintf(path, sizeof(path), "volumes/web/data/%u", i);
		put(path);
	}
}

static inline void give_id(const char *name)
{
	uint16_t slot;

	assert_int_equal(ids_get(launcher.state_fd, &launcher.ids, name, &slot, &err), 0);
}

/* What the disk says. */
static inline bool has_id(const char *name)
{
	static struct ids stored;

	assert_int_equal(ids_load(launcher.state_fd, &stored, &err), 0);
	return ids_has(&stored, name);
}

/* The turns of the loop until it is over. */
static inline unsigned int turn(void)
{
	unsigned int turns = 0;

	while (next && next->armed && turns++ < 100) {
		next->armed = false;
		next->due(&launcher.loop, next);
	}
	return turns;
}

static inline int setup(void **state)
{
	static const char *const directories[] = {"images", "secrets", "volumes"};

	(void)state;
	(void)strcpy(strrchr(directory, '.'), ".XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	memset(&launcher, 0, sizeof(launcher));
	launcher.state_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		put_directory(directories[i]);
	launcher.images_fd =
		openat(launcher.state_fd, "images", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	launcher.policies = true;
	(void)str_copy(web->name, NAME_SIZE, "web");
	(void)str_copy(mqtt->name, NAME_SIZE, "mqtt");
	alive = NULL;
	held = HOLD_NONE;
	installing = false;
	forgotten = removed_images = ended = 0;
	ended_code = 0;
	stuck = unsafe = NULL;
	memset(calls, 0, sizeof(calls));
	return ids_load(launcher.state_fd, &launcher.ids, &err);
}

static inline int teardown(void **state)
{
	(void)state;
	stuck = unsafe = NULL;
	(void)turn();
	(void)close(launcher.images_fd);
	(void)close(launcher.state_fd);
	return scratch_remove(directory);
}

#endif

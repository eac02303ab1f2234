#ifndef UNIT_SLOTS_FIXTURE_H
#define UNIT_SLOTS_FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "noted_calls.h"
#include "programs/launcher/install.h"
#include "programs/launcher/launcher.h"
#include "programs/launcher/slots.h"

/* What test_slots*.c share: the files of "web", and doubles for what is not slots.c or images.c. */
struct launcher launcher;

static char directory[] = "/tmp/bartizan-slots.XXXXXX";
static struct service *web = &launcher.services[2];
static bool alive, installing;
static unsigned int forgotten, renewed, stored, events[EVENT_COUNT];
static ino_t images_inode;
static const char *stuck; /* the file that cannot be removed */
static bool unsafe;       /* nothing reaches the disk */
static struct err err;

/* ---- doubles */

bool start_is_alive(const struct service *s)
{
	(void)s;
	return alive;
}

bool install_is_of(const char *name)
{
	return installing && str_equal(name, web->name);
}

struct service *launcher_service(uint16_t subject)
{
	return &launcher.services[subject];
}

void admit_forget(struct service *s)
{
	s->admitted = false;
	forgotten++;
}

void requests_renew(struct service *s)
{
	(void)s;
	renewed++;
}

int note_store(const struct service *s, struct err *e)
{
	(void)e;
	assert_ptr_equal(s, web);
	stored++;
	return 0;
}

void audit_put(enum audit_event event, const struct audit_value *values, size_t count)
{
	(void)values;
	(void)count;
	events[event]++;
}

/* ---- the order of what reaches the disk: r: a rename, u: a file goes, s: fsync of the directory
 */

int fsync(int fd)
{
	struct stat st;

	if (fstat(fd, &st) || st.st_ino != images_inode)
		return 0;
	note_call('s');
	errno = EIO;
	return unsafe ? -1 : 0;
}

int unlinkat(int at, const char *path, int flags)
{
	int (*real)(int, const char *, int);

	*(void **)&real = next_of("unlinkat");
	note_call('u');
	errno = EIO;
	return stuck && str_equal(path, stuck) ? -1 : real(at, path, flags);
}

long syscall(long number, ...)
{
	long (*real)(long, ...);
	long a[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	*(void **)&real = next_of("syscall");
	if (number == SYS_renameat2)
		note_call('r');
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* ---- files */

static inline void path_of(const char *file, char path[300])
{
	(void)snprintf(path, 300, "%s/web.raw.v/%s", directory, file);
}

static inline ino_t inode_of(const char *file)
{
	char path[300];
	struct stat st;

	path_of(file, path);
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static inline void put(const char *file)
{
	char path[300];
	CLEAN_FD int fd = -1;

	path_of(file, path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
}

static inline int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Every file of the name, in order, with a blank behind each. */
static inline void expect(const char *wanted)
{
	char path[300], found[1024] = "", *names[32];
	struct dirent *entry;
	size_t count = 0;
	DIR *dir;

	path_of("", path);
	dir = opendir(path);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			names[count++] = strdup(entry->d_name);
	(void)closedir(dir);
	qsort(names, count, sizeof(names[0]), by_name);
	for (size_t i = 0; i < count; i++) {
		(void)strcat(strcat(found, names[i]), " ");
		free(names[i]);
	}
	assert_string_equal(found, wanted);
}

static inline void map(const char *file, bool runs)
{
	web->admitted = true;
	web->note.file_inode = inode_of(file);
	alive = runs;
}

static inline int setup(void **state)
{
	char path[300];
	struct stat st;

	(void)state;
	(void)strcpy(strrchr(directory, '.'), ".XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	path_of("", path);
	if (mkdir(path, 0700) || stat(path, &st))
		return -1;
	images_inode = st.st_ino;
	memset(&launcher, 0, sizeof(launcher));
	launcher.images_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	launcher.state_fd = launcher.images_fd;
	web->slot = 2;
	(void)str_copy(web->name, NAME_SIZE, "web");
	alive = installing = false;
	forgotten = renewed = stored = 0;
	stuck = NULL;
	unsafe = false;
	err = (struct err){0};
	memset(events, 0, sizeof(events));
	memset(calls, 0, sizeof(calls));
	return launcher.images_fd < 0;
}

static inline int teardown(void **state)
{
	char command[64];

	(void)state;
	(void)close(launcher.images_fd);
	(void)snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command); /* NOLINT: a fixed text of ours */
}

#endif

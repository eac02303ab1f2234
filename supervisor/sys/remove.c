#include "sys/remove.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

static bool is_dots(const char *name)
{
	return str_equal(name, ".") || str_equal(name, "..");
}

static DIR *open_directory(int directory, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_XDEV,
	};
	CLEAN_FD int fd = (int)syscall(SYS_openat2, directory, name, &how, sizeof(how));
	DIR *opened = fd < 0 ? NULL : fdopendir(fd);

	if (opened)
		(void)take_fd(&fd); /* closedir() closes it */
	return opened;
}

/* Directly below @top_fd, under a name that nobody has there. */
static int move_up(int from_fd, const char *name, int top_fd)
{
	static unsigned int number;
	char to[16];

	do {
		(void)snprintf(to, sizeof(to), "%u", number++);
		if (!syscall(SYS_renameat2, from_fd, name, top_fd, to, RENAME_NOREPLACE))
			return 0;
	} while (errno == EEXIST);
	return -errno;
}

/* unlink(2) of a directory is EISDIR here, whatever POSIX says. */
static int take_out(int from_fd, const char *name, int top_fd)
{
	if (!unlinkat(from_fd, name, 0) || errno == ENOENT)
		return 0;
	return errno == EISDIR ? move_up(from_fd, name, top_fd) : -errno;
}

/* One directory of the top: its files go, its directories become the top's. */
static int flatten(int top_fd, const char *name, unsigned int *budget)
{
	DIR *directory = open_directory(top_fd, name);
	struct dirent *entry;
	int r = 0;

	if (!directory)
		return -errno;
	while (!r && *budget && (errno = 0, entry = readdir(directory)) != NULL) {
		if (is_dots(entry->d_name))
			continue;
		(*budget)--;
		r = take_out(dirfd(directory), entry->d_name, top_fd);
	}
	if (!r && *budget)
		r = -errno;
	(void)closedir(directory);
	if (r || !*budget)
		return r ? r : -EAGAIN;
	return unlinkat(top_fd, name, AT_REMOVEDIR) ? -errno : 0;
}

static int empty(int top_fd, DIR *top, unsigned int *budget)
{
	struct dirent *entry;
	int r = 0;

	while (!r && *budget && (errno = 0, entry = readdir(top)) != NULL) {
		if (is_dots(entry->d_name))
			continue;
		(*budget)--;
		if (unlinkat(top_fd, entry->d_name, 0) && errno != ENOENT)
			r = errno == EISDIR ? flatten(top_fd, entry->d_name, budget) : -errno;
	}
	if (!r && *budget)
		r = -errno;
	return !r && !*budget ? -EAGAIN : r;
}

int remove_some(int directory, const char *name, unsigned int *budget)
{
	DIR *top;
	int r;

	if (!unlinkat(directory, name, 0) || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return -errno;
	top = open_directory(directory, name);
	if (!top)
		return -errno;
	r = empty(dirfd(top), top, budget);
	(void)closedir(top);
	if (r)
		return r;
	if (!unlinkat(directory, name, AT_REMOVEDIR))
		return 0;
	/* What was moved up behind the reader's back. */
	return errno == ENOTEMPTY ? -EAGAIN : -errno;
}

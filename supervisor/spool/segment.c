#include "spool/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

#define NUMBER_MAX 99999999u

void spool_segment_name(char name[SPOOL_SEGMENT_NAME], uint32_t number)
{
	(void)snprintf(name, SPOOL_SEGMENT_NAME, "%08u.log", number % (NUMBER_MAX + 1));
}

/* 0: not a segment's name. */
static uint32_t number_of(const char *name)
{
	uint32_t number = 0;

	if (strlen(name) != 12 || !str_ends(name, ".log"))
		return 0;
	for (size_t i = 0; i < 8; i++) {
		if (name[i] < '0' || name[i] > '9')
			return 0;
		number = number * 10 + (uint32_t)(name[i] - '0');
	}
	return number;
}

/* Numbers above @above, summed up in @range. */
static int scan(int dir_fd, uint32_t above, struct spool_range *range)
{
	CLEAN_FD int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct spool_range r = {.first = UINT32_MAX};

	if (!dir)
		return -errno;
	(void)take_fd(&fd);
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		uint32_t number = number_of(entry->d_name);

		if (number <= above)
			continue;
		r.first = number < r.first ? number : r.first;
		r.last = number > r.last ? number : r.last;
		r.count++;
	}
	(void)closedir(dir);
	if (!r.count)
		return -ENOENT;
	*range = r;
	return 0;
}

int spool_segment_range(int dir_fd, struct spool_range *range)
{
	return scan(dir_fd, 0, range);
}

int spool_segment_after(int dir_fd, uint32_t number, uint32_t *next)
{
	struct spool_range range = {0};
	int r = scan(dir_fd, number, &range);

	if (r)
		return r;
	*next = range.first;
	return 0;
}

int spool_segment_open(int dir_fd, uint32_t number)
{
	char name[SPOOL_SEGMENT_NAME];
	int fd;

	spool_segment_name(name, number);
	fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

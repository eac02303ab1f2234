#include "spool/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "spool/line.h"

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

uint64_t spool_segment_first_n(int dir_fd, uint32_t number)
{
	CLEAN_FD int fd = spool_segment_open(dir_fd, number);
	uint64_t n = UINT64_MAX;
	char head[64] = {0};
	char *end;

	/* {"v":1,"n":184467,...: the number ends at a comma, which is enough to choose a segment;
	 * the line is parsed when it is read. */
	if (fd < 0 || pread(fd, head, sizeof(head) - 1, 0) <= 11 ||
	    memcmp(head, "{\"v\":1,\"n\":", 11) != 0)
		return n;
	end = strchr(head + 11, ',');
	if (end) {
		*end = '\0';
		(void)str_u64(head + 11, 1, UINT64_MAX, &n);
	}
	return n;
}

int segment_lines_open(struct segment_lines *l, int dir_fd, uint32_t number)
{
	int fd = spool_segment_open(dir_fd, number);

	if (fd < 0)
		return fd;
	*l = (struct segment_lines){.fd = fd, .buffer = malloc(SPOOL_LINE_SIZE)};
	if (l->buffer)
		return 0;
	fd_close(&l->fd);
	return -ENOMEM;
}

void segment_lines_close(struct segment_lines *l)
{
	free(l->buffer);
	l->buffer = NULL;
	fd_close(&l->fd);
}

/* Behind what is in the buffer; the line that begins at its start is not whole yet. */
static int read_more(struct segment_lines *l)
{
	ssize_t n;

	if (l->used == SPOOL_LINE_SIZE)
		return -ENOENT;
	do
		n = pread(l->fd, l->buffer + l->used, SPOOL_LINE_SIZE - l->used,
			  (off_t)(l->offset + l->used));
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : -ENOENT;
	l->used += (size_t)n;
	return 0;
}

int segment_lines_next(struct segment_lines *l, const char **line, size_t *size)
{
	for (;;) {
		char *start = l->buffer + l->at;
		char *end = memchr(start, '\n', l->used - l->at);
		int r;

		if (end) {
			*line = start;
			*size = (size_t)(end - start);
			l->at += *size + 1;
			return 0;
		}
		memmove(l->buffer, start, l->used - l->at);
		l->offset += l->at;
		l->used -= l->at;
		l->at = 0;
		r = read_more(l);
		if (r)
			return r;
	}
}

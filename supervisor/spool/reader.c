#include "spool/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

void spool_reader_open(struct spool_reader *r, int dir_fd, uint64_t n)
{
	*r = (struct spool_reader){.dir_fd = dir_fd, .fd = -1, .n = n};
}

/* Whoever follows a spool is at its end all the time: one buffer is kept, because its pages cost
 * more than what is read into it. */
static char *spare;

static char *take_buffer(void)
{
	char *buffer = spare ? spare : malloc(SPOOL_LINE_SIZE);

	spare = NULL;
	return buffer;
}

static void forget(struct spool_reader *r)
{
	if (spare)
		free(r->buffer);
	else
		spare = r->buffer;
	r->buffer = NULL;
	r->used = 0;
	r->at = 0;
	r->size = 0;
}

void spool_reader_close(struct spool_reader *r)
{
	forget(r);
	fd_close(&r->fd);
	fd_close(&r->dir_fd);
}

struct spool_span spool_reader_line(const struct spool_reader *r)
{
	return (struct spool_span){.at = r->buffer + r->at, .size = r->size};
}

static int enter(struct spool_reader *r, uint32_t number)
{
	int fd = spool_segment_open(r->dir_fd, number);

	if (fd < 0)
		return fd;
	forget(r);
	fd_close(&r->fd);
	r->fd = fd;
	r->number = number;
	r->offset = 0;
	return 0;
}

/* The newest segment that begins at or before the record after r->n, else the oldest. */
static int start(struct spool_reader *r)
{
	struct spool_range range;
	int e = spool_segment_range(r->dir_fd, &range);

	if (e)
		return e;
	for (uint32_t number = range.last; r->n && number > range.first; number--)
		if (spool_segment_first_n(r->dir_fd, number) <= r->n + 1)
			return enter(r, number);
	return enter(r, range.first);
}

/* Read on from the line under the cursor. Returns the count, 0 when no whole line is there yet,
 * -errno. */
static ssize_t fill(struct spool_reader *r)
{
	struct stat st;
	ssize_t n;

	if (!r->buffer)
		r->buffer = take_buffer();
	if (!r->buffer)
		return -ENOMEM;
	if (r->at) {
		memmove(r->buffer, r->buffer + r->at, r->used - r->at);
		r->offset += r->at;
		r->used -= r->at;
		r->at = 0;
	}
	/* Recovery cut the file below what was read: start over, known records are skipped by n. */
	if (fstat(r->fd, &st) == 0 && (uint64_t)st.st_size < r->offset) {
		r->offset = 0;
		r->used = 0;
	}
	/* What is left over is no whole line: its end may have been torn off and written anew, so
	 * it is read again. */
	n = pread(r->fd, r->buffer, SPOOL_LINE_SIZE, (off_t)r->offset);
	if (n < 0)
		return -errno;
	r->used = (size_t)n;
	return n == (ssize_t)SPOOL_LINE_SIZE || memchr(r->buffer, '\n', r->used) ? n : 0;
}

/* 1: a whole line lies at r->at. 0: the segment holds no further one at present. */
static int next_whole(struct spool_reader *r)
{
	for (;;) {
		char *line = r->buffer ? r->buffer + r->at : NULL;
		char *end = line ? memchr(line, '\n', r->used - r->at) : NULL;
		ssize_t n;

		if (end) {
			r->size = (size_t)(end - line);
			return 1;
		}
		if (r->at == 0 && r->used == SPOOL_LINE_SIZE) {
			r->at = r->used; /* longer than any line: pass over it */
			continue;
		}
		n = fill(r);
		if (n <= 0)
			return (int)n;
	}
}

void spool_reader_next(struct spool_reader *r)
{
	r->n = r->view.n;
	r->at += r->size + 1;
	r->size = 0;
}

/* The next line of this segment that counts. */
static int next_good(struct spool_reader *r)
{
	int e;

	while ((e = next_whole(r)) == 1) {
		if (r->size && spool_line_parse(r->buffer + r->at, r->size, &r->view) == 0 &&
		    r->view.n > r->n)
			return 1;
		r->at += r->size + 1;
		r->size = 0;
	}
	return e;
}

int spool_reader_peek(struct spool_reader *r)
{
	uint32_t after;
	int e;

	if (r->size)
		return 1;
	if (r->fd < 0) {
		e = start(r);
		if (e)
			return e == -ENOENT ? 0 : e;
	}
	for (;;) {
		bool more;

		e = next_good(r);
		if (e)
			return e;
		/* Only after a later segment is seen is the end of this one final, so it is read
		 * once more. */
		more = spool_segment_after(r->dir_fd, r->number, &after) == 0;
		e = more ? next_good(r) : 0;
		if (e)
			return e;
		if (!more)
			break;
		e = enter(r, after);
		if (e && e != -ENOENT)
			return e;
	}
	if (r->used == r->at) {
		r->offset += r->at;
		forget(r);
	}
	return 0;
}

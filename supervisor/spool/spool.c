#include "spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "crypto/sha256.h"
#include "spool/recover.h"

static int create_segment(struct spool *s, uint32_t number)
{
	char name[SPOOL_SEGMENT_NAME];
	CLEAN_FD int fd = -1;

	spool_segment_name(name, number);
	fd = openat(s->dir_fd, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	/* Blocks in advance save metadata writes later. A file system that cannot (EOPNOTSUPP) or
	 * has no room (then the write says so) loses nothing but that. */
	s->reserved = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)s->max_size) == 0;
	/* The name must be durable before a line counts as durable. */
	if (fsync(s->dir_fd))
		return -errno;
	fd_close(&s->fd);
	s->fd = take_fd(&fd);
	s->size = 0;
	s->range.last = number;
	if (!s->range.count++)
		s->range.first = number;
	return 0;
}

static int reopen_segment(struct spool *s, struct spool_found *found)
{
	char name[SPOOL_SEGMENT_NAME];
	uint64_t good = 0;
	int r = spool_recover(s->dir_fd, &s->range, s->chained ? s->head : NULL, &good, found);

	if (r)
		return r;
	spool_segment_name(name, s->range.last);
	s->fd = openat(s->dir_fd, name, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (s->fd < 0)
		return -errno;
	s->size = good;
	if (!found->cut_bytes)
		return 0;
	return ftruncate(s->fd, (off_t)good) || fdatasync(s->fd) ? -errno : 0;
}

int spool_open(struct spool *s, int dir_fd, uint64_t boot, struct spool_found *found,
	       struct err *err)
{
	struct spool_found f = {.last_boot = boot};
	int r;

	s->dir_fd = dir_fd;
	s->fd = -1;
	s->range = (struct spool_range){0};
	s->unsynced = 0;
	memset(s->head, 0, sizeof(s->head));
	r = spool_segment_range(dir_fd, &s->range);
	if (r == -ENOENT)
		r = create_segment(s, 1);
	else if (!r)
		r = reopen_segment(s, &f);
	if (r) {
		fd_close(&s->fd);
		s->dir_fd = -1;
		return err_sys(err, -r, "spool segment %08u.log", s->range.last);
	}
	*found = f;
	return 0;
}

void spool_close(struct spool *s)
{
	fd_close(&s->fd);
	fd_close(&s->dir_fd);
}

void spool_chain(struct spool *s, struct text *t, size_t start)
{
	struct sha256 hash;

	if (!s->chained) {
		spool_line_close(t, NULL);
		return;
	}
	sha256_init(&hash);
	sha256_update(&hash, s->head, sizeof(s->head));
	sha256_update(&hash, t->at + start, t->used - start);
	sha256_final(&hash, s->head);
	spool_line_close(t, s->head);
}

int spool_rotate(struct spool *s, uint64_t acked, uint64_t *evicted)
{
	int r = spool_sync(s);

	if (!r)
		r = create_segment(s, s->range.last + 1);
	while (!r && s->range.count > s->max_file)
		r = spool_evict(s, acked, evicted);
	return r;
}

/* O_APPEND writes of this process only, so the segment's end is s->size; a short write (disk full)
 * leaves part of a line behind. */
static int append(struct spool *s, const char *bytes, size_t size)
{
	int r = fd_write_all(s->fd, bytes, size);

	if (!r)
		return 0;
	if (ftruncate(s->fd, (off_t)s->size))
		return r; /* read-only by now; recovery cuts what is torn */
	return r;
}

int spool_write(struct spool *s, const struct text *lines, uint64_t acked, uint64_t *evicted)
{
	int r = 0;

	if (!lines->used)
		return 0;
	if (s->size && s->size + lines->used > s->max_size)
		r = spool_rotate(s, acked, evicted);
	if (!r)
		r = append(s, lines->at, lines->used);
	if (r)
		return r;
	s->size += lines->used;
	s->unsynced += lines->used;
	return 0;
}

int spool_sync(struct spool *s)
{
	if (!s->unsynced)
		return 0;
	if (fdatasync(s->fd))
		return -errno;
	s->unsynced = 0;
	return 0;
}

bool spool_give_back(struct spool *s)
{
	bool had = s->reserved;

	s->reserved = false;
	return had && ftruncate(s->fd, (off_t)s->size) == 0;
}

/* The usual case, without reading the segment: the next one begins with a record that the collector
 * has, or with the one behind those. */
static bool all_acked(const struct spool *s, uint32_t oldest, uint64_t acked)
{
	uint32_t next;

	return acked && spool_segment_after(s->dir_fd, oldest, &next) == 0 &&
	       spool_segment_first_n(s->dir_fd, next) <= acked + 1;
}

int spool_evict(struct spool *s, uint64_t acked, uint64_t *evicted)
{
	char name[SPOOL_SEGMENT_NAME];
	uint32_t oldest = s->range.first;
	struct spool_range left;
	uint64_t count;
	int r;

	if (oldest >= s->range.last)
		return -ENOENT;
	count = all_acked(s, oldest, acked) ? 0 : spool_count_newer(s->dir_fd, oldest, acked);
	spool_segment_name(name, oldest);
	if (unlinkat(s->dir_fd, name, 0) && errno != ENOENT)
		return -errno;
	r = spool_segment_range(s->dir_fd, &left);
	if (r)
		return r;
	s->range = left;
	*evicted += count;
	return 0;
}

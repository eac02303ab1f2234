#include "spool/recover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "crypto/sha256.h"

/* One walk over a segment. */
struct walk {
	int fd;
	char *buffer;    /* SPOOL_LINE_SIZE */
	uint64_t offset; /* of buffer[0] in the file */
	size_t used;
	size_t at;     /* start of the next line in the buffer */
	bool anchored; /* head is the hash before the next line */
	bool check;    /* the hash of each line counts */
	uint64_t boot; /* whose sn are remembered */
	uint8_t head[32];
};

/* The next whole line without its newline. -ENOENT: no whole line is left. -errno of read. */
static int next_line(struct walk *w, const char **line, size_t *size)
{
	for (;;) {
		char *start = w->buffer + w->at;
		char *end = memchr(start, '\n', w->used - w->at);
		ssize_t n;

		if (end) {
			*line = start;
			*size = (size_t)(end - start);
			w->at += *size + 1;
			return 0;
		}
		memmove(w->buffer, start, w->used - w->at);
		w->offset += w->at;
		w->used -= w->at;
		w->at = 0;
		if (w->used == SPOOL_LINE_SIZE)
			return -ENOENT; /* longer than any line of ours */
		do
			n = pread(w->fd, w->buffer + w->used, SPOOL_LINE_SIZE - w->used,
				  (off_t)(w->offset + w->used));
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENOENT;
		w->used += (size_t)n;
	}
}

static bool hash_is_right(struct walk *w, const char *line, const struct spool_view *view)
{
	uint8_t digest[SHA256_SIZE];
	struct sha256 hash;

	if (!view->has_hash)
		return false;
	if (w->anchored) {
		sha256_init(&hash);
		sha256_update(&hash, w->head, sizeof(w->head));
		sha256_update(&hash, line, view->hashed);
		sha256_final(&hash, digest);
		if (memcmp(digest, view->hash, sizeof(digest)) != 0)
			return false;
	}
	memcpy(w->head, view->hash, sizeof(w->head));
	w->anchored = true;
	return true;
}

static void remember(const struct spool_view *view, uint64_t boot, struct spool_found *found)
{
	found->last_n = view->n;
	found->last_boot = view->boot;
	found->clean = spool_span_equal(view->event, "RECORDER_STOP");
	for (unsigned int i = 0; i < ORIGIN_COUNT; i++)
		if (view->boot == boot &&
		    spool_span_equal(view->origin, spool_origin_name((enum spool_origin)i)))
			found->sn[i] = view->sn;
}

/* Go through a segment to its first bad line. *good: where that is, or the end. */
static int walk_segment(struct walk *w, uint64_t *good, struct spool_found *found)
{
	const char *line = NULL;
	size_t size = 0;
	int r;

	*good = 0;
	while ((r = next_line(w, &line, &size)) == 0) {
		struct spool_view view;

		if (spool_line_parse(line, size, &view) ||
		    (w->check && !hash_is_right(w, line, &view))) {
			found->cut_lines = true;
			return 0;
		}
		remember(&view, w->boot, found);
		*good = w->offset + w->at;
	}
	return r == -ENOENT ? 0 : r;
}

/* The segment before the newest: its last hash and counters. Its damage is none of recovery's
 * business (the verifier reports it). */
static void walk_previous(int dir_fd, uint32_t number, struct walk *w, struct spool_found *found)
{
	uint64_t size = 0;
	struct stat st;

	w->fd = spool_segment_open(dir_fd, number);
	if (w->fd < 0)
		return;
	(void)walk_segment(w, &size, found);
	/* A hash is only worth comparing with when it is the last of the file. */
	if (fstat(w->fd, &st) || (uint64_t)st.st_size != size)
		w->anchored = false;
	fd_close(&w->fd);
	found->cut_lines = false;
}

static int walk_newest(int dir_fd, uint32_t number, struct walk *w, uint64_t *good,
		       struct spool_found *found)
{
	struct stat st;
	int r;

	w->fd = spool_segment_open(dir_fd, number);
	if (w->fd < 0)
		return w->fd;
	w->offset = 0;
	w->used = 0;
	w->at = 0;
	r = fstat(w->fd, &st) ? -errno : walk_segment(w, good, found);
	if (!r && !S_ISREG(st.st_mode))
		r = -EINVAL;
	if (!r)
		found->cut_bytes = (uint64_t)st.st_size - *good;
	fd_close(&w->fd);
	return r;
}

int spool_recover(int dir_fd, const struct spool_range *range, uint8_t *head, uint64_t *good,
		  struct spool_found *found)
{
	struct walk w = {.fd = -1,
			 .buffer = malloc(SPOOL_LINE_SIZE),
			 .check = head != NULL,
			 .boot = found->last_boot};
	int r;

	if (!w.buffer)
		return -ENOMEM;
	/* The very first line of a spool follows 32 zero bytes. */
	w.anchored = range->last == 1;
	if (range->first < range->last)
		walk_previous(dir_fd, range->last - 1, &w, found);
	r = walk_newest(dir_fd, range->last, &w, good, found);
	free(w.buffer);
	if (!r && head)
		memcpy(head, w.head, sizeof(w.head));
	return r;
}

/* A GAP that goes takes what it confessed with it: the next one has to say both. */
static uint64_t confessed(const struct spool_view *view)
{
	struct spool_span count;
	uint64_t sum = 0;

	if (!spool_span_equal(view->event, "GAP") || spool_line_member(view, "count", &count))
		return 0;
	for (size_t i = 0; i < count.size; i++)
		if (count.at[i] < '0' || count.at[i] > '9' ||
		    __builtin_mul_overflow(sum, 10u, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)(count.at[i] - '0'), &sum))
			return 0;
	return sum;
}

uint64_t spool_count_newer(int dir_fd, uint32_t number, uint64_t n)
{
	struct walk w = {.fd = spool_segment_open(dir_fd, number),
			 .buffer = malloc(SPOOL_LINE_SIZE)};
	const char *line = NULL;
	uint64_t count = 0;
	size_t size = 0;

	while (w.fd >= 0 && w.buffer && next_line(&w, &line, &size) == 0) {
		struct spool_view view;

		if (spool_line_parse(line, size, &view) == 0 && view.n > n)
			count += 1 + confessed(&view);
	}
	free(w.buffer);
	fd_close(&w.fd);
	return count;
}

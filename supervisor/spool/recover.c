#include "spool/recover.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/sha256.h"
#include "spool/seal.h"

/* One walk over a segment. */
struct walk {
	struct segment_lines lines;
	bool anchored; /* head is the hash before the next line */
	bool check;    /* the hash of each line counts */
	uint64_t boot; /* whose sn are remembered */
	uint8_t head[32];
};

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

/* Where the seals stand, for the next recorder to go on. */
static void remember_seals(const struct spool_view *view, struct spool_seals *seals)
{
	struct seal_key key;
	struct seal seal;
	uint8_t tag[32];

	if (seal_key_read(view, &key) == 0) {
		seals->boots = key.boots;
		seals->key_boot = view->boot;
		seals->epoch = key.epoch;
	} else if (seal_read(view, &seal, tag) == 0) {
		seals->epoch = seal.epoch + 1;
		memcpy(seals->previous, tag, sizeof(tag));
	}
}

static void remember(const struct spool_view *view, uint64_t boot, struct spool_found *found)
{
	bool is_seal = view->event.size >= 4 && memcmp(view->event.at, "SEAL", 4) == 0;

	found->last_n = view->n;
	found->last_boot = view->boot;
	/* The seal that covers the last word of a recorder follows it. */
	found->clean = spool_span_equal(view->event, "RECORDER_STOP") || (is_seal && found->clean);
	if (is_seal)
		remember_seals(view, &found->seals);
	if (view->boot != boot && view->time.size)
		found->other_time_us = spool_time_read(view->time.at, view->time.size);
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
	while ((r = segment_lines_next(&w->lines, &line, &size)) == 0) {
		struct spool_view view;

		if (spool_line_parse(line, size, &view) ||
		    (w->check && !hash_is_right(w, line, &view))) {
			found->cut_lines = true;
			return 0;
		}
		remember(&view, w->boot, found);
		*good = w->lines.offset + w->lines.at;
	}
	return r == -ENOENT ? 0 : r;
}

/* The segment before the newest: its last hash and counters. Its damage is none of recovery's
 * business (the verifier reports it). */
static void walk_previous(int dir_fd, uint32_t number, struct walk *w, struct spool_found *found)
{
	uint64_t size = 0;
	struct stat st;

	if (segment_lines_open(&w->lines, dir_fd, number))
		return;
	(void)walk_segment(w, &size, found);
	/* A hash is only worth comparing with when it is the last of the file. */
	if (fstat(w->lines.fd, &st) || (uint64_t)st.st_size != size)
		w->anchored = false;
	segment_lines_close(&w->lines);
	found->cut_lines = false;
}

static int walk_newest(int dir_fd, uint32_t number, struct walk *w, uint64_t *good,
		       struct spool_found *found)
{
	struct stat st;
	int r = segment_lines_open(&w->lines, dir_fd, number);

	if (r)
		return r;
	r = fstat(w->lines.fd, &st) ? -errno : walk_segment(w, good, found);
	if (!r && !S_ISREG(st.st_mode))
		r = -EINVAL;
	if (!r)
		found->cut_bytes = (uint64_t)st.st_size - *good;
	segment_lines_close(&w->lines);
	return r;
}

int spool_recover(int dir_fd, const struct spool_range *range, uint8_t *head, uint64_t *good,
		  struct spool_found *found)
{
	struct walk w = {.check = head != NULL, .boot = found->last_boot};
	int r;

	/* The very first line of a spool follows 32 zero bytes. */
	w.anchored = range->last == 1;
	if (range->first < range->last)
		walk_previous(dir_fd, range->last - 1, &w, found);
	r = walk_newest(dir_fd, range->last, &w, good, found);
	if (!r && head)
		memcpy(head, w.head, sizeof(w.head));
	return r;
}

/* A GAP that goes takes what it confessed with it: the next one has to say both. */
static uint64_t confessed(const struct spool_view *view)
{
	uint64_t count = 0;

	if (spool_span_equal(view->event, "GAP"))
		(void)spool_line_number(view, "count", &count);
	return count;
}

uint64_t spool_count_newer(int dir_fd, uint32_t number, uint64_t n)
{
	struct segment_lines lines;
	const char *line = NULL;
	uint64_t count = 0;
	size_t size = 0;

	if (segment_lines_open(&lines, dir_fd, number))
		return 0;
	while (segment_lines_next(&lines, &line, &size) == 0) {
		struct spool_view view;

		if (spool_line_parse(line, size, &view) == 0 && view.n > n)
			count += 1 + confessed(&view);
	}
	segment_lines_close(&lines);
	return count;
}

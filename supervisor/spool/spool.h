#ifndef SPOOL_SPOOL_H
#define SPOOL_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "spool/line.h"
#include "spool/segment.h"

/*
 * The writer's side of one spool directory: segments NNNNNNNN.log of lines. A new segment is
 * created, preallocated and its directory synced before the first byte goes there; nothing is
 * renamed or truncated but the torn end that recovery finds. The oldest segments go when there are
 * more than max_file.
 */
struct spool {
	int dir_fd;
	int fd; /* newest segment; -1: not open */
	bool chained;
	uint64_t max_size; /* of a segment */
	uint32_t max_file; /* segments */
	struct spool_range range;
	uint64_t size;     /* bytes in the newest segment */
	uint64_t unsynced; /* bytes written since the last spool_sync() */
	bool reserved;     /* the newest segment holds blocks for all of max_size */
	uint8_t head[32];  /* hash of the last line formatted */
};

/* The seals that recovery saw in the two newest segments; each segment begins with a SEAL_KEY. */
struct spool_seals {
	uint64_t boots;       /* of the last SEAL_KEY; 0: none */
	uint64_t key_boot;    /* its boot */
	uint64_t epoch;       /* the next one */
	uint8_t previous[32]; /* tag of the last SEAL */
};

/* What recovery saw. */
struct spool_found {
	uint64_t cut_bytes; /* torn or wrong end that was taken away */
	bool cut_lines;     /* whole lines were among it: not a tear, something changed the file */
	uint64_t last_n;    /* 0: no line */
	uint64_t last_boot;
	bool clean;             /* the last line says RECORDER_STOP, a SEAL behind it or not */
	uint64_t other_time_us; /* time of the last line of another boot, 0: unknown */
	struct spool_seals seals;
	uint64_t sn[ORIGIN_COUNT]; /* last of each origin in boot @boot, 0: not seen in the two
				      newest segments */
};

/*
 * Take up the spool in @dir_fd (becomes the spool's on success): walk the newest segment, cut it at
 * the first line that is not of the form, or, if chained, whose hash is wrong. s->chained,
 * max_size, max_file are set by the caller. -errno of the file system with the reason in @err.
 */
int spool_open(struct spool *s, int dir_fd, uint64_t boot, struct spool_found *found,
	       struct err *err);
void spool_close(struct spool *s);

/* Finish the line of @t, which began at t->at[start]: chained spools add the hash and remember it
 * as their head. */
void spool_chain(struct spool *s, struct text *t, size_t start);

/*
 * Append whole lines. All or nothing: after a partial write the segment is as before and -errno
 * comes back (ENOSPC, EROFS, EIO ...); the caller may try the same bytes again. A segment that is
 * full is synced and left first. *evicted grows by the records of segments that had to go because
 * of max_file and were newer than @acked.
 */
int spool_write(struct spool *s, const struct text *lines, uint64_t acked, uint64_t *evicted);

/* Begin a new segment now; the full one is synced first. @acked, *evicted as above. */
int spool_rotate(struct spool *s, uint64_t acked, uint64_t *evicted);

/* Make what was written durable (fdatasync). */
int spool_sync(struct spool *s);

/* Give back the blocks that the newest segment has not needed yet. True: there were some. */
bool spool_give_back(struct spool *s);

/* Remove the oldest segment unless it is the newest, too: -ENOENT then. *evicted as above. */
int spool_evict(struct spool *s, uint64_t acked, uint64_t *evicted);

/* spool/cursor: the last n that the collector has read. Two slots with a checksum, written in turn;
 * no fsync: a lost one only repeats records. -ENOENT when there is none that can be believed. */
int spool_cursor_read(int spool_fd, uint64_t *boot, uint64_t *n);
int spool_cursor_write(int spool_fd, uint64_t boot, uint64_t n);

#endif

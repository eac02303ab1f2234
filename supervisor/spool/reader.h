#ifndef SPOOL_READER_H
#define SPOOL_READER_H

#include "base/str.h"
#include "spool/spool.h"

/* Follows one spool directory from the outside, while the recorder writes, rotates and removes
 * segments. Read-only. */
struct spool_reader {
	int dir_fd;
	int fd;          /* segment being read; -1: none yet */
	uint32_t number; /* of that segment */
	uint64_t offset; /* of buffer[0] in it */
	char *buffer;    /* SPOOL_LINE_SIZE while there is something in it, else NULL */
	size_t used;
	size_t at;   /* start of the line under the cursor */
	size_t size; /* its length; 0: no line under the cursor */
	uint64_t n;  /* of the last line taken; older ones are skipped */
	struct spool_view view;
};

/* Start behind record @n (0: at the oldest that is there). @dir_fd becomes the reader's. Never
 * fails: an empty spool is read later. */
void spool_reader_open(struct spool_reader *r, int dir_fd, uint64_t n);
void spool_reader_close(struct spool_reader *r);

/* 1: r->view and spool_reader_line() are the next line; it stays until spool_reader_next(). 0:
 * nothing new. -errno. Lines that nobody of ours wrote are skipped. */
int spool_reader_peek(struct spool_reader *r);
void spool_reader_next(struct spool_reader *r);
struct spool_span spool_reader_line(const struct spool_reader *r); /* without newline */

/*
 * All spools below @spool_fd ("audit" and "svc/NAME") in ascending n. The recorder writes in the
 * order of n and one file after the other, so whoever has seen record n finds every smaller one on
 * disk.
 */
#define SPOOL_MERGE_MAX 257
struct spool_merge {
	int spool_fd; /* borrowed */
	int svc_fd;
	uint64_t n; /* last taken */
	int64_t svc_changed_ns;
	size_t count;
	struct spool_reader *current;
	struct spool_reader readers[SPOOL_MERGE_MAX]; /* 0: audit */
	char names[SPOOL_MERGE_MAX][NAME_SIZE];
};

void spool_merge_open(struct spool_merge *m, int spool_fd, uint64_t n);
void spool_merge_close(struct spool_merge *m);
bool spool_merge_peek(struct spool_merge *m); /* true: m->current has the next record */
void spool_merge_next(struct spool_merge *m);

#endif

#ifndef SPOOL_SEGMENT_H
#define SPOOL_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

/* Files NNNNNNNN.log of one spool directory. */
#define SPOOL_SEGMENT_NAME 16
void spool_segment_name(char name[SPOOL_SEGMENT_NAME], uint32_t number);

/* The smallest and the greatest number and how many there are; other files are not ours and do not
 * count. -ENOENT: no segment. */
struct spool_range {
	uint32_t first;
	uint32_t last;
	uint32_t count;
};
int spool_segment_range(int dir_fd, struct spool_range *range);

/* The smallest number above @number; -ENOENT: none. */
int spool_segment_after(int dir_fd, uint32_t number, uint32_t *next);

/* n of the first line of a segment; UINT64_MAX when it has none that can be read. */
uint64_t spool_segment_first_n(int dir_fd, uint32_t number);

/* Whole lines of one segment, first to last; behind the last one may lie a piece of a line. */
struct segment_lines {
	int fd;
	char *buffer;    /* SPOOL_LINE_SIZE bytes */
	uint64_t offset; /* of buffer[0] in the file */
	size_t used;
	size_t at; /* start of the next line in the buffer */
};

/* -ENOMEM, or -errno of opening. */
int segment_lines_open(struct segment_lines *l, int dir_fd, uint32_t number);
void segment_lines_close(struct segment_lines *l);

/* The next line, without its newline, valid until the next call. -ENOENT: no whole line is left, or
 * one that is longer than any of ours. -errno of read. */
int segment_lines_next(struct segment_lines *l, const char **line, size_t *size);

/* Open for reading. -ELOOP, -ENOENT ... */
int spool_segment_open(int dir_fd, uint32_t number);

#endif

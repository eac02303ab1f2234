#ifndef SPOOL_SEGMENT_H
#define SPOOL_SEGMENT_H

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

/* Open for reading. -ELOOP, -ENOENT ... */
int spool_segment_open(int dir_fd, uint32_t number);

#endif

#ifndef SPOOL_RECOVER_H
#define SPOOL_RECOVER_H

#include "spool/spool.h"

/*
 * Walk the two newest segments of @range. *good gets the length of the newest one up to its last
 * good line. With @head (32 bytes) the hash of each line is checked, and @head becomes that of the
 * last good line; the first line of a segment whose predecessor is gone or ends unreadable is taken
 * as it is: there is nothing to compare it with. found->last_boot says on entry which boot's sn are
 * wanted.
 */
int spool_recover(int dir_fd, const struct spool_range *range, uint8_t *head, uint64_t *good,
		  struct spool_found *found);

/* How many lines of segment @number have n > @n, and what GAP records among them confessed. What
 * cannot be read counts as none. */
uint64_t spool_count_newer(int dir_fd, uint32_t number, uint64_t n);

#endif

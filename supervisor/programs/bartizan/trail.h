#ifndef BARTIZAN_TRAIL_H
#define BARTIZAN_TRAIL_H

#include "spool/line.h"

/*
 * Every good line of the trail in @dir_fd, in order, until @take returns false; the others are the
 * business of `audit verify`. Returns how many segments could not be read (to their end), each
 * named on standard error as told by @who (NULL: by nobody).
 */
unsigned int trail_walk(int dir_fd, const char *who, void *context,
			bool (*take)(void *context, struct spool_span line,
				     struct spool_view *view));

#endif

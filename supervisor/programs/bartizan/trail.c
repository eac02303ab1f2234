#include "trail.h"

#include <errno.h>
#include <stdio.h>

#include "base/err.h"
#include "spool/segment.h"

/* 0: to its end; 1: enough; -errno. */
static int walk_segment(int dir_fd, uint32_t number, void *context,
			bool (*take)(void *context, struct spool_span line,
				     struct spool_view *view))
{
	struct segment_lines lines;
	struct spool_span line;
	int r = segment_lines_open(&lines, dir_fd, number);

	if (r)
		return r;
	while ((r = segment_lines_next(&lines, &line.at, &line.size)) == 0) {
		struct spool_view view;

		if (spool_line_parse(line.at, line.size, &view) == 0 &&
		    !take(context, line, &view)) {
			r = 1;
			break;
		}
	}
	segment_lines_close(&lines);
	return r == -ENOENT ? 0 : r;
}

unsigned int trail_walk(int dir_fd, const char *who, void *context,
			bool (*take)(void *context, struct spool_span line,
				     struct spool_view *view))
{
	uint32_t number = 0;
	unsigned int unread = 0;

	while (spool_segment_after(dir_fd, number, &number) == 0) {
		char name[SPOOL_SEGMENT_NAME];
		int r = walk_segment(dir_fd, number, context, take);

		if (r == 1)
			break;
		if (!r)
			continue;
		unread++;
		spool_segment_name(name, number);
		if (who)
			(void)fprintf(stderr,
				      "bartizan: %s: %s: %s: its records are missing here\n", who,
				      name, err_text(-r));
	}
	return unread;
}

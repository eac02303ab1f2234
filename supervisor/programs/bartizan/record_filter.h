#ifndef BARTIZAN_RECORD_FILTER_H
#define BARTIZAN_RECORD_FILTER_H

#include "spool/line.h"

/* Which records `logs`, `events` and `audit show` print. */
#define RECORD_TERMS 8

struct record_term {
	int what;          /* row of record_filter.c */
	const char *value; /* points into the argument */
	size_t size;
};

struct record_filter {
	uint64_t since_us; /* 0: from the first */
	uint64_t until_us; /* 0: to the last */
	int term_count;    /* all of them must match */
	struct record_term terms[RECORD_TERMS];
};

/* The options --since, --until and --filter as they were given, each may be NULL. A time is an RFC
 * 3339 time in UTC, or how long ago: 90s, 10m, 2h. -EINVAL: the mistake was printed. */
int record_filter_read(struct record_filter *f, const char *since, const char *until,
		       const char *terms);

/* A record without a time is within any span: it is not left out for what it lacks. */
bool record_filter_match(const struct record_filter *f, const struct spool_view *view);

#endif

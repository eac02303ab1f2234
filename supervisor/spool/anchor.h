#ifndef SPOOL_ANCHOR_H
#define SPOOL_ANCHOR_H

#include "spool/line.h"

/*
 * What the collector received: RFC 5424 messages as they were sent, one a line, in order of
 * arrival, duplicates included; what stands before the PRI and every line that is not ours is
 * passed over. A file of the auditor's own, but its contents came over the network: parsed with
 * bounds.
 */
#define ANCHOR_BOOTS 1024 /* of so many boots a fall of n is seen */

struct anchor_entry {
	uint64_t n;
	uint64_t boot;
	uint64_t boot_us;
	uint8_t hash[32];
};

/* One start of a chain: which boot claims to go on where. */
struct anchor_start {
	uint64_t boot;
	uint64_t n;
	uint64_t previous_n;
	uint8_t previous[32];
};

struct verify;

struct anchor {
	struct anchor_entry *entries; /* in ascending n when reading is over */
	size_t count;
	size_t room;
	size_t at; /* what the walk has come to */
	struct anchor_start *starts;
	size_t start_count;
	size_t start_room;
	uint64_t boots[ANCHOR_BOOTS];
	size_t boot_count;
	uint64_t greatest_n;
	uint64_t back_n; /* a boot that begins with a smaller n than was there, 0: none */
	uint64_t back_boot;
	uint64_t foreign; /* lines that are not ours */
};

/* Read the whole file. -errno. anchor_free() in any case. */
int anchor_read(struct anchor *a, int fd);
void anchor_free(struct anchor *a);

/* One message of a service: no hash, passed over, too. True: an entry was taken from @line. */
bool anchor_take(struct anchor *a, const char *line, size_t size);

/* In ascending n, what came more than once only once: the order in which the trail is walked. */
void anchor_sort(struct anchor *a);

/* The walk has come to this record of the trail; called in ascending n. */
void anchor_compare(struct anchor *a, struct verify *v, const struct spool_view *view);

/* The walk is over: what the collector has beyond it, and boots that go on at the same place. */
void anchor_conclude(struct anchor *a, struct verify *v);

/* A SEAL_KEY that begins a boot, of the trail or of the collector. */
int anchor_add_start(struct anchor *a, const struct anchor_start *start,
		     const uint8_t previous[32]);

#endif

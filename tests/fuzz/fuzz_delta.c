/* links: base trust */
/* A block file: whatever it says, what is accepted stays inside both images and says nothing twice.
 */
#include <stdlib.h>
#include <string.h>

#include "trust/delta.h"

#define FILE_MAX (1ULL << 40)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_parts(const struct delta_header *h, const uint8_t *data)
{
	uint8_t again[DELTA_HEADER_SIZE];

	delta_header_write(h, again);
	if (memcmp(again, data, sizeof(again)) != 0)
		abort();
	if (h->file_size > FILE_MAX || delta_head_size(h) > DELTA_HEAD_MAX ||
	    delta_head_size(h) + h->new_blocks * DELTA_BLOCK + delta_tail_size(h) != h->file_size)
		abort();
}

static void walk(const struct delta_header *h, const uint8_t *data, size_t size)
{
	struct delta_walk w = {.header = h};
	uint64_t covered = 0;
	struct delta_extent e;
	struct err err;

	for (size_t at = 0; delta_more(&w) && size - at >= DELTA_EXTENT_SIZE;
	     at += DELTA_EXTENT_SIZE) {
		if (delta_extent_read(&w, data + at, &e, &err))
			return;
		covered += e.count;
		if (w.at != covered || covered > h->new_blocks ||
		    (e.kind == DELTA_COPY && e.from + e.count > h->old_blocks))
			abort();
	}
	if (delta_end(&w, &err) == 0 && (covered != h->new_blocks || w.literals != h->literals))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct delta_header h;
	struct err err;

	if (size < DELTA_HEADER_SIZE || delta_header_read(data, FILE_MAX, &h, &err))
		return 0;
	check_parts(&h, data);
	walk(&h, data + DELTA_HEADER_SIZE,
	     size - DELTA_HEADER_SIZE); /* without the blocks between */
	return 0;
}

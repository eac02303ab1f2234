#include "trust/delta.h"

#include <inttypes.h>
#include <string.h>

#include "trust/bytes.h"
#include "trust/refuse.h"

#define HINT_DELTA "make the block file again with `bartizan image delta`"

/* Where the fields lie. */
enum {
	AT_VERSION = 8,
	AT_OLD_HASH = 16,
	AT_NEW_HASH = 48,
	AT_OLD_BLOCKS = 80,
	AT_NEW_BLOCKS = 88,
	AT_DATA_OFFSET = 96,
	AT_FILE_SIZE = 104,
	AT_EXTENTS = 112,
	AT_LITERALS = 120,
	AT_UNUSED = 128,
};

static const uint8_t magic[8] = {'B', 'T', 'Z', 'D', 'E', 'L', 'T', 'A'};

static int bad(struct err *err, const char *what)
{
	return REFUSE(err, EBADMSG, HINT_DELTA, "block file: %s", what);
}

/* Written so that no sum or product can wrap: each bound is compared before it is used. */
static int check_numbers(const struct delta_header *h, uint64_t file_size_max, struct err *err)
{
	if (h->file_size > file_size_max)
		return REFUSE(err, EFBIG, "",
			      "new image has %" PRIu64 " bytes, at most %" PRIu64 " are allowed",
			      h->file_size, file_size_max);
	if (h->file_size % 512 || h->data_offset % DELTA_BLOCK || h->data_offset == 0 ||
	    h->data_offset > DELTA_HEAD_MAX || h->data_offset > h->file_size)
		return bad(err, "new image's size or the place of its content is impossible");
	if (h->new_blocks == 0 || h->new_blocks > (h->file_size - h->data_offset) / DELTA_BLOCK)
		return bad(err, "new content does not fit into the new image");
	if (h->old_blocks == 0 || h->old_blocks > UINT64_MAX / DELTA_BLOCK)
		return bad(err, "old content has an impossible size");
	if (h->extents == 0 || h->extents > h->new_blocks || h->literals > h->new_blocks)
		return bad(err, "more extents or blocks than the new content has");
	return 0;
}

int delta_header_read(const uint8_t bytes[DELTA_HEADER_SIZE], uint64_t file_size_max,
		      struct delta_header *h, struct err *err)
{
	struct delta_header found;
	int r;

	if (memcmp(bytes, magic, sizeof(magic)) != 0)
		return bad(err, "it is none");
	if (le64_get(bytes + AT_VERSION) != 1)
		return bad(err, "another version of the format than 1");
	if (!bytes_are_zero(bytes + AT_UNUSED, DELTA_HEADER_SIZE - AT_UNUSED))
		return bad(err, "unused bytes of the header are not zero");
	memcpy(found.old_root_hash, bytes + AT_OLD_HASH, sizeof(found.old_root_hash));
	memcpy(found.new_root_hash, bytes + AT_NEW_HASH, sizeof(found.new_root_hash));
	found.old_blocks = le64_get(bytes + AT_OLD_BLOCKS);
	found.new_blocks = le64_get(bytes + AT_NEW_BLOCKS);
	found.data_offset = le64_get(bytes + AT_DATA_OFFSET);
	found.file_size = le64_get(bytes + AT_FILE_SIZE);
	found.extents = le64_get(bytes + AT_EXTENTS);
	found.literals = le64_get(bytes + AT_LITERALS);
	r = check_numbers(&found, file_size_max, err);
	if (!r)
		*h = found;
	return r;
}

void delta_header_write(const struct delta_header *h, uint8_t bytes[DELTA_HEADER_SIZE])
{
	memset(bytes, 0, DELTA_HEADER_SIZE);
	memcpy(bytes, magic, sizeof(magic));
	le64_put(bytes + AT_VERSION, 1);
	memcpy(bytes + AT_OLD_HASH, h->old_root_hash, sizeof(h->old_root_hash));
	memcpy(bytes + AT_NEW_HASH, h->new_root_hash, sizeof(h->new_root_hash));
	le64_put(bytes + AT_OLD_BLOCKS, h->old_blocks);
	le64_put(bytes + AT_NEW_BLOCKS, h->new_blocks);
	le64_put(bytes + AT_DATA_OFFSET, h->data_offset);
	le64_put(bytes + AT_FILE_SIZE, h->file_size);
	le64_put(bytes + AT_EXTENTS, h->extents);
	le64_put(bytes + AT_LITERALS, h->literals);
}

uint64_t delta_head_size(const struct delta_header *h)
{
	return h->data_offset;
}

uint64_t delta_tail_size(const struct delta_header *h)
{
	return h->file_size - h->data_offset - h->new_blocks * DELTA_BLOCK;
}

uint64_t delta_size(const struct delta_header *h)
{
	return DELTA_HEADER_SIZE + delta_head_size(h) + delta_tail_size(h) +
	       h->extents * DELTA_EXTENT_SIZE + h->literals * DELTA_BLOCK;
}

bool delta_more(const struct delta_walk *w)
{
	return w->extents < w->header->extents;
}

/* One way to say it: an extent that continues the one before must have been one with it, as far as
 * one goes. */
static bool continues(const struct delta_extent *last, const struct delta_extent *e)
{
	if (last->kind != e->kind || last->count == DELTA_COUNT_MAX)
		return false;
	return e->kind == DELTA_NEW || e->from == last->from + last->count;
}

static int check_extent(const struct delta_walk *w, const struct delta_extent *e, struct err *err)
{
	const struct delta_header *h = w->header;

	if (!delta_more(w))
		return bad(err, "more extents than the header says");
	if (e->count == 0 || e->count > DELTA_COUNT_MAX || e->count > h->new_blocks - w->at)
		return bad(err, "extent lies outside the new content");
	if (continues(&w->last, e))
		return bad(err, "extent continues the one before");
	if (e->kind == DELTA_NEW)
		return e->from == 0 && e->count <= h->literals - w->literals
			       ? 0
			       : bad(err, "more blocks than the header says");
	if (e->kind != DELTA_COPY)
		return bad(err, "extent of an unknown kind");
	if (e->from > h->old_blocks || e->count > h->old_blocks - e->from)
		return bad(err, "extent lies outside the old content");
	return 0;
}

int delta_extent_read(struct delta_walk *w, const uint8_t bytes[DELTA_EXTENT_SIZE],
		      struct delta_extent *e, struct err *err)
{
	struct delta_extent found = {le32_get(bytes), le32_get(bytes + 4), le64_get(bytes + 8)};
	int r = check_extent(w, &found, err);

	if (r)
		return r;
	w->at += found.count;
	w->extents++;
	w->literals += found.kind == DELTA_NEW ? found.count : 0;
	w->last = found;
	*e = found;
	return 0;
}

void delta_extent_write(const struct delta_extent *e, uint8_t bytes[DELTA_EXTENT_SIZE])
{
	le32_put(bytes, e->kind);
	le32_put(bytes + 4, e->count);
	le64_put(bytes + 8, e->from);
}

int delta_end(const struct delta_walk *w, struct err *err)
{
	if (delta_more(w) || w->at != w->header->new_blocks || w->literals != w->header->literals)
		return bad(err, "it does not describe the whole new image");
	return 0;
}

#ifndef TRUST_DELTA_H
#define TRUST_DELTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * The block file of `bartizan image delta A B`: what turns image A, which is installed, into image
 * B, byte for byte (image/README.md, "Block file"). Read from front to back, in constant memory:
 *
 *   header   DELTA_HEADER_SIZE bytes
 *   head     delta_head_size(): B in front of its root partition (boot record, partition table)
 *   tail     delta_tail_size(): B behind its root partition (hash tree, signatures, backup table)
 *   extents  each a record of DELTA_EXTENT_SIZE bytes; DELTA_NEW ones are followed by their blocks
 *
 * Head and tail come first so that B's signatures and hash tree can be judged before any content
 * moves; every block can then be checked against that tree as it arrives. Nothing in here is signed
 * or trusted: a wrong block file gives an image that does not verify. All numbers are
 * little-endian, unused bytes are zero, and the same two images always give the same bytes.
 */
#define DELTA_HEADER_SIZE 256
#define DELTA_EXTENT_SIZE 16
#define DELTA_BLOCK       4096
#define DELTA_HEAD_MAX    (16u << 20) /* of B's root partition: systemd-repart starts it at 1 MiB */
#define DELTA_COUNT_MAX   (1u << 20)  /* blocks of one extent */

struct delta_header {
	uint8_t old_root_hash[32];
	uint8_t new_root_hash[32];
	uint64_t old_blocks;  /* of A's root partition, 4096 bytes each */
	uint64_t new_blocks;  /* of B's */
	uint64_t data_offset; /* of B's root partition in B's file, bytes */
	uint64_t file_size;   /* of B, bytes */
	uint64_t extents;     /* records */
	uint64_t literals;    /* blocks that stand in this file */
};

enum delta_kind {
	DELTA_COPY = 1, /* @count blocks of A's root partition from block @from on */
	DELTA_NEW = 2,  /* @count blocks that follow the record */
};

struct delta_extent {
	uint32_t kind; /* enum delta_kind */
	uint32_t count;
	uint64_t from; /* block of A's root partition; 0 for DELTA_NEW */
};

/* The place in the extents. Starts as {.header = h}; @at is then B's block that the next extent
 * begins with. */
struct delta_walk {
	const struct delta_header *header;
	uint64_t at;
	uint64_t extents;
	uint64_t literals;
	struct delta_extent last;
};

/*
 * Read and check a header. @file_size_max is the caller's bound on B's file. -EBADMSG: not a block
 * file, or numbers that do not fit each other; -EFBIG: B would be larger than @file_size_max. *@h
 * is untouched on failure.
 */
int delta_header_read(const uint8_t bytes[DELTA_HEADER_SIZE], uint64_t file_size_max,
		      struct delta_header *h, struct err *err);
void delta_header_write(const struct delta_header *h, uint8_t bytes[DELTA_HEADER_SIZE]);

/* Bytes of the parts, of a header that was read or is about to be written; delta_size() is the
 * whole file. */
uint64_t delta_head_size(const struct delta_header *h);
uint64_t delta_tail_size(const struct delta_header *h);
uint64_t delta_size(const struct delta_header *h);

/* Are more records to come? */
bool delta_more(const struct delta_walk *w);

/*
 * Check one record and move on: the blocks lie inside A and B, the counts stay within the header's,
 * and there was no shorter way to say it. -EBADMSG; @w and *@e are then untouched.
 */
int delta_extent_read(struct delta_walk *w, const uint8_t bytes[DELTA_EXTENT_SIZE],
		      struct delta_extent *e, struct err *err);
void delta_extent_write(const struct delta_extent *e, uint8_t bytes[DELTA_EXTENT_SIZE]);

/* Behind the last record: is all of B described, and nothing but B? -EBADMSG. */
int delta_end(const struct delta_walk *w, struct err *err);

#endif

#ifndef TRUST_VERITY_H
#define TRUST_VERITY_H

#include "base/err.h"

/*
 * The dm-verity superblock in its one canonical form (kernel:
 * Documentation/admin-guide/device-mapper/verity.rst, cryptsetup: lib/verity). The signed root hash
 * does not cover it, and kernel 6.1 was seen to accept a shrunk data_blocks: so nothing in it is
 * free but the salt, which the root hash does cover.
 */
#define VERITY_BLOCK     4096
#define VERITY_DIGEST    32
#define VERITY_SALT      32
#define VERITY_PER_BLOCK (VERITY_BLOCK / VERITY_DIGEST)
#define VERITY_LEVELS    8 /* 128^8 blocks are more than any file has */

struct verity {
	uint64_t data_blocks;
	uint32_t salt_size; /* 0 or 32 */
	uint8_t salt[VERITY_SALT];
};

/* How the tree of @data_blocks lies behind the superblock: level 0 hashes the data; blocks are
 * counted from the superblock. */
struct verity_shape {
	uint32_t levels;
	uint64_t first[VERITY_LEVELS];
	uint64_t blocks[VERITY_LEVELS];
	uint64_t total; /* superblock block included */
};

/* 0, or -EINVAL for less than two blocks or more levels than VERITY_LEVELS. */
int verity_shape(uint64_t data_blocks, struct verity_shape *shape);

/* Two partitions, in bytes. */
struct verity_place {
	uint64_t offset;    /* of the superblock */
	uint64_t data_size; /* of the root partition */
	uint64_t hash_size; /* of the verity partition */
};

/*
 * Check the superblock on @fd against the partitions. -EBADMSG: not canonical, or the tree does not
 * fit; else -errno of pread(2).
 */
int verity_read(int fd, const struct verity_place *place, struct verity *verity, struct err *err);

/* The canonical superblock block of @verity with the file system's @uuid: for the builder, and for
 * tests. */
void verity_write(const struct verity *verity, const uint8_t uuid[16], uint8_t block[VERITY_BLOCK]);

#endif

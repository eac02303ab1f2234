#ifndef IMAGE_TREE_H
#define IMAGE_TREE_H

#include "base/err.h"
#include "trust/verity.h"

/* The hash tree of dm-verity, format 1 (kernel:
 * Documentation/admin-guide/device-mapper/verity.rst), over data and tree in one file. */
struct tree {
	int fd;
	uint64_t data_offset;
	uint64_t hash_offset; /* of the superblock */
	struct verity verity;
	const char *what; /* for the progress bar */
};

/* Write superblock and tree; @uuid as in the superblock. Gives the root hash. -errno. */
int tree_write(const struct tree *t, const uint8_t uuid[16], uint8_t root_hash[VERITY_DIGEST],
	       struct err *err);

/* Read all data and compare every block of the tree. -EBADMSG names the first block that differs.
 */
int tree_check(const struct tree *t, const uint8_t root_hash[VERITY_DIGEST], struct err *err);

#endif

#ifndef TRUST_APPLY_H
#define TRUST_APPLY_H

#include <stdint.h>

#include "base/err.h"

/*
 * Make image B from image A and a block file (trust/delta.h). Nothing of it is trusted: the result
 * is verified like any other image. Constant memory, one pass.
 */
struct apply {
	int blocks_fd;                /* the block file, from its beginning; a stream */
	int old_fd;                   /* A's root partition, through dm-verity */
	int new_fd;                   /* B, empty; written from front to back */
	uint64_t size_max;            /* of B, bytes */
	const uint8_t *old_root_hash; /* 32 bytes: which A it is */
	/* Called as B grows, the last time with done == total. May be NULL. */
	void (*progress)(void *context, uint64_t done, uint64_t total);
	void *context;
};

/*
 * -EBADMSG: not a block file, cut short, or more than one; -EFBIG: B would be larger than
 * @size_max; -ESTALE: it is made for another A, which is seen before any block is taken; else
 * -errno of read(2), pread(2), pwrite(2). What was written until then stays.
 */
int apply_run(const struct apply *a, struct err *err);

#endif

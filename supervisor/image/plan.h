#ifndef IMAGE_PLAN_H
#define IMAGE_PLAN_H

#include "image/source.h"
#include "trust/delta.h"

/* How the content of one image is made from that of another: what `image diff` counts and `image
 * delta` writes. */
struct plan {
	struct delta_header header; /* whole */
	struct delta_extent *extents;
	uint64_t file_size_old; /* of A, bytes */
};

/*
 * Find the blocks of @new that @old has, by the leaf digests of their hash trees, which are checked
 * against the content first. -EINVAL: their salts differ, so digests cannot be compared; -EBADMSG:
 * one of them is damaged; -ENOMEM. plan_free() always.
 */
int plan_make(struct plan *p, const struct source *old, const struct source *new, struct err *err);
void plan_free(struct plan *p);

#endif

#ifndef TRUST_VERDICT_H
#define TRUST_VERDICT_H

#include "ipc/proto.h"

/*
 * struct verdict (ipc/proto.h) is what `verify` found; the launcher maps the image with these
 * numbers and reads none of them from the file again. One read-only loop device covers data and
 * tree: loop:  offset = data_offset, size = verdict_loop_size() table: 0 <data_blocks * 8> verity 1
 * <dev> <dev> 4096 4096 <data_blocks> <verdict_hash_start()> sha256 <root_hash> <salt or "-">
 */

/*
 * Check a verdict of another process against the file's size and this device's architecture:
 * aligned, inside the file, not overlapping, tree complete, signers in range, @anchor_count anchors
 * were sent. -EBADMSG.
 */
int verdict_validate(const struct verdict *v, uint64_t file_size, uint32_t arch,
		     uint32_t anchor_count, struct err *err);

uint64_t
verdict_loop_size(const struct verdict *v); /* bytes from data_offset to the end of the tree */
uint64_t verdict_hash_start(const struct verdict *v); /* first block of the tree, counted from
							 data_offset in 4096-byte blocks */

#endif

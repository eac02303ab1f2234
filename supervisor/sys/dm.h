#ifndef SYS_DM_H
#define SYS_DM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define DM_NODE_SIZE   32
#define DM_DIGEST_SIZE 32 /* SHA-256; a salt has at most as many bytes */

/* A dm-verity table over one device that holds data and tree
 * (admin-guide/device-mapper/verity.rst). */
struct dm_verity {
	const char *device; /* "/dev/loop0" */
	uint64_t data_blocks;
	uint64_t hash_start; /* first block of the tree */
	const uint8_t *root_hash;
	const uint8_t *salt;
	uint32_t salt_size;
};

/* The parameters of the target "verity", version 1. -EINVAL: a longer salt; -ENAMETOOLONG: @size is
 * too small. */
int dm_verity_text(const struct dm_verity *v, char *to, size_t size);

/* From now on a block of a tree is read when it is needed, not 256 KiB of its neighbours with it
 * (parameter prefetch_cluster of the module): what a start reads does not grow with the image.
 * -errno of sysfs. */
int dm_verity_read_exactly(void);

/* Create, load, resume; @node gets "/dev/dm-N". Whatever fails, nothing is left behind. -EEXIST: a
 * device of this name is there. */
int dm_verity_create(const char *name, const struct dm_verity *v, char node[DM_NODE_SIZE],
		     struct err *err);

/* Has the kernel met a block that does not match since the device was made? -errno of the ioctl. */
int dm_verity_corrupt(const char *name, bool *corrupt);

/* The node of an existing device. -ENXIO: there is none. */
int dm_find(const char *name, char node[DM_NODE_SIZE]);

/* Remove; a device in use goes when its last user does. -ENXIO: there is none. */
int dm_remove(const char *name);

#endif

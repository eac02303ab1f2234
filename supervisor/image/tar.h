#ifndef IMAGE_TAR_H
#define IMAGE_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * A tar archive read from front to back: ustar (POSIX 1003.1-1988), pax records (POSIX.1-2001) and
 * the long names of GNU tar, which is what container tools write. Names are checked, not repaired.
 */
#define TAR_PATH  4096
#define TAR_BLOCK 512

enum tar_type {
	TAR_FILE,
	TAR_DIRECTORY,
	TAR_SYMLINK,
	TAR_HARDLINK,
	TAR_SPECIAL, /* device node or pipe */
};

struct tar_entry {
	enum tar_type type;
	char path[TAR_PATH]; /* relative, no "." or "..", no slash at the end; "" is the root itself
			      */
	char link[TAR_PATH]; /* target; of a hard link as clean as @path */
	uint32_t mode;       /* permission bits */
	uint64_t size;       /* bytes of content */
	bool capability;     /* it has file capabilities */
};

struct tar {
	int fd;
	uint64_t left; /* content of the present entry that was not read */
	uint32_t pad;  /* behind it, to whole blocks */
};

/*
 * The next entry: 1, or 0 at the end. -EBADMSG: not tar, or cut off; -EINVAL: a name or link that
 * leads out of the archive's root, sparse content; else -errno of read(2). What the caller left of
 * the last content is skipped.
 */
int tar_next(struct tar *tar, struct tar_entry *entry, struct err *err);

/* Up to @size bytes of the present entry's content; 0 at its end. -EBADMSG: cut off; else -errno.
 */
ssize_t tar_read(struct tar *tar, void *buffer, size_t size, struct err *err);

#endif

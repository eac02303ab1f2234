#ifndef IMAGE_EROFS_H
#define IMAGE_EROFS_H

#include <stddef.h>

#include "base/err.h"

/*
 * Just enough of erofs (kernel: fs/erofs/erofs_fs.h) to read one small uncompressed file on the
 * build host without mounting: flat and inline layouts, no symbolic links followed. Every offset is
 * checked against @size; the file system starts at @offset of @fd.
 */
struct erofs {
	int fd;
	uint64_t offset;
	uint64_t size;
	uint64_t meta; /* byte offset of inode 0 */
	uint64_t root;
};

int erofs_open(struct erofs *e, int fd, uint64_t offset, uint64_t size, struct err *err);

struct erofs_text {
	char *bytes;   /* the caller's, filled with the content and a terminator */
	size_t size;   /* room */
	size_t length; /* without the terminator */
};

/* The file at @path ("a/b/c"). -ENOENT, -EBADMSG: malformed, -EFBIG, -ENOTSUP: compressed. */
int erofs_read_file(const struct erofs *e, const char *path, struct erofs_text *text,
		    struct err *err);

#endif

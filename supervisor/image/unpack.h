#ifndef IMAGE_UNPACK_H
#define IMAGE_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Bounds of one root file system made from archives. */
#define UNPACK_BYTES_MAX   (8ULL << 30)
#define UNPACK_ENTRIES_MAX 1000000u

enum unpack_mode {
	UNPACK_WHOLE,     /* an archive of its own: no path twice */
	UNPACK_WHITEOUTS, /* of a layer (OCI image-spec, layer.md): remove what it takes away from
			     those below */
	UNPACK_LAYER,     /* of a layer: put its content over those below */
};

struct unpack {
	enum unpack_mode mode;
	uint64_t bytes; /* so far */
	uint32_t entries;
};

/*
 * Unpack the plain tar on @fd into the directory @root_fd. In the confined child only: names are
 * resolved below @root_fd (RESOLVE_IN_ROOT), and no content is written through a link at the end of
 * a name. -EINVAL: something that no image may hold, with its name; -EFBIG: above the bounds;
 * -EBADMSG, -errno.
 */
int unpack_tar(struct unpack *u, int fd, int root_fd, struct err *err);

/*
 * Unpack the archive on @fd, compressed by gzip, zstd or xz or not at all, into @root, in a
 * confined child. The decompressor runs confined too.
 */
int unpack_archive(enum unpack_mode mode, int fd, const char *root, struct err *err);

#endif

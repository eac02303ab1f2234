#ifndef IMAGE_EXTRACT_H
#define IMAGE_EXTRACT_H

#include "image/workdir.h"

/* The content of the image at @path into the directory @root, which is made: fsck.erofs reads it,
 * confined. It is compared with the image's hash tree first. -EBADMSG: damaged or malformed;
 * -errno. */
int extract_image(const char *path, const struct workdir *w, const char *root, struct err *err);

#endif

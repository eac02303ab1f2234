#ifndef LAUNCHER_IMAGES_H
#define LAUNCHER_IMAGES_H

#include <stdint.h>

#include "base/err.h"

/*
 * The image files of the state partition: images/NAME.raw.v/NAME_VERSION_ARCH.raw. Nothing here is
 * trusted: a file's name only chooses what is verified next.
 */
#define IMAGES_SIZE_MIN 4096u
#define IMAGES_SIZE_MAX ((uint64_t)4 << 30)

/*
 * Open the newest image of @name below @images_dir for reading, and check that it is a regular file
 * that only root can have written. Path resolution stays beneath, without links (openat2(2)).
 * -ENOENT: none is installed; -EPERM: owner, mode or links; -EFBIG, -EBADMSG: size; -EINVAL: not a
 * regular file; else -errno.
 */
int images_open(int images_dir, const char *name, int *fd, uint64_t *size, struct err *err);

/* That check alone, of an open file; *@size gets its bytes. */
int images_check(int fd, uint64_t *size, struct err *err);

/* Call @each with every name that has a NAME.raw.v directory. Stops at and returns its first
 * non-zero result; -errno when the directory cannot be read. */
int images_walk(int images_dir, int (*each)(void *context, const char *name), void *context);

/*
 * Order of two version texts by the UAPI version format specification (UAPI.10): <0, 0, >0. Numbers
 * compare as numbers, '~' is older than the end of the text, '^' newer.
 */
int images_compare_versions(const char *a, const char *b);

#endif

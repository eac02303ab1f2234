#ifndef IMAGE_WORKDIR_H
#define IMAGE_WORKDIR_H

#include <stddef.h>

#include "base/err.h"

#define WORKDIR_PATH 4096

/* A private directory next to the output, on its file system, so that the finished file can be
 * renamed into place. */
struct workdir {
	char path[WORKDIR_PATH];
};

int workdir_make(struct workdir *w, const char *output, struct err *err);
void workdir_remove(
	const struct workdir *w); /* with all that is in it; harmless when it was not made */

/* @w / @name into @path of WORKDIR_PATH bytes. -ENAMETOOLONG. */
int workdir_join(const struct workdir *w, const char *name, char *path, struct err *err);

/* A whole file with a terminator into memory that the caller frees; at most @most bytes. *@size
 * does not count the terminator. */
int workdir_read_file(const char *path, size_t most, char **bytes, size_t *size, struct err *err);

int workdir_write_file(const char *path, const void *bytes, size_t size, struct err *err);

#endif

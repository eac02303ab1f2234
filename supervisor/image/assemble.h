#ifndef IMAGE_ASSEMBLE_H
#define IMAGE_ASSEMBLE_H

#include "image/layout.h"
#include "image/signatures.h"

/* An image file while it is made: in a private directory until assemble_finish() renames it. */
struct assembly {
	int fd;
	struct workdir workdir;
	char path[WORKDIR_PATH];
	const char *output;
	struct layout layout;
	struct verity verity;
	struct signatures signatures;
};

int assemble_open(struct assembly *a, const char *output, struct err *err);
void assemble_close(struct assembly *a); /* always; removes whatever is not finished */

/* Copy @size bytes of file system from @fd at @offset to their place. -errno, -EBADMSG: not whole
 * blocks. */
int assemble_data(struct assembly *a, int fd, uint64_t offset, uint64_t size, struct err *err);

/* The same of all of the file at @path. */
int assemble_file(struct assembly *a, const char *path, struct err *err);

/* The hash tree behind the data. The salt is the same for all versions of @name: so their trees can
 * be compared, block by block (images.md). */
int assemble_hash(struct assembly *a, const char *name, struct err *err);

/* Signature partition and table, then, when there is a signature, the same check that a device
 * makes; then rename. */
int assemble_finish(struct assembly *a, struct err *err);

#endif

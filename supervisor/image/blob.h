#ifndef IMAGE_BLOB_H
#define IMAGE_BLOB_H

#include "image/oci_json.h"

/* Files of a container image, opened below its directory: no name leads out of it
 * (RESOLVE_BENEATH). */

/* -EBADMSG: no regular file; else -errno of openat2(2). Returns the descriptor. */
int blob_open_path(int directory_fd, const char *path, struct err *err);

/* The blob @d names, compared with its digest and, when it has one, its size; read from the start
 * again. */
int blob_open(int directory_fd, const struct oci_descriptor *d, struct err *err);

/* Compare all of @fd with @digest ("sha256:..."). -EBADMSG. */
int blob_check(int fd, const char *digest, const char *name, struct err *err);

/* At most OCI_JSON_MAX bytes of text that the caller frees, @text->bytes. */
int blob_read(int directory_fd, const struct oci_descriptor *d, struct oci_text *text,
	      struct err *err);
int blob_read_path(int directory_fd, const char *path, struct oci_text *text, struct err *err);
void blob_free(struct oci_text *text);

#endif

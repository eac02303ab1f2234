#ifndef IMAGE_SOURCE_H
#define IMAGE_SOURCE_H

#include "image/tree.h"
#include "trust/envelope.h"

/* An existing image, opened to look at it: whatever architecture it is for, signed or not, nothing
 * believed. */
struct source {
	int fd;
	uint32_t arch;
	struct gpt gpt;
	struct verity verity;
	struct signature_set signatures; /* points into text */
	char text[SIGNATURE_JSON_MAX];
};

/* -EBADMSG: not an image; else -errno. source_close() always. */
int source_open(struct source *s, const char *path, struct err *err);
void source_close(struct source *s);

/* The hash tree of it, to be checked with tree_check(). */
struct tree source_tree(const struct source *s, const char *what);

/* The manifest's text in @buffer of MANIFEST_MAX + 1 bytes. */
int source_manifest(const struct source *s, char *buffer, size_t *length, struct err *err);

#endif

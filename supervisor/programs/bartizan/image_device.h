#ifndef BARTIZAN_IMAGE_DEVICE_H
#define BARTIZAN_IMAGE_DEVICE_H

#include <stdbool.h>

#include "base/err.h"
#include "ipc/proto.h"

#define IMAGES_PATH "/run/bartizan/images"

/* `bartizan image ...` on the device. cmd_image.c has the words, image_send.c the stream of an
 * installation, image_list.c the table. */
struct image_stream {
	const char *file; /* "-": standard input */
	const char *name; /* NULL: as the file is called */
	uint32_t flags;   /* enum image_flag */
	bool json;
};

/* Send it and show how far it is. The exit code; *err says why when it is not EXIT_OK. */
int image_send(const struct image_stream *s, struct err *err);

/* The versions of @name, or of all; @json: with reasons and the last lines of what failed. */
int image_list(const char *name, bool json, struct err *err);

#endif

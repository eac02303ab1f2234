#ifndef IMAGE_OCI_H
#define IMAGE_OCI_H

#include "image/input.h"

/* The two ways in which a container image lies in the directory @path; both unpack all layers into
 * @stage, each blob compared with the digest by which it is named. As input_unpack(). */
int oci_unpack(struct input *in, const char *path, const char *stage, struct err *err);
int docker_unpack(struct input *in, const char *path, const char *stage, struct err *err);

#endif

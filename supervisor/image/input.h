#ifndef IMAGE_INPUT_H
#define IMAGE_INPUT_H

#include "image/oci_json.h"
#include "image/workdir.h"

/* Where a root file system comes from: exactly one of the first four is set. */
struct input {
	const char *rootfs; /* a directory */
	const char *tar;    /* an archive of it */
	const char
		*docker; /* what `docker save` writes: manifest.json, or an OCI layout in a tar */
	const char *oci; /* a directory in OCI image layout */
	const char *cosign_key; /* PEM; of an OCI layout, or NULL */
	uint32_t arch;          /* enum policy_arch: which of several platforms */

	/* Filled in. */
	char digest[OCI_DIGEST_SIZE]; /* of the manifest that was unpacked; "" when there is none */
	bool says_how_to_run;         /* the image names a command, user or environment */
};

/*
 * Make the directory @stage and fill it. -EINVAL: no or several sources, or one that holds what no
 * image may; -ENOEXEC: for another architecture; -EBADMSG: damaged; -EKEYREJECTED: not signed by
 * @cosign_key; -errno.
 */
int input_unpack(struct input *in, const struct workdir *w, const char *stage, struct err *err);

#endif

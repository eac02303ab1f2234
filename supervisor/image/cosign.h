#ifndef IMAGE_COSIGN_H
#define IMAGE_COSIGN_H

#include "image/oci_json.h"

#define COSIGN_PAYLOAD_TYPE "application/vnd.dev.cosign.simplesigning.v1+json"

struct cosign_job {
	int directory_fd;
	const char *key_path;   /* PEM, P-256 */
	const char *digests[2]; /* of the image; one of them must be signed */
};

/*
 * Is one of the signatures of @manifest, stored as cosign stores them (its SIGNATURE_SPEC.md), made
 * by that key over one of the digests? -ENOKEY: none is; -EBADMSG: damaged; -errno.
 */
int cosign_check(const struct cosign_job *job, const struct oci_manifest *manifest,
		 struct err *err);

#endif

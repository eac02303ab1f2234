#ifndef IMAGE_COSIGN_H
#define IMAGE_COSIGN_H

#include "image/oci_json.h"

#define COSIGN_PAYLOAD_TYPE "application/vnd.dev.cosign.simplesigning.v1+json"

/*
 * Is one of the signatures of @manifest, stored as cosign stores them (its SIGNATURE_SPEC.md), made
 * by the P-256 key in the PEM file @key_path over one of the two digests? 0 and *@which the
 * digest's index; -ENOKEY: none is; -EBADMSG: damaged; -errno.
 */
int cosign_check(int directory_fd, const struct oci_manifest *manifest, const char *key_path,
		 const char *const digests[2], uint32_t *which, struct err *err);

#endif

#include "image/cosign.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "crypto/base64.h"
#include "image/blob.h"
#include "image/keys.h"

/* The payload is authenticated first and parsed after. -ENOKEY: by another key, or for another
 * image. */
static int check_payload(const struct oci_text *text, const struct oci_descriptor *d,
			 const uint8_t *key, const struct cosign_job *wanted)
{
	uint8_t signature[ECDSA_SIGNATURE_MAX];
	char digest[OCI_DIGEST_SIZE];
	struct ecdsa_job job = {
		.key = key,
		.key_size = ECDSA_KEY_SIZE,
		.signature = signature,
		.content = text->bytes,
		.content_size = text->size,
	};
	struct err why;

	if (base64_decode(d->signature, strlen(d->signature), signature, sizeof(signature),
			  &job.signature_size) ||
	    ecdsa_verify(&job, &why) || oci_payload_read(text, digest, &why))
		return -ENOKEY;
	for (uint32_t i = 0; i < 2; i++)
		if (str_equal(digest, wanted->digests[i]))
			return 0;
	return -ENOKEY;
}

int cosign_check(const struct cosign_job *job, const struct oci_manifest *manifest, struct err *err)
{
	uint8_t key[ECDSA_KEY_SIZE];
	int r = key_read_public(job->key_path, key, err);

	if (r)
		return r;
	for (uint32_t i = 0; i < manifest->count; i++) {
		const struct oci_descriptor *d = &manifest->layers[i];
		struct oci_text text;

		if (!str_equal(d->media_type, COSIGN_PAYLOAD_TYPE) || !d->signature[0])
			continue;
		r = blob_read(job->directory_fd, d, &text, err);
		if (r)
			return r;
		r = check_payload(&text, d, key, job);
		blob_free(&text);
		if (!r)
			return 0;
	}
	return -ENOKEY;
}

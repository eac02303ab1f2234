#ifndef IMAGE_SIGNATURES_H
#define IMAGE_SIGNATURES_H

#include <sys/types.h>

#include "crypto/base64.h"
#include "image/workdir.h"
#include "trust/describe.h"
#include "trust/ecdsa.h"
#include "trust/signature_json.h"

/* Signatures on their way into an image's third partition, the first one being what systemd and the
 * kernel read. */
struct signatures {
	uint8_t root_hash[32];
	uint32_t count;
	enum signature_format format[SIGNATURES_MAX];
	struct description by[SIGNATURES_MAX];
	char key[SIGNATURES_MAX][BASE64_TEXT_SIZE(ECDSA_KEY_SIZE)]; /* of SIGNATURE_ECDSA */
	char text[SIGNATURES_MAX][BASE64_TEXT_SIZE(SIGNATURE_DER_MAX)];
};

/* Take over those of an image. -EBADMSG. */
int signatures_take(struct signatures *s, const struct signature_set *set, struct err *err);

/* Add one made elsewhere, in DER. -EBADMSG: not a signature; -EEXIST: its key has signed already;
 * -ENOSPC: there are 8. */
int signatures_add(struct signatures *s, const uint8_t *der, size_t size, struct err *err);

/* Add a bare one of `cosign sign-blob` or `openssl dgst -sha256 -sign` over the 64 characters:
 * @bytes are base64 or DER, @public_key is a PEM file. As signatures_add(); -EKEYREJECTED: not made
 * by that key over this root hash. */
int signatures_add_bare(struct signatures *s, const char *bytes, size_t size,
			const char *public_key, struct err *err);

/* Make one with openssl: @key is whatever openssl's -inkey takes. */
int signatures_make(struct signatures *s, const struct workdir *w, const char *key,
		    const char *certificate, struct err *err);

/* The JSON text. Returns its length, or -E2BIG. */
ssize_t signatures_print(const struct signatures *s, char *text, size_t size);

#endif

#ifndef TRUST_ECDSA_H
#define TRUST_ECDSA_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * A bare key and its bare signature, as `cosign sign-blob` and `openssl dgst -sha256 -sign` make
 * them: ECDSA on P-256 over SHA-256, both in DER. Who may sign is decided elsewhere, by the digest
 * of the key.
 */
#define ECDSA_KEY_SIZE                                                                             \
	91 /* SubjectPublicKeyInfo (RFC 5480) with an uncompressed point: one form only */
#define ECDSA_SIGNATURE_MAX 72

struct ecdsa_job {
	const uint8_t *key;
	size_t key_size;
	const uint8_t *signature;
	size_t signature_size;
	const void *content;
	size_t content_size;
};

/* -EBADMSG: key or signature not of that form; -EKEYREJECTED: not made by that key over that
 * content. */
int ecdsa_verify(const struct ecdsa_job *job, struct err *err);

#endif

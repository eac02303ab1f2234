#ifndef TRUST_SIGNATURE_JSON_H
#define TRUST_SIGNATURE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * The signature partition: one flat JSON object of ASCII strings, then NUL bytes (UAPI.2 "verity
 * signature"; trust/README.md). Our own member "x-bartizan-signatures" holds further signatures as
 * an array of flat objects; nothing else nests.
 */
#define SIGNATURE_JSON_MAX 65536
#define SIGNATURE_DER_MAX  8192
#define SIGNATURES_MAX     8

enum signature_format {
	SIGNATURE_PKCS7, /* "pkcs7": detached PKCS#7 with the signer's certificate */
	SIGNATURE_ECDSA, /* "ecdsa-p256-sha256": a bare signature, with the bare key beside it
			    (cosign sign-blob) */
};

struct signature_text { /* base64, inside the caller's buffer, not terminated */
	enum signature_format format;
	const char *text;
	size_t length;
	const char *key; /* SIGNATURE_ECDSA: SubjectPublicKeyInfo */
	size_t key_length;
};

struct signature_set {
	uint8_t root_hash[32];
	bool has_fingerprint;
	uint8_t fingerprint[32]; /* SHA-256 of the first signer's certificate, as systemd writes it
				  */
	uint32_t count; /* the first one is "signature"; without text when there are only others */
	struct signature_text signatures[SIGNATURES_MAX];
};

/* Read @size bytes; @set points into @bytes. -EBADMSG with the place and the reason; -ENOKEY:
 * well-formed, but without signature. */
int signature_json_read(const char *bytes, size_t size, struct signature_set *set, struct err *err);

/* For tools that sign: "signature" may be missing; signatures[0].text is then NULL. */
int signature_json_read_unsigned(const char *bytes, size_t size, struct signature_set *set,
				 struct err *err);

#endif

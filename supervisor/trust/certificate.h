#ifndef TRUST_CERTIFICATE_H
#define TRUST_CERTIFICATE_H

#include <mbedtls/x509_crt.h>

#include "trust/image.h"

/* The anchors, parsed: one chain of CA certificates per ANCHOR_PEM entry, empty for the others. */
struct authorities {
	const struct trust_anchors *anchors;
	mbedtls_x509_crt chains[TRUST_SIGNERS_MAX];
};

/* -EINVAL when an entry is not PEM of CA certificates only, or breaks a path length (RFC 5280
 * section 4.2.1.9). certificate_authorities_free() always,
 * also after a failure. */
int certificate_authorities_parse(struct authorities *a, const struct trust_anchors *anchors,
				  struct err *err);
void certificate_authorities_free(struct authorities *a);

/*
 * May the key of @leaf sign images: strong key, no CA, KeyUsage digitalSignature, ExtendedKeyUsage
 * codeSigning and not any; and which anchor vouches for it? Fills in @signer's anchor and expired.
 * -ENOKEY: none; -EKEYREJECTED: an anchor does, but the certificate is not acceptable.
 */
int certificate_check(const struct authorities *a, const struct trust_request *request,
		      const mbedtls_x509_crt *leaf, struct verdict_signer *signer, struct err *err);

#endif

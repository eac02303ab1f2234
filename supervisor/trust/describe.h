#ifndef TRUST_DESCRIBE_H
#define TRUST_DESCRIBE_H

#include <stddef.h>

#include "base/err.h"

/* What a certificate or signature says about itself, for people. Nothing here is verified, and
 * nothing here may decide. */
struct description {
	char subject[160];
	char issuer[160];
	char not_after[24]; /* YYYY-MM-DDThh:mm:ssZ */
	uint8_t spki[32];
	uint8_t certificate[32];
};

/* The first certificate of a PEM text of @size bytes, terminator included. -EBADMSG. */
int describe_certificate(const char *pem, size_t size, struct description *d, struct err *err);

/* The certificate inside a PKCS#7 signature. -EBADMSG: not of the form that is verified; -ENOENT:
 * it carries none. */
int describe_signature(const uint8_t *der, size_t size, struct description *d, struct err *err);

#endif

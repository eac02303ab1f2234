#ifndef TRUST_PKCS7_H
#define TRUST_PKCS7_H

#include "trust/certificate.h"

#define PKCS7_CONTENT_SIZE 64 /* the root hash in lowercase hex */

struct pkcs7_job {
	const uint8_t *der;
	size_t size;
	const char *content; /* PKCS7_CONTENT_SIZE characters */
	const struct authorities *authorities;
	const struct trust_request *request;
};

/*
 * One detached PKCS#7 SignedData (RFC 2315) with exactly one signer, no attributes and SHA-256 or
 * SHA-384: whose key made it over
 * @job->content? @signer->certificate is set as soon as the certificate was read, also when the
 * result is -ENOKEY. -EBADMSG: not DER of that form; -ENOKEY: made under no known authority;
 * -EKEYREJECTED: wrong signature, weak or unfit certificate.
 */
int pkcs7_verify(const struct pkcs7_job *job, struct verdict_signer *signer, struct err *err);

#endif

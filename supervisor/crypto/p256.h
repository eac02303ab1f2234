#ifndef CRYPTO_P256_H
#define CRYPTO_P256_H

#include <stddef.h>
#include <stdint.h>

/*
 * Keys on the curve P-256 as files: what `bartizan audit key` and `openssl` write. One fixed form
 * of DER each, so reading them is a comparison of bytes and no parser. Nothing here computes:
 * whether a point lies on the curve is said by who uses it (ecies.h).
 */
#define P256_POINT_SIZE  65 /* uncompressed: 0x04, x, y */
#define P256_SECRET_SIZE 32
#define P256_PEM_SIZE    320 /* longest text of the writers below, terminator included */

/* "-----BEGIN PUBLIC KEY-----", SubjectPublicKeyInfo of RFC 5480. -EINVAL: not that. */
int p256_read_public(const char *pem, uint8_t point[P256_POINT_SIZE]);
void p256_write_public(char pem[P256_PEM_SIZE], const uint8_t point[P256_POINT_SIZE]);

struct p256_pair {
	uint8_t secret[P256_SECRET_SIZE];
	uint8_t point[P256_POINT_SIZE];
};

/* "-----BEGIN PRIVATE KEY-----" (PKCS #8, RFC 5208, not encrypted) or "-----BEGIN EC PRIVATE
 * KEY-----" (RFC 5915), each with the public half. -EINVAL. */
int p256_read_private(const char *pem, struct p256_pair *pair);
void p256_write_private(char pem[P256_PEM_SIZE], const struct p256_pair *pair);

#endif

#ifndef CRYPTO_HMAC_H
#define CRYPTO_HMAC_H

#include <stdbool.h>

#include "crypto/sha256.h"

/* HMAC-SHA-256 (RFC 2104, test vectors of RFC 4231). */
struct hmac {
	struct sha256 inner;
	struct sha256 outer;
};

void hmac_init(struct hmac *h, const void *key, size_t size);
void hmac_update(struct hmac *h, const void *data, size_t size);
void hmac_final(struct hmac *h, uint8_t tag[SHA256_SIZE]);
void hmac_of(const void *key, size_t key_size, const void *data, size_t size,
	     uint8_t tag[SHA256_SIZE]);

/* Compare two tags in constant time. */
bool hmac_equal(const uint8_t a[SHA256_SIZE], const uint8_t b[SHA256_SIZE]);

#endif

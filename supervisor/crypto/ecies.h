#ifndef CRYPTO_ECIES_H
#define CRYPTO_ECIES_H

#include "crypto/p256.h"

/*
 * Encrypt 32 bytes to the holder of a P-256 key: ECIES with an ephemeral key (SEC 1 section 5.1,
 * XOR encryption), HKDF-SHA-256 (RFC 5869) over the shared x coordinate, and HMAC-SHA-256 over what
 * is sent and a context that the box is good for only. The derived key is used once, so an XOR is
 * all the cipher that is needed, and no block cipher is linked for it.
 *
 * box: ephemeral point (65), encrypted secret (32), tag (32).
 */
#define ECIES_SECRET_SIZE 32
#define ECIES_BOX_SIZE    (P256_POINT_SIZE + ECIES_SECRET_SIZE + 32)

/* -EINVAL: @point is not on the curve. -EIO: no random bytes, or no memory. */
int ecies_seal(const uint8_t point[P256_POINT_SIZE], const void *context, size_t context_size,
	       const uint8_t secret[ECIES_SECRET_SIZE], uint8_t box[ECIES_BOX_SIZE]);

/* @pair is the receiver's. -EBADMSG: not for this key, not with this context, or changed. */
int ecies_open(const struct p256_pair *pair, const void *context, size_t context_size,
	       const uint8_t box[ECIES_BOX_SIZE], uint8_t secret[ECIES_SECRET_SIZE]);

/* A new key pair. -EIO. */
int ecies_make_key(struct p256_pair *pair);

#endif

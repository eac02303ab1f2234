#ifndef CRYPTO_SHA256_H
#define CRYPTO_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32

/* Running SHA-256 (FIPS 180-4), by the fastest engine that the CPU has (sha256_engine.h). Holds no
 * pointers, so it may be copied to keep an intermediate state. */
struct sha256 {
	uint32_t state[8];
	uint64_t count; /* bytes so far */
	uint8_t buffer[64];
};

void sha256_init(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *data, size_t size);

/* The digest; @s is wiped and must be initialised before it is used again. */
void sha256_final(struct sha256 *s, uint8_t digest[SHA256_SIZE]);

/* All at once. */
void sha256_of(const void *data, size_t size, uint8_t digest[SHA256_SIZE]);

#endif

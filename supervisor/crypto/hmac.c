#include "crypto/hmac.h"

#include <mbedtls/platform_util.h>
#include <string.h>

#define BLOCK_SIZE 64 /* of SHA-256 */

static void start(struct sha256 *s, const uint8_t key[BLOCK_SIZE], uint8_t pad)
{
	uint8_t block[BLOCK_SIZE];

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = key[i] ^ pad;
	sha256_init(s);
	sha256_update(s, block, sizeof(block));
	mbedtls_platform_zeroize(block, sizeof(block));
}

void hmac_init(struct hmac *h, const void *key, size_t size)
{
	uint8_t block[BLOCK_SIZE] = {0};

	if (size > sizeof(block))
		sha256_of(key, size, block);
	else if (size)
		memcpy(block, key, size);
	start(&h->inner, block, 0x36);
	start(&h->outer, block, 0x5c);
	mbedtls_platform_zeroize(block, sizeof(block));
}

void hmac_update(struct hmac *h, const void *data, size_t size)
{
	sha256_update(&h->inner, data, size);
}

void hmac_final(struct hmac *h, uint8_t tag[SHA256_SIZE])
{
	uint8_t digest[SHA256_SIZE];

	sha256_final(&h->inner, digest);
	sha256_update(&h->outer, digest, sizeof(digest));
	sha256_final(&h->outer, tag);
	mbedtls_platform_zeroize(digest, sizeof(digest));
}

void hmac_of(const void *key, size_t key_size, const void *data, size_t size,
	     uint8_t tag[SHA256_SIZE])
{
	struct hmac h;

	hmac_init(&h, key, key_size);
	hmac_update(&h, data, size);
	hmac_final(&h, tag);
}

bool hmac_equal(const uint8_t a[SHA256_SIZE], const uint8_t b[SHA256_SIZE])
{
	volatile uint8_t difference = 0;

	for (size_t i = 0; i < SHA256_SIZE; i++)
		difference = (uint8_t)(difference | (a[i] ^ b[i]));
	return difference == 0;
}

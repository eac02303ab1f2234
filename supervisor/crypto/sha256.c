#include "crypto/sha256.h"

#include <mbedtls/platform_util.h>
#include <string.h>

#include "crypto/sha256_engine.h"

#define LENGTH_AT (SHA256_BLOCK - 8) /* where the message's length stands in its last block */

/* FIPS 180-4 section 5.3.3. */
static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
				    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

void sha256_init(struct sha256 *s)
{
	memset(s, 0, sizeof(*s));
	memcpy(s->state, initial, sizeof(s->state));
}

void sha256_update(struct sha256 *s, const void *data, size_t size)
{
	const struct sha256_engine *engine = sha256_engine_best();
	const uint8_t *bytes = data;
	size_t used = s->count % SHA256_BLOCK;
	size_t fill = SHA256_BLOCK - used;

	s->count += size;
	if (used && size >= fill) {
		memcpy(s->buffer + used, bytes, fill);
		engine->blocks(s->state, s->buffer, 1);
		bytes += fill;
		size -= fill;
		used = 0;
	}
	if (!used && size >= SHA256_BLOCK) {
		engine->blocks(s->state, bytes, size / SHA256_BLOCK);
		bytes += size - size % SHA256_BLOCK;
		size %= SHA256_BLOCK;
	}
	if (size)
		memcpy(s->buffer + used, bytes, size);
}

static void put_be32(uint8_t *at, uint32_t number)
{
	at[0] = (uint8_t)(number >> 24);
	at[1] = (uint8_t)(number >> 16);
	at[2] = (uint8_t)(number >> 8);
	at[3] = (uint8_t)number;
}

/* FIPS 180-4 section 5.1.1: a one bit, zeros, the length in bits. */
void sha256_final(struct sha256 *s, uint8_t digest[SHA256_SIZE])
{
	static const uint8_t padding[SHA256_BLOCK] = {0x80};
	uint64_t bits = s->count * 8;
	size_t used = s->count % SHA256_BLOCK;
	uint8_t length[8];

	put_be32(length, (uint32_t)(bits >> 32));
	put_be32(length + 4, (uint32_t)bits);
	sha256_update(s, padding, (used < LENGTH_AT ? LENGTH_AT : LENGTH_AT + SHA256_BLOCK) - used);
	sha256_update(s, length, sizeof(length));
	for (size_t i = 0; i < 8; i++)
		put_be32(digest + 4 * i, s->state[i]);
	mbedtls_platform_zeroize(s, sizeof(*s));
}

void sha256_of(const void *data, size_t size, uint8_t digest[SHA256_SIZE])
{
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, data, size);
	sha256_final(&s, digest);
}

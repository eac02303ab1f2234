#include "crypto/sha256_engine.h"

#include <mbedtls/sha256.h>
#include <string.h>

#include "base/str.h"

/* FIPS 180-4 section 4.2.2; mbedTLS has its own. */
#if defined(__x86_64__) || defined(__aarch64__)
const uint32_t sha256_constants[64] __attribute__((aligned(16))) = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};
#endif

static bool always(void)
{
	return true;
}

/*
 * mbedTLS's own: portable C. It cannot fail; if it ever says so the digest is garbage,
 * and a dead helper is the safe answer.
 */
static void mbedtls_blocks(uint32_t state[8], const uint8_t *data, size_t count)
{
	mbedtls_sha256_context context;

	mbedtls_sha256_init(&context);
	memcpy(context.MBEDTLS_PRIVATE(state), state, 8 * sizeof(state[0]));
	for (size_t i = 0; i < count; i++)
		if (mbedtls_internal_sha256_process(&context, data + i * SHA256_BLOCK))
			__builtin_trap();
	memcpy(state, context.MBEDTLS_PRIVATE(state), 8 * sizeof(state[0]));
	mbedtls_sha256_free(&context);
}

const struct sha256_engine sha256_engines[] = {
#if defined(__x86_64__)
	{"sha-ni", sha256_x86_usable, sha256_x86_blocks},
#elif defined(__aarch64__)
	{"armv8-ce", sha256_arm_usable, sha256_arm_blocks},
#endif
	{"mbedtls", always, mbedtls_blocks},
};

const size_t sha256_engine_count = ARRAY_SIZE(sha256_engines);

const struct sha256_engine *sha256_engine_best(void)
{
	static const struct sha256_engine *best;

	for (size_t i = 0; !best; i++)
		if (sha256_engines[i].usable())
			best = &sha256_engines[i];
	return best;
}

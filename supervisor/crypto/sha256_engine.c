#include "crypto/sha256_engine.h"

#include <mbedtls/sha256.h>
#include <string.h>

#include "base/str.h"

static bool always(void)
{
	return true;
}

/*
 * mbedTLS's own: portable C, and on aarch64 the instructions of the Cryptographic Extension where
 * the kernel says that the CPU has them. It cannot fail; if it ever says so the digest is garbage,
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

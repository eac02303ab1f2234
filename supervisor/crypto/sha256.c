#include "crypto/sha256.h"

#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>
#include <stdalign.h>
#include <string.h>

_Static_assert(sizeof(mbedtls_sha256_context) <= sizeof(struct sha256),
	       "struct sha256 is too small");
_Static_assert(alignof(mbedtls_sha256_context) <= alignof(struct sha256),
	       "struct sha256 alignment");

/* The software implementation cannot fail; if it ever says so the digest is garbage, and a dead
 * helper is the safe answer. */
static void must(int result)
{
	if (result)
		__builtin_trap();
}

static mbedtls_sha256_context *context(struct sha256 *s)
{
	return (mbedtls_sha256_context *)(void *)s->state;
}

void sha256_init(struct sha256 *s)
{
	memset(s, 0, sizeof(*s));
	mbedtls_sha256_init(context(s));
	must(mbedtls_sha256_starts(context(s), 0));
}

void sha256_update(struct sha256 *s, const void *data, size_t size)
{
	must(mbedtls_sha256_update(context(s), data, size));
}

void sha256_final(struct sha256 *s, uint8_t digest[SHA256_SIZE])
{
	must(mbedtls_sha256_finish(context(s), digest));
	mbedtls_platform_zeroize(s, sizeof(*s));
}

void sha256_of(const void *data, size_t size, uint8_t digest[SHA256_SIZE])
{
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, data, size);
	sha256_final(&s, digest);
}

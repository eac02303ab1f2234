/*
 * The only source of randomness of mbedTLS: getrandom(2), without a generator of mbedTLS' own behind it.  It needs no
 * file, blocks until the kernel's pool is ready once after boot, and cannot fail later; a failure is an error, never
 * weaker bytes.
 */
#include <errno.h>
#include <sys/random.h>

#include "psa/crypto.h"

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context, uint8_t *output,
					     size_t output_size, size_t *output_length)
{
	size_t done = 0;

	(void)context;
	while (done < output_size) {
		ssize_t got = getrandom(output + done, output_size - done, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return PSA_ERROR_INSUFFICIENT_ENTROPY;
		done += (size_t)got;
	}
	*output_length = output_size;
	return PSA_SUCCESS;
}

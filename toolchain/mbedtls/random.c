/*
 * The only source of randomness of mbedTLS: getrandom(2).  It needs no file, blocks until the kernel's
 * pool is ready once after boot, and cannot fail later; a failure is an error, never weaker bytes.
 */
#include <errno.h>
#include <sys/random.h>

#include "mbedtls/entropy.h"

int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen);

int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen)
{
	size_t done = 0;

	(void)data;
	while (done < len) {
		ssize_t got = getrandom(output + done, len - done, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
		done += (size_t)got;
	}
	*olen = len;
	return 0;
}

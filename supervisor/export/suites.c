#include "export/suites.h"

#include <mbedtls/ssl_ciphersuites.h>
#include <stdbool.h>
#include <sys/auxv.h>

#define AES                                                                                        \
	MBEDTLS_TLS1_3_AES_128_GCM_SHA256, MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,        \
		MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
#define CHACHA                                                                                     \
	MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,                                                   \
		MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,                             \
		MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256

static bool cpu_has_aes(void)
{
#if defined(__x86_64__)
	return __builtin_cpu_supports("aes");
#elif defined(__aarch64__)
	return getauxval(AT_HWCAP) & (1ul << 3); /* HWCAP_AES, asm/hwcap.h */
#else
	return false;
#endif
}

const int *export_suites(void)
{
	static const int aes_first[] = {AES, CHACHA, 0};
	static const int chacha_first[] = {CHACHA, AES, 0};

	return cpu_has_aes() ? aes_first : chacha_first;
}

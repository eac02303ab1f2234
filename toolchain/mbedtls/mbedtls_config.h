/* clang-format off */
/*
 * mbedTLS, trimmed to what a gateway needs: X.509 and PKCS#7 verification, a TLS 1.2/1.3 client, and
 * the signing half of ECDSA and RSA for the command line of the build host.  No server, no SHA-1, no
 * MD5, no CBC, no file access, no self tests: what is not here cannot be negotiated or asked for.
 *
 * This file is installed as mbedtls/mbedtls_config.h, so everybody who includes a header sees it.
 */
#ifndef BARTIZAN_MBEDTLS_CONFIG_H
#define BARTIZAN_MBEDTLS_CONFIG_H

/* Platform. */
#define MBEDTLS_HAVE_ASM
#define MBEDTLS_HAVE_TIME
#define MBEDTLS_HAVE_TIME_DATE
#define MBEDTLS_PLATFORM_C
/* Certificates are judged by the trusted clock, never by time(): call mbedtls_platform_set_time(). */
#define MBEDTLS_PLATFORM_TIME_ALT
#define MBEDTLS_DEPRECATED_REMOVED
/* Randomness is getrandom(2) of random.c: on musl the built-in source would open /dev/urandom, and a
 * sandboxed helper has no /dev. */
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG

/* Symmetric. */
#define MBEDTLS_CIPHER_C
#define MBEDTLS_AES_C
#define MBEDTLS_AES_FEWER_TABLES
/* The suites of export/suites.c have no other. */
#define MBEDTLS_AES_ONLY_128_BIT_KEY_LENGTH
/* GCM only ever encrypts blocks. */
#define MBEDTLS_BLOCK_CIPHER_NO_DECRYPT
#if defined(__aarch64__)
#define MBEDTLS_AESCE_C
#define MBEDTLS_SHA256_USE_ARMV8_A_CRYPTO_IF_PRESENT
#endif
#define MBEDTLS_GCM_C
/* Every record of a session is AES-GCM on a CPU that has AES: BearSSL's takes four blocks at a time (gcm_bearssl.c). */
#if defined(__x86_64__)
#define MBEDTLS_GCM_ALT
#endif
#define MBEDTLS_CHACHA20_C
#define MBEDTLS_POLY1305_C
#define MBEDTLS_CHACHAPOLY_C

/* Digests: SHA-2 only. */
#define MBEDTLS_MD_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA256_SMALLER
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C
#define MBEDTLS_SHA512_SMALLER

/* Public key: P-256, P-384, RSA. */
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_NIST_OPTIM
/* A handshake or a signature now and then: no Chinese remainders, and no precomputed points (5 KB) where
 * the size is judged. Elsewhere they make a handshake of the shipper a third cheaper. */
#if defined(__arm__)
#define MBEDTLS_ECP_FIXED_POINT_OPTIM 0
#else
#define MBEDTLS_ECP_FIXED_POINT_OPTIM 1
#endif
#define MBEDTLS_ECP_WINDOW_SIZE 4
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#define MBEDTLS_ECDH_C
#define MBEDTLS_ECDSA_C
#define MBEDTLS_RSA_C
#define MBEDTLS_RSA_NO_CRT
#define MBEDTLS_PKCS1_V15
/* TLS 1.3 signs with RSA-PSS when the certificate is RSA.  Image signatures refuse it in trust/. */
#define MBEDTLS_PKCS1_V21
#define MBEDTLS_X509_RSASSA_PSS_SUPPORT

/* Formats. */
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_OID_C
#define MBEDTLS_BASE64_C
#define MBEDTLS_PEM_PARSE_C
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
/* Nobody prints a certificate: no descriptions of object identifiers. */
#define MBEDTLS_X509_REMOVE_INFO
#define MBEDTLS_X509_CRL_PARSE_C
#define MBEDTLS_PKCS7_C

/* TLS client.  1.3 is built on the PSA interface, cut by psa_config.h. */
#define MBEDTLS_PSA_CRYPTO_C
#define MBEDTLS_PSA_CRYPTO_CONFIG
#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_CLI_C
#define MBEDTLS_SSL_PROTO_TLS1_2
#define MBEDTLS_SSL_PROTO_TLS1_3
#define MBEDTLS_SSL_TLS1_3_COMPATIBILITY_MODE
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ENABLED
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET
#define MBEDTLS_SSL_SERVER_NAME_INDICATION
#define MBEDTLS_SSL_ALL_ALERT_MESSAGES
#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_RSA_ENABLED

#endif

/*
 * mbedTLS' pk_wrap.c with smaller tables of what a key can do, in place of its own.  A table names every operation,
 * so the linker cannot leave one out: nothing of ours encrypts to a public key, and a program that is linked with
 * the library of VERIFY_ONLY signs nothing either.
 */
#define mbedtls_rsa_info whole_rsa_info
#define mbedtls_eckey_info whole_eckey_info
#define mbedtls_eckeydh_info whole_eckeydh_info
#define mbedtls_ecdsa_info whole_ecdsa_info
#include "pk_wrap.c"
#undef mbedtls_rsa_info
#undef mbedtls_eckey_info
#undef mbedtls_eckeydh_info
#undef mbedtls_ecdsa_info

#ifdef VERIFY_ONLY
#define PRIVATE(operation) NULL
#else
#define PRIVATE(operation) operation
#endif

extern const mbedtls_pk_info_t mbedtls_rsa_info, mbedtls_eckey_info, mbedtls_eckeydh_info, mbedtls_ecdsa_info;

const mbedtls_pk_info_t mbedtls_rsa_info = {
	.type = MBEDTLS_PK_RSA,
	.name = "RSA",
	.get_bitlen = rsa_get_bitlen,
	.can_do = rsa_can_do,
	.verify_func = rsa_verify_wrap,
	.sign_func = PRIVATE(rsa_sign_wrap),
	.check_pair_func = PRIVATE(rsa_check_pair_wrap),
	.ctx_alloc_func = rsa_alloc_wrap,
	.ctx_free_func = rsa_free_wrap,
};

const mbedtls_pk_info_t mbedtls_eckey_info = {
	.type = MBEDTLS_PK_ECKEY,
	.name = "EC",
	.get_bitlen = eckey_get_bitlen,
	.can_do = eckey_can_do,
	.verify_func = ecdsa_verify_wrap,
	.sign_func = PRIVATE(ecdsa_sign_wrap),
	.check_pair_func = PRIVATE(eckey_check_pair_wrap),
	.ctx_alloc_func = eckey_alloc_wrap,
	.ctx_free_func = eckey_free_wrap,
};

const mbedtls_pk_info_t mbedtls_eckeydh_info = {
	.type = MBEDTLS_PK_ECKEY_DH,
	.name = "EC_DH",
	.get_bitlen = eckey_get_bitlen,
	.can_do = eckeydh_can_do,
	.check_pair_func = PRIVATE(eckey_check_pair_wrap),
	.ctx_alloc_func = eckey_alloc_wrap,
	.ctx_free_func = eckey_free_wrap,
};

const mbedtls_pk_info_t mbedtls_ecdsa_info = {
	.type = MBEDTLS_PK_ECDSA,
	.name = "ECDSA",
	.get_bitlen = eckey_get_bitlen,
	.can_do = ecdsa_can_do,
	.verify_func = ecdsa_verify_wrap,
	.sign_func = PRIVATE(ecdsa_sign_wrap),
	.check_pair_func = PRIVATE(eckey_check_pair_wrap),
	.ctx_alloc_func = eckey_alloc_wrap,
	.ctx_free_func = eckey_free_wrap,
};

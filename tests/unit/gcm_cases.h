#ifndef TESTS_UNIT_GCM_CASES_H
#define TESTS_UNIT_GCM_CASES_H

/* AES-GCM as mbedTLS's functions give it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <mbedtls/gcm.h>

/* Test case 4 of McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B. */
static const uint8_t iv[12] = {0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce,
			       0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88};
static const uint8_t key[16] = {0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c,
				0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08};
static const uint8_t extra[20] = {0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xfe, 0xed,
				  0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xab, 0xad, 0xda, 0xd2};
static const uint8_t plain[60] = {
	0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06, 0xe5, 0xa5, 0x59, 0x09, 0xc5, 0xaf, 0xf5, 0x26,
	0x9a, 0x86, 0xa7, 0xa9, 0x53, 0x15, 0x34, 0xf7, 0xda, 0x2e, 0x4c, 0x30, 0x3d, 0x8a, 0x31,
	0x8a, 0x72, 0x1c, 0x3c, 0x0c, 0x95, 0x95, 0x68, 0x09, 0x53, 0x2f, 0xcf, 0x0e, 0x24, 0x49,
	0xa6, 0xb5, 0x25, 0xb1, 0x6a, 0xed, 0xf5, 0xaa, 0x0d, 0xe6, 0x57, 0xba, 0x63, 0x7b, 0x39};
static const uint8_t cipher[60] = {
	0x42, 0x83, 0x1e, 0xc2, 0x21, 0x77, 0x74, 0x24, 0x4b, 0x72, 0x21, 0xb7, 0x84, 0xd0, 0xd4,
	0x9c, 0xe3, 0xaa, 0x21, 0x2f, 0x2c, 0x02, 0xa4, 0xe0, 0x35, 0xc1, 0x7e, 0x23, 0x29, 0xac,
	0xa1, 0x2e, 0x21, 0xd5, 0x14, 0xb2, 0x54, 0x66, 0x93, 0x1c, 0x7d, 0x8f, 0x6a, 0x5a, 0xac,
	0x84, 0xaa, 0x05, 0x1b, 0xa3, 0x0b, 0x39, 0x6a, 0x0a, 0xac, 0x97, 0x3d, 0x58, 0xe0, 0x91};
static const uint8_t tag_of_it[16] = {0x5b, 0xc9, 0x4f, 0xbc, 0x32, 0x21, 0xa5, 0xdb,
				      0x94, 0xfa, 0xe9, 0x5a, 0xe7, 0x12, 0x1a, 0x47};

static void open_key(mbedtls_gcm_context *gcm)
{
	mbedtls_gcm_init(gcm);
	assert_int_equal(mbedtls_gcm_setkey(gcm, MBEDTLS_CIPHER_ID_AES, key, 128), 0);
}

static void test_vector(void **state)
{
	mbedtls_gcm_context gcm;
	uint8_t text[60];
	uint8_t tag[16];

	(void)state;
	open_key(&gcm);
	assert_int_equal(mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, sizeof(plain), iv,
						   sizeof(iv), extra, sizeof(extra), plain, text,
						   sizeof(tag), tag),
			 0);
	assert_memory_equal(text, cipher, sizeof(text));
	assert_memory_equal(tag, tag_of_it, sizeof(tag));
	/* In place, as a session does it. */
	assert_int_equal(mbedtls_gcm_auth_decrypt(&gcm, sizeof(text), iv, sizeof(iv), extra,
						  sizeof(extra), tag, sizeof(tag), text, text),
			 0);
	assert_memory_equal(text, plain, sizeof(text));
	mbedtls_gcm_free(&gcm);
}

/* One bit of anything that is authenticated, and nothing is given out. */
static void test_refuses_what_was_changed(void **state)
{
	static const uint8_t nothing[60];
	mbedtls_gcm_context gcm;

	(void)state;
	open_key(&gcm);
	for (int what = 0; what < 4; what++) {
		uint8_t parts[4][60] = {{0}};
		uint8_t text[60];

		memcpy(parts[0], cipher, sizeof(cipher));
		memcpy(parts[1], tag_of_it, sizeof(tag_of_it));
		memcpy(parts[2], extra, sizeof(extra));
		memcpy(parts[3], iv, sizeof(iv));
		parts[what][5] ^= 1;
		memset(text, 'x', sizeof(text));
		assert_int_equal(mbedtls_gcm_auth_decrypt(&gcm, sizeof(text), parts[3], sizeof(iv),
							  parts[2], sizeof(extra), parts[1], 16,
							  parts[0], text),
				 MBEDTLS_ERR_GCM_AUTH_FAILED);
		assert_memory_equal(text, nothing, sizeof(text));
	}
	mbedtls_gcm_free(&gcm);
}

/* A long text at once goes four blocks at a time, in pieces block by block: the same comes out. */
static void test_pieces(void **state)
{
	static uint8_t text[16000];
	static uint8_t whole[16000];
	static uint8_t pieces[16000];
	uint8_t tags[2][16];
	mbedtls_gcm_context gcm;
	size_t got;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 31 >> 3);
	open_key(&gcm);
	assert_int_equal(mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, sizeof(text), iv,
						   sizeof(iv), extra, sizeof(extra), text, whole,
						   16, tags[0]),
			 0);
	assert_int_equal(mbedtls_gcm_starts(&gcm, MBEDTLS_GCM_ENCRYPT, iv, sizeof(iv)), 0);
	assert_int_equal(mbedtls_gcm_update_ad(&gcm, extra, 7), 0);
	assert_int_equal(mbedtls_gcm_update_ad(&gcm, extra + 7, sizeof(extra) - 7), 0);
	for (size_t at = 0, size = 1; at < sizeof(text); at += size, size = size % 37 + 1) {
		size = size < sizeof(text) - at ? size : sizeof(text) - at;
		assert_int_equal(mbedtls_gcm_update(&gcm, text + at, size, pieces + at, size, &got),
				 0);
		assert_int_equal(got, size);
	}
	assert_int_equal(mbedtls_gcm_finish(&gcm, NULL, 0, &got, tags[1], 16), 0);
	assert_memory_equal(whole, pieces, sizeof(whole));
	assert_memory_equal(tags[0], tags[1], sizeof(tags[0]));
	mbedtls_gcm_free(&gcm);
}

static void test_refuses_misuse(void **state)
{
	static const uint8_t longer[32];
	mbedtls_gcm_context gcm;
	uint8_t text[16] = {0};
	uint8_t tag[17];
	size_t got;

	(void)state;
	mbedtls_gcm_init(&gcm);
	assert_int_not_equal(mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, longer, 256), 0);
	assert_int_not_equal(mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_ARIA, key, 128), 0);
	mbedtls_gcm_free(&gcm);
#ifdef MBEDTLS_GCM_ALT
	mbedtls_gcm_init(&gcm); /* no key yet */
	assert_int_not_equal(mbedtls_gcm_starts(&gcm, MBEDTLS_GCM_ENCRYPT, iv, sizeof(iv)), 0);
	assert_int_not_equal(mbedtls_gcm_update_ad(&gcm, extra, 1), 0);
	assert_int_not_equal(mbedtls_gcm_update(&gcm, text, 1, text, 1, &got), 0);
	assert_int_not_equal(mbedtls_gcm_finish(&gcm, NULL, 0, &got, tag, 16), 0);
	open_key(&gcm);
	assert_int_equal(mbedtls_gcm_starts(&gcm, MBEDTLS_GCM_ENCRYPT, iv, sizeof(iv)), 0);
	assert_int_equal(mbedtls_gcm_update(&gcm, text, 1, text, 1, &got), 0);
	assert_int_not_equal(mbedtls_gcm_update_ad(&gcm, extra, 1), 0); /* too late */
	mbedtls_gcm_free(&gcm);
#endif
	open_key(&gcm);
	assert_int_not_equal(mbedtls_gcm_starts(&gcm, MBEDTLS_GCM_ENCRYPT, iv, 0), 0);
	assert_int_equal(mbedtls_gcm_starts(&gcm, MBEDTLS_GCM_ENCRYPT, iv, sizeof(iv)), 0);
	assert_int_not_equal(mbedtls_gcm_update(&gcm, text, 16, text, 15, &got), 0);
	assert_int_not_equal(mbedtls_gcm_finish(&gcm, NULL, 0, &got, tag, 17), 0);
	assert_int_not_equal(mbedtls_gcm_finish(&gcm, NULL, 0, &got, tag, 3), 0);
	mbedtls_gcm_free(&gcm);
}

static inline int run_gcm_cases(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector),
		cmocka_unit_test(test_refuses_what_was_changed),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_refuses_misuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif

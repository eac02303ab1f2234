/* links: base crypto mbedtls */
#include <errno.h>
#include <mbedtls/sha256.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "crypto/base64.h"
#include "crypto/hmac.h"
#include "crypto/sha256.h"
#include "crypto/sha256_engine.h"

static void assert_digest(const uint8_t *digest, const char *expected)
{
	char text[2 * SHA256_SIZE + 1];

	str_hex(text, digest, SHA256_SIZE);
	assert_string_equal(text, expected);
}

/* FIPS 180-4 examples and the empty message. */
static void test_sha256_vectors(void **state)
{
	static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	uint8_t digest[SHA256_SIZE];

	(void)state;
	sha256_of("", 0, digest);
	assert_digest(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256_of("abc", 3, digest);
	assert_digest(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_of(two_blocks, strlen(two_blocks), digest);
	assert_digest(digest, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void test_sha256_in_pieces(void **state)
{
	struct sha256 s;
	struct sha256 copy;
	uint8_t digest[SHA256_SIZE];

	(void)state;
	sha256_init(&s);
	for (int i = 0; i < 500000; i++)
		sha256_update(&s, "a", 1);
	copy = s;
	for (int i = 0; i < 50000; i++)
		sha256_update(&copy, "aaaaaaaaaa", 10);
	sha256_final(&copy, digest);
	assert_digest(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* FIPS 180-4 examples of one and two blocks, padded by hand, through every engine that this CPU
 * has. */
static void test_sha256_engines(void **state)
{
	static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	static const uint32_t one[8] = {0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223,
					0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad};
	static const uint32_t two[8] = {0x248d6a61, 0xd20638b8, 0xe5c02693, 0x0c3e6039,
					0xa33ce459, 0x64ff2167, 0xf6ecedd4, 0x19db06c1};
	static const char text[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	uint8_t blocks[1 + 2 * SHA256_BLOCK];
	uint32_t words[8];

	(void)state;
	for (size_t i = 0; i < sha256_engine_count; i++) {
		if (!sha256_engines[i].usable())
			continue;
		memset(blocks, 0, sizeof(blocks));
		memcpy(blocks + 1, "abc\x80", 4); /* not aligned */
		blocks[SHA256_BLOCK] = 24;
		memcpy(words, initial, sizeof(words));
		sha256_engines[i].blocks(words, blocks + 1, 1);
		assert_memory_equal(words, one, sizeof(one));
		memset(blocks, 0, sizeof(blocks));
		memcpy(blocks, text, strlen(text));
		blocks[strlen(text)] = 0x80;
		blocks[2 * SHA256_BLOCK - 2] = 448 >> 8;
		blocks[2 * SHA256_BLOCK - 1] = 448 & 0xff;
		memcpy(words, initial, sizeof(words));
		sha256_engines[i].blocks(words, blocks, 2);
		assert_memory_equal(words, two, sizeof(two));
	}
	assert_true(sha256_engines[sha256_engine_count - 1].usable());
}

/* Every engine the same on long inputs, and every split of an input the same as the whole: against
 * mbedTLS. */
static void test_sha256_agree(void **state)
{
	static uint8_t data[4096 + 200];
	uint8_t digest[SHA256_SIZE];
	uint8_t expected[SHA256_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * i / 7 + i);
	for (size_t size = 0; size < 200; size++) {
		struct sha256 s;

		sha256_init(&s);
		sha256_update(&s, data, size);
		sha256_update(&s, data + size, sizeof(data) - 2 * size);
		sha256_update(&s, data + sizeof(data) - size, size);
		sha256_final(&s, digest);
		sha256_of(data, sizeof(data), expected);
		assert_memory_equal(digest, expected, sizeof(digest));
		sha256_of(data, size, digest);
		assert_int_equal(mbedtls_sha256(data, size, expected, 0), 0);
		assert_memory_equal(digest, expected, sizeof(digest));
	}
	assert_int_equal(mbedtls_sha256(data, sizeof(data), expected, 0), 0);
	sha256_of(data, sizeof(data), digest);
	assert_memory_equal(digest, expected, sizeof(digest));
}

/* RFC 4231, test cases 1, 2 and 6 (key longer than the block). */
static void test_hmac_vectors(void **state)
{
	uint8_t key[131];
	uint8_t tag[SHA256_SIZE];
	uint8_t other[SHA256_SIZE];

	(void)state;
	memset(key, 0x0b, 20);
	hmac_of(key, 20, "Hi There", 8, tag);
	assert_digest(tag, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	hmac_of("Jefe", 4, "what do ya want for nothing?", 28, tag);
	assert_digest(tag, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	hmac_of(key, sizeof(key), "Test Using Larger Than Block-Size Key - Hash Key First", 54,
		tag);
	assert_digest(tag, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	memcpy(other, tag, sizeof(tag));
	assert_true(hmac_equal(tag, other));
	other[31] ^= 1;
	assert_false(hmac_equal(tag, other));
}

static void assert_base64(const char *bytes, const char *text)
{
	uint8_t decoded[16];
	char encoded[BASE64_TEXT_SIZE(16)];
	size_t count = 99;

	assert_int_equal(base64_encode(encoded, (const uint8_t *)bytes, strlen(bytes)),
			 strlen(text));
	assert_string_equal(encoded, text);
	assert_int_equal(base64_decode(text, strlen(text), decoded, sizeof(decoded), &count), 0);
	assert_int_equal(count, strlen(bytes));
	assert_memory_equal(decoded, bytes, count);
}

/* RFC 4648 section 10. */
static void test_base64_vectors(void **state)
{
	(void)state;
	assert_base64("", "");
	assert_base64("f", "Zg==");
	assert_base64("fo", "Zm8=");
	assert_base64("foo", "Zm9v");
	assert_base64("foobar", "Zm9vYmFy");
}

static void test_base64_refused(void **state)
{
	static const char *const bad[] = {
		"Zg=", "Zg", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm 9v", "Zm9v\n", "Zm-_"};
	uint8_t decoded[16];
	size_t count = 99;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(
			base64_decode(bad[i], strlen(bad[i]), decoded, sizeof(decoded), &count),
			-EINVAL);
	assert_int_equal(base64_decode("Zm9vYmFy", 8, decoded, 5, &count), -EFBIG);
	assert_int_equal(count, 99);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256_engines), cmocka_unit_test(test_sha256_agree),
		cmocka_unit_test(test_sha256_vectors), cmocka_unit_test(test_sha256_in_pieces),
		cmocka_unit_test(test_hmac_vectors),   cmocka_unit_test(test_base64_vectors),
		cmocka_unit_test(test_base64_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

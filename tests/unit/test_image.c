/* links: base ipc crypto trust mbedtls */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/str.h"
#include "crypto/base64.h"
#include "crypto/sha256.h"
#include "image_fixture.h"
#include "pki_fixture.h"
#include "trust/ecdsa.h"
#include "trust/image.h"
#include "trust/verdict.h"

static struct trust_anchors anchors;
static struct trust_request request = {.arch = ARCH_X86_64, .anchors = &anchors};
static struct verdict verdict;
static struct err err;
static char json[32768];

static int setup(void **state)
{
	uint8_t pem[4096];

	if (pki_setup(state))
		return -1;
	trust_anchors_init(&anchors);
	return trust_anchors_add(&anchors, ANCHOR_PEM, pem,
				 pki_read("ca", ".pem", pem, sizeof(pem)), NULL);
}

static void add_base64(const char *name)
{
	uint8_t der[8192];
	size_t size = pki_read(name, ".p7", der, sizeof(der));

	(void)base64_encode(json + strlen(json), der, size);
}

/* @names[0] becomes "signature", the others follow in our own member; the fixtures sign 64 times
 * 'a'. */
static void make(const char *const *names, size_t count)
{
	fx_make();
	memset(fx_entry(0) + 16, 0xaa, 16);
	memset(fx_entry(1) + 16, 0xaa, 16);
	fx_seal();
	(void)strcpy(json, "{\"rootHash\":\"");
	memset(json + strlen(json), 0, 65);
	memset(json + strlen(json), 'a', 64);
	(void)strcat(json, "\",\"signature\":\"");
	add_base64(names[0]);
	(void)strcat(json, count > 1 ? "\",\"x-bartizan-signatures\":[" : "\"");
	for (size_t i = 1; i < count; i++) {
		(void)strcat(json, i > 1 ? ",{\"format\":\"pkcs7\",\"data\":\""
					 : "{\"format\":\"pkcs7\",\"data\":\"");
		add_base64(names[i]);
		(void)strcat(json, "\"}");
	}
	(void)strcat(json, count > 1 ? "]}" : "}");
	assert_true(strlen(json) < 16384);
	memcpy(fx + FX_SIGNATURE * 512, json, strlen(json));
}

static int verify(void)
{
	CLEAN_FD int fd = fx_file(fx, FX_SIZE);

	memset(&err, 0, sizeof(err));
	memset(&verdict, 0x55, sizeof(verdict));
	return trust_image_verify(fd, &request, &verdict, &err);
}

#define MAKE(...)                                                                                  \
	do {                                                                                       \
		static const char *const names[] = {__VA_ARGS__};                                  \
		make(names, ARRAY_SIZE(names));                                                    \
	} while (0)

static void expect(int code, const char *reason)
{
	int r = verify();

	if (r != -code || !str_starts(err.msg, reason))
		fail_msg("%d \"%s\", expected \"%s\"", r, err.msg, reason);
	assert_int_equal(verdict.signer_count, 0x55555555);
}

static void test_good(void **state)
{
	uint8_t root[32];

	(void)state;
	MAKE("p256");
	assert_int_equal(verify(), 0);
	memset(root, 0xaa, sizeof(root));
	assert_memory_equal(verdict.root_hash, root, 32);
	assert_int_equal(verdict.signer_count, 1);
	assert_int_equal(verdict.data_offset, 20480);
	assert_int_equal(verdict.data_blocks, 4);
	assert_int_equal(verdict.hash_offset, 36864);
	assert_int_equal(verdict.hash_blocks, 2);
	assert_int_equal(verdict_validate(&verdict, FX_SIZE, ARCH_X86_64, 1, &err), 0);
	request.arch = ARCH_ARMV7;
	assert_int_equal(verify(), -ENOEXEC);
	request.arch = ARCH_X86_64;
}

static void test_signers(void **state)
{
	(void)state;
	MAKE("p256", "p384");
	assert_int_equal(verify(), 0);
	assert_int_equal(verdict.signer_count, 2);
	MAKE("p256", "p256", "sha384"); /* three signatures, one key */
	assert_int_equal(verify(), 0);
	assert_int_equal(verdict.signer_count, 1);
	MAKE("stranger", "p256");
	assert_int_equal(verify(), 0);
	assert_int_equal(verdict.signer_count, 1);
	MAKE("stranger");
	expect(ENOKEY, "signature by an unknown certificate authority");
	MAKE("p256", "no-eku");
	expect(EKEYREJECTED, "certificate lacks the codeSigning");
	MAKE("p256", "wrong-content");
	expect(EKEYREJECTED, "signature does not match the root hash");
	MAKE("stranger", "with-content");
	expect(EBADMSG, "signature is not detached PKCS#7");
}

/* Attack 19: content, tree and signature of different images. */
static void test_mixed(void **state)
{
	(void)state;
	MAKE("p256");
	fx_entry(0)[20] ^= 1;
	fx_seal();
	expect(EBADMSG, "signature is for other content");
	MAKE("p256");
	fx_entry(1)[31] ^= 1;
	fx_seal();
	expect(EBADMSG, "signature is for other content");
}

static void test_fingerprint(void **state)
{
	char *at;

	(void)state;
	MAKE("p256");
	at = (char *)fx + FX_SIGNATURE * 512;
	memmove(at + 93, at + 1, 10000);
	(void)snprintf(at, 94, "{\"certificateFingerprint\":\"%064d\",", 0);
	at[93] = '"';
	at[92] = ',';
	at[91] = '"';
	expect(EBADMSG, "certificate fingerprint does not belong to the signature");
}

static void test_other_parts(void **state)
{
	(void)state;
	MAKE("p256");
	fx[FX_TREE * 512 + 72] = 3; /* data_blocks */
	expect(EBADMSG, "verity superblock: 3 data blocks");
	MAKE("p256");
	fx[FX_SIGNATURE * 512 + 100] = '!';
	expect(EBADMSG, "signature 1 is not base64");
	MAKE("p256");
	memset(fx + FX_SIGNATURE * 512, 0, 16384);
	expect(EBADMSG, "signature partition: '{' is expected");
	MAKE("p256");
	anchors.magic++;
	expect(EBADMSG, "trust anchors are malformed");
	anchors.magic--;
	assert_int_equal(verify(), 0);
	anchors.count = 0; /* nothing to trust: nothing is trusted */
	expect(ENOKEY, "signature by an unknown certificate authority");
	anchors.count = 1;
}

/* A signature partition of 68 KiB, behind which the file goes on. */
static void test_large_partition(void **state)
{
	static uint8_t large[2 * FX_SIZE];
	CLEAN_FD int fd = -1;

	(void)state;
	MAKE("p256");
	le64_put(fx_header() + 32, 2 * FX_SECTORS - 1);
	le64_put(fx_header() + 48, 2 * FX_SECTORS - 34);
	le64_put(fx_entry(2) + 40, FX_SIGNATURE + 135);
	fx_seal();
	memcpy(large, fx, FX_SIZE);
	fd = fx_file(large, sizeof(large));
	assert_int_equal(trust_image_verify(fd, &request, &verdict, &err), -EBADMSG);
	assert_string_equal(err.msg,
			    "signature partition has 69632 bytes, at most 65536 are allowed");
}

static void test_not_a_file(void **state)
{
	CLEAN_FD int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(trust_image_verify(fd, &request, &verdict, &err), -EBADMSG);
	assert_string_equal(err.msg, "image is not a regular file");
}

/* With nobody interested in the reason, no is still no. */
static void test_without_err(void **state)
{
	CLEAN_FD int fd = -1;

	(void)state;
	MAKE("no-eku");
	fd = fx_file(fx, FX_SIZE);
	assert_int_equal(trust_image_verify(fd, &request, &verdict, NULL), -EKEYREJECTED);
}

/* An image that carries bare signatures only, of @keys with the signatures of @signatures. */
static void make_bare(const char *const *keys, const char *const *signatures, size_t count)
{
	uint8_t bytes[512];

	MAKE("p256"); /* the envelope; its text is replaced */
	memset(fx + FX_SIGNATURE * 512, 0, 16384);
	(void)strcpy(json, "{\"rootHash\":\"");
	memset(json + strlen(json), 0, 65);
	memset(json + strlen(json), 'a', 64);
	(void)strcat(json, "\",\"x-bartizan-signatures\":[");
	for (size_t i = 0; i < count; i++) {
		(void)strcat(json, i ? ",{\"format\":\"ecdsa-p256-sha256\",\"key\":\""
				     : "{\"format\":\"ecdsa-p256-sha256\",\"key\":\"");
		(void)base64_encode(json + strlen(json), bytes,
				    pki_read(keys[i], ".pub", bytes, sizeof(bytes)));
		(void)strcat(json, "\",\"data\":\"");
		(void)base64_encode(json + strlen(json), bytes,
				    pki_read(signatures[i], ".raw", bytes, sizeof(bytes)));
		(void)strcat(json, "\"}");
	}
	(void)strcat(json, "]}");
	memcpy(fx + FX_SIGNATURE * 512, json, strlen(json));
}

#define MAKE_BARE(key, signature)                                                                  \
	make_bare((const char *const[]){key}, (const char *const[]){signature}, 1)

static void trust_key(const char *name)
{
	uint8_t key[512];
	uint8_t digest[32];

	sha256_of(key, pki_read(name, ".pub", key, sizeof(key)), digest);
	assert_int_equal(trust_anchors_add(&anchors, ANCHOR_SPKI, digest, sizeof(digest), NULL), 0);
}

/* cosign sign-blob: counted when the key's digest is named, and once per key. */
static void test_bare_key(void **state)
{
	static const char *const twice[] = {"bare", "bare"};
	struct trust_anchors before = anchors;

	(void)state;
	MAKE_BARE("bare", "bare");
	expect(ENOKEY, "signature by a key that no signer names");
	trust_key("bare");
	assert_int_equal(verify(), 0);
	assert_int_equal(verdict.signer_count, 1);
	assert_int_equal(verdict.signers[0].anchor, 1);
	make_bare(twice, twice, 2);
	assert_int_equal(verify(), 0);
	assert_int_equal(verdict.signer_count, 1);
	anchors = before;
}

static void test_bare_key_refused(void **state)
{
	struct trust_anchors before = anchors;

	(void)state;
	trust_key("bare");
	trust_key("bare-other");
	trust_key("bare-p384");
	MAKE_BARE("bare", "bare-other"); /* somebody else's signature */
	expect(EKEYREJECTED, "signature does not match");
	MAKE_BARE("bare-other", "bare-other"); /* over other content */
	expect(EKEYREJECTED, "signature does not match");
	MAKE_BARE("bare-p384", "bare"); /* another curve */
	expect(EBADMSG, "key or its signature is not base64 of ECDSA P-256");
	MAKE_BARE("bare", "bare-p384");
	expect(EBADMSG, "key or its signature is not base64 of ECDSA P-256");
	anchors = before;
}

/* A signature with a byte behind it, or cut: one encoding only. */
static void test_bare_key_encoding(void **state)
{
	struct ecdsa_job job = {.content = "content", .content_size = 7};
	uint8_t signature[600] = {0};
	uint8_t key[512];

	(void)state;
	job.key = key;
	job.key_size = pki_read("bare", ".pub", key, sizeof(key));
	job.signature = signature;
	job.signature_size = pki_read("bare", ".raw", signature, sizeof(signature)) + 1;
	if (job.signature_size <= ECDSA_SIGNATURE_MAX)
		assert_int_equal(ecdsa_verify(&job, &err), -EBADMSG);
	job.signature_size -= 2;
	assert_int_equal(ecdsa_verify(&job, &err), -EBADMSG);
	job.signature_size++;
	assert_int_equal(ecdsa_verify(&job, &err), -EKEYREJECTED);
	key[ECDSA_KEY_SIZE - 1] ^= 1; /* no point of the curve */
	assert_int_equal(ecdsa_verify(&job, &err), -EBADMSG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_signers),
		cmocka_unit_test(test_mixed),
		cmocka_unit_test(test_fingerprint),
		cmocka_unit_test(test_large_partition),
		cmocka_unit_test(test_not_a_file),
		cmocka_unit_test(test_other_parts),
		cmocka_unit_test(test_without_err),
		cmocka_unit_test(test_bare_key),
		cmocka_unit_test(test_bare_key_refused),
		cmocka_unit_test(test_bare_key_encoding),
	};

	return cmocka_run_group_tests(tests, setup, pki_teardown);
}

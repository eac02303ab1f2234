/* links: base ipc crypto trust mbedtls */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "pki_fixture.h"
#include "trust/der.h"
#include "trust/describe.h"
#include "trust/pkcs7.h"

static struct trust_anchors anchors;
static struct authorities authorities;
static struct trust_request request = {.now_s = 0, .anchors = &anchors};
static uint8_t der[16384];
static char content[PKCS7_CONTENT_SIZE + 1];

/* "ca" and "rsaca" are trusted, "weakca" (RSA-2048) too; "other" is not. */
static int setup(void **state)
{
	static const char *const names[] = {"ca", "rsaca", "weakca"};
	uint8_t pem[8192];

	if (pki_setup(state))
		return -1;
	trust_anchors_init(&anchors);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t size = pki_read(names[i], ".pem", pem, sizeof(pem));

		assert_int_equal(trust_anchors_add(&anchors, ANCHOR_PEM, pem, size, NULL), 0);
	}
	assert_int_equal(certificate_authorities_parse(&authorities, &anchors, NULL), 0);
	(void)pki_read("content", "", (uint8_t *)content, sizeof(content));
	return 0;
}

static int teardown(void **state)
{
	certificate_authorities_free(&authorities);
	return pki_teardown(state);
}

static int verify_bytes(size_t size, struct verdict_signer *signer, struct err *err)
{
	struct pkcs7_job job = {
		.der = der,
		.size = size,
		.content = content,
		.authorities = &authorities,
		.request = &request,
	};

	memset(err, 0, sizeof(*err));
	return pkcs7_verify(&job, signer, err);
}

static int verify(const char *name, struct verdict_signer *signer, struct err *err)
{
	return verify_bytes(pki_read(name, ".p7", der, sizeof(der)), signer, err);
}

static void test_accepted(void **state)
{
	static const struct {
		const char *name;
		uint32_t anchor;
	} good[] = {{"p256", 0}, {"p384", 0}, {"rsa3072", 1}, {"sha384", 0}};
	struct verdict_signer signer = {0};
	struct err err;
	uint8_t digest[33];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(verify(good[i].name, &signer, &err), 0);
		assert_int_equal(signer.anchor, good[i].anchor);
	}
	assert_int_equal(pki_read("p256", ".spki", digest, sizeof(digest)), 32);
	assert_memory_equal(signer.spki, digest, 32);
	assert_int_equal(pki_read("p256", ".digest", digest, sizeof(digest)), 32);
	assert_memory_equal(signer.certificate, digest, 32);
}

static void test_refused(void **state)
{
	static const struct {
		const char *name;
		int code;
		const char *reason;
	} bad[] = {
		{"stranger", ENOKEY, "signature by an unknown certificate authority"},
		{"under-leaf", ENOKEY, "signature by an unknown certificate authority"},
		{"no-certificate", ENOKEY, "signature without certificate, by an unknown signer"},
		{"no-eku", EKEYREJECTED, "certificate lacks the codeSigning extended key usage"},
		{"server-eku", EKEYREJECTED,
		 "certificate lacks the codeSigning extended key usage"},
		{"only-any-eku", EKEYREJECTED,
		 "certificate lacks the codeSigning extended key usage"},
		{"any-eku", EKEYREJECTED,
		 "certificate is for any purpose, codeSigning alone is wanted"},
		{"no-ku", EKEYREJECTED, "certificate lacks the digitalSignature key usage"},
		{"wrong-ku", EKEYREJECTED, "certificate lacks the digitalSignature key usage"},
		{"ca-leaf", EKEYREJECTED, "image is signed with a certificate authority's own key"},
		{"rsa2048", EKEYREJECTED, "certificate chain uses a weak key or digest"},
		{"under-weak", EKEYREJECTED, "certificate chain uses a weak key or digest"},
		{"wrong-content", EKEYREJECTED, "signature does not match the root hash"},
		{"sha512", EKEYREJECTED, "signature uses a digest other than SHA-256 and SHA-384"},
		{"two-certificates", EBADMSG,
		 "signature is not detached PKCS#7 with one certificate and no attributes"},
		{"two-signers", EBADMSG,
		 "signature is not detached PKCS#7 with one certificate and no attributes"},
		{"with-content", EBADMSG,
		 "signature is not detached PKCS#7 with one certificate and no attributes"},
		{"two-signers-no-certificate", EBADMSG, "signature has 2 signers, must have one"},
		{"attributes", EBADMSG,
		 "signature is not detached PKCS#7 with one certificate and no attributes"},
		{"sha1-digest", EBADMSG,
		 "signature is not detached PKCS#7 with one certificate and no attributes"},
		{"pem", EBADMSG, "signature is not DER at byte "},
		/* Curves and digests that are not even built in: mbedTLS cannot read these
		   certificates. */
		{"p521", EBADMSG,
		 "signature is not detached PKCS#7 with one certificate and no attributes"},
		{"k256", EBADMSG,
		 "signature is not detached PKCS#7 with one certificate and no attributes"},
		{"sha1", EBADMSG,
		 "signature is not detached PKCS#7 with one certificate and no attributes"},
	};
	struct verdict_signer signer;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int r = verify(bad[i].name, &signer, &err);

		if (r != -bad[i].code || !str_starts(err.msg, bad[i].reason))
			fail_msg("%s: %d \"%s\"", bad[i].name, r, err.msg);
		assert_true(err.hint[0]);
	}
}

/* No byte of a good signature may change without effect, and nothing may be missing or added. */
static void check_changed(const char *name)
{
	size_t size = pki_read(name, ".p7", der, sizeof(der));
	struct verdict_signer signer;
	struct err err;

	for (size_t i = 0; i < size; i++) {
		der[i] ^= 0x04;
		if (verify_bytes(size, &signer, &err) == 0)
			fail_msg("byte %zu of %zu does not matter", i, size);
		der[i] ^= 0x04;
	}
	for (size_t i = 0; i < size; i++)
		assert_int_not_equal(verify_bytes(i, &signer, &err), 0);
	der[size] = 0;
	assert_int_equal(verify_bytes(size + 1, &signer, &err), -EBADMSG);
	assert_int_equal(verify_bytes(size, &signer, &err), 0);
}

static void test_changed(void **state)
{
	(void)state;
	check_changed("p256");
	check_changed("rsa3072");
}

/* The clock says 1970 or 2100: neither notBefore nor notAfter counts unless asked, and then only
 * notAfter. */
static void test_time(void **state)
{
	struct verdict_signer signer;
	struct err err;

	(void)state;
	assert_int_equal(verify("p256", &signer, &err), 0);
	assert_int_equal(signer.expired, 0);
	request.now_s = 4102444800; /* 2100 */
	assert_int_equal(verify("p256", &signer, &err), 0);
	assert_int_equal(signer.expired, 1);
	request.check_expiry = true;
	assert_int_equal(verify("p256", &signer, &err), -EKEYREJECTED);
	assert_string_equal(err.msg, "certificate has expired");
	request.now_s = 0;
	assert_int_equal(verify("p256", &signer, &err), 0);
	assert_int_equal(signer.expired, 0);
	request.check_expiry = false;
}

/* A key pinned by its digest needs no authority, but the same certificate. */
static void test_pinned(void **state)
{
	static struct trust_anchors pinned;
	struct authorities mine;
	struct pkcs7_job job = {
		.der = der, .content = content, .authorities = &mine, .request = &request};
	struct verdict_signer signer;
	struct description d;

	(void)state;
	trust_anchors_init(&pinned);
	job.size = pki_read("stranger", ".p7", der, sizeof(der));
	assert_int_equal(describe_signature(der, job.size, &d, NULL), 0);
	assert_string_equal(d.subject, "CN=test stranger");
	assert_int_equal(trust_anchors_add(&pinned, ANCHOR_SPKI, d.spki, sizeof(d.spki), NULL), 0);
	assert_int_equal(certificate_authorities_parse(&mine, &pinned, NULL), 0);
	assert_int_equal(pkcs7_verify(&job, &signer, NULL), 0);
	request.check_expiry = true;
	request.now_s = 4102444800;
	assert_int_equal(pkcs7_verify(&job, &signer, NULL), -EKEYREJECTED);
	request.check_expiry = false;
	job.size = pki_read("p256", ".p7", der, sizeof(der));
	assert_int_equal(pkcs7_verify(&job, &signer, NULL), -ENOKEY);
	job.size = pki_read("rsa2048", ".p7", der, sizeof(der));
	assert_int_equal(describe_signature(der, job.size, &d, NULL), 0);
	memcpy(pinned.bytes, d.spki, sizeof(d.spki));
	assert_int_equal(pkcs7_verify(&job, &signer, NULL), -EKEYREJECTED);
	job.size = pki_read("no-eku", ".p7", der, sizeof(der));
	assert_int_equal(describe_signature(der, job.size, &d, NULL), 0);
	memcpy(pinned.bytes, d.spki, sizeof(d.spki));
	assert_int_equal(pkcs7_verify(&job, &signer, NULL), -EKEYREJECTED);
	certificate_authorities_free(&mine);
}

/* Two forms that mbedTLS would take, or take for something else. */
static void test_forms(void **state)
{
	size_t size = pki_read("p256", ".p7", der, sizeof(der));
	struct verdict_signer signer;
	struct err err;
	uint8_t *issuer;

	(void)state;
	memmove(der, der + 19, size - 19); /* SignedData without the ContentInfo around it */
	assert_int_equal(verify_bytes(size - 19, &signer, &err), -EBADMSG);
	assert_string_equal(err.msg, "signature is not PKCS#7 signedData");
	size = pki_read("p256", ".p7", der, sizeof(der));
	issuer = memmem(der, size, "test ca",
			7); /* first in the certificate, then in what names the signer */
	assert_non_null(issuer);
	issuer = memmem(issuer + 1, size - (size_t)(issuer + 1 - der), "test ca", 7);
	assert_non_null(issuer);
	issuer[6] = 'b';
	assert_int_equal(verify_bytes(size, &signer, &err), -EBADMSG);
	assert_string_equal(err.msg, "signature carries the certificate of somebody else");
}

static void test_anchors(void **state)
{
	static struct trust_anchors a;
	struct authorities mine;
	uint8_t pem[8192];
	size_t size;
	struct err err;

	(void)state;
	trust_anchors_init(&a);
	assert_int_equal(trust_anchors_add(&a, ANCHOR_PEM, "", 0, &err), -EINVAL);
	assert_int_equal(trust_anchors_add(&a, ANCHOR_PEM, "a\0b", 3, &err), -EINVAL);
	assert_int_equal(trust_anchors_add(&a, ANCHOR_SPKI, "short", 5, &err), -EINVAL);
	memset(pem, 'x', sizeof(pem));
	for (int i = 0; i < 7; i++)
		assert_int_equal(trust_anchors_add(&a, ANCHOR_PEM, pem, sizeof(pem), &err), 0);
	assert_int_equal(trust_anchors_add(&a, ANCHOR_PEM, pem, sizeof(pem), &err), -ENOSPC);
	for (int i = 7; i < TRUST_SIGNERS_MAX; i++)
		assert_int_equal(trust_anchors_add(&a, ANCHOR_SPKI, pem, 32, &err), 0);
	assert_int_equal(trust_anchors_add(&a, ANCHOR_SPKI, pem, 32, &err), -ENOSPC);
	trust_anchors_init(&a);
	size = pki_read("both", ".pem", pem, sizeof(pem));
	assert_int_equal(trust_anchors_add(&a, ANCHOR_PEM, pem, size, &err), 0);
	assert_int_equal(trust_anchors_validate(&a, &err), 0);
	assert_int_equal(certificate_authorities_parse(&mine, &a, &err), 0);
	certificate_authorities_free(&mine);
	a.anchors[0].length--;
	assert_int_equal(trust_anchors_validate(&a, &err), -EBADMSG);
	a.anchors[0].length += 2;
	assert_int_equal(trust_anchors_validate(&a, &err), -EBADMSG);
	a.anchors[0].length--;
	a.anchors[0].offset = ANCHORS_BYTES - 4;
	assert_int_equal(trust_anchors_validate(&a, &err), -EBADMSG);
	a.anchors[0].offset = 0;
	a.count = TRUST_SIGNERS_MAX + 1;
	assert_int_equal(trust_anchors_validate(&a, &err), -EBADMSG);
	a.count = 1;
	a.anchors[0].kind = ANCHOR_KIND_COUNT;
	assert_int_equal(trust_anchors_validate(&a, &err), -EBADMSG);
	a.anchors[0].kind = ANCHOR_PEM;
	a.bytes[100] = '!';
	assert_int_equal(certificate_authorities_parse(&mine, &a, &err), -EINVAL);
	certificate_authorities_free(&mine);
}

/* What may vouch for others: certificate authorities, each under a root that allows it. */
static void test_authorities(void **state)
{
	static const struct {
		const char *file;
		int result;
		const char *reason;
	} rows[] = {
		{"both", 0, ""},
		{"long-path", 0, ""},
		{"short-path", -EINVAL, "trust anchor 1 breaks the path length of its root"},
		{"p256", -EINVAL, "trust anchor 1 is no certificate authority"},
		{"no-signing", -EINVAL, "trust anchor 1 is no certificate authority"},
	};
	static struct trust_anchors a;
	struct authorities mine;
	uint8_t pem[8192];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t size = pki_read(rows[i].file, ".pem", pem, sizeof(pem));
		struct err err = {0};

		trust_anchors_init(&a);
		assert_int_equal(trust_anchors_add(&a, ANCHOR_PEM, pem, size, NULL), 0);
		assert_int_equal(certificate_authorities_parse(&mine, &a, &err), rows[i].result);
		assert_string_equal(err.msg, rows[i].reason);
		certificate_authorities_free(&mine);
	}
}

/* A heap copy of exactly that size: a read behind the end is seen by ASan. */
static int check(const char *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	int r;

	memcpy(copy, bytes, size);
	r = der_check(copy, size, NULL);
	free(copy);
	return r;
}

static void test_der(void **state)
{
	char deep[200];

	(void)state;
	assert_int_equal(check("\x30\x03\x02\x01\x05", 5), 0);
	assert_int_equal(check("\x30\x00", 2), 0);
	assert_int_equal(check("", 0), -EBADMSG);
	assert_int_equal(check("\x30", 1), -EBADMSG);
	assert_int_equal(check("\x30\x01\x02", 3), -EBADMSG);
	assert_int_equal(check("\x30\x82\x01", 3), -EBADMSG);
	assert_int_equal(check("\x30\x03\x02\x01\x05\x00", 6), -EBADMSG); /* trailing byte */
	assert_int_equal(check("\x30\x80\x02\x01\x05\x00\x00", 7),
			 -EBADMSG); /* indefinite length */
	assert_int_equal(check("\x30\x81\x03\x02\x01\x05", 6),
			 -EBADMSG); /* length not in its shortest form */
	assert_int_equal(check("\x30\x82\x00\x03\x02\x01\x05", 7), -EBADMSG);
	assert_int_equal(check("\x30\x03\x02\x02\x05", 5),
			 -EBADMSG); /* child longer than its parent */
	assert_int_equal(check("\x30\x02\x02\x01\x05", 5), -EBADMSG);
	assert_int_equal(check("\x1f\x81\x01\x01\x05", 5), -EBADMSG); /* tag in several bytes */
	assert_int_equal(check("\x30\x84\xff\xff\xff\xff", 6), -EBADMSG);
	memset(deep, 0x30, sizeof(deep));
	for (int i = 0; i < 50; i++)
		deep[2 * i + 1] = (char)(98 - 2 * i);
	assert_int_equal(check(deep, 100), -EBADMSG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),    cmocka_unit_test(test_refused),
		cmocka_unit_test(test_changed),     cmocka_unit_test(test_time),
		cmocka_unit_test(test_pinned),      cmocka_unit_test(test_anchors),
		cmocka_unit_test(test_forms),       cmocka_unit_test(test_der),
		cmocka_unit_test(test_authorities),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

/* links: base ipc crypto trust mbedtls */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "trust/signature_json.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ROOT "\"rootHash\":\"" HASH "\""

static struct signature_set set;
static struct err err;

/* An exact heap copy, so that ASan sees a read past the end. */
static int read_bytes(const char *bytes, size_t size)
{
	char *copy = malloc(size ? size : 1);
	int r;

	memcpy(copy, bytes, size);
	memset(&err, 0, sizeof(err));
	memset(&set, 0x55, sizeof(set));
	r = signature_json_read(copy, size, &set, &err);
	free(copy);
	return r;
}

static int read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

static void expect(const char *text, int code, const char *reason)
{
	int r = read_text(text);

	if (r != -code || !str_starts(err.msg, reason))
		fail_msg("%s: %d \"%s\"", text, r, err.msg);
	assert_int_equal(set.count, 0x55555555); /* untouched */
}

static void test_good(void **state)
{
	static const char padded[8192] = "{\"rootHash\":\"" HASH "\",\"signature\":\"AAAA\"}";

	(void)state;
	assert_int_equal(read_bytes(padded, sizeof(padded)), 0);
	assert_int_equal(set.count, 1);
	assert_int_equal(set.signatures[0].length, 4);
	assert_int_equal(set.root_hash[0], 0x01);
	assert_int_equal(set.root_hash[31], 0xef);
	assert_false(set.has_fingerprint);
	assert_int_equal(
		read_text(" { \"signature\" : \"AAAA\" ,\n\t\"certificateFingerprint\":\"" HASH
			  "\", " ROOT " } \n"),
		0);
	assert_true(set.has_fingerprint);
	assert_int_equal(read_text("{" ROOT ",\"new\":\"anything\",\"signature\":\"AAAA\"}"), 0);
}

static void test_more(void **state)
{
	(void)state;
	assert_int_equal(read_text("{\"x-bartizan-signatures\":[{\"format\":\"pkcs7\",\"keyId\":"
				   "\"00\",\"data\":\"BBBBBBBB\"},"
				   "{\"data\":\"CC==\",\"format\":\"pkcs7\"}]," ROOT
				   ",\"signature\":\"AAAA\"}"),
			 0);
	assert_int_equal(set.count, 3);
	assert_int_equal(set.signatures[0].length, 4);
	assert_int_equal(set.signatures[1].length, 8);
	expect("{" ROOT ",\"signature\":\"A\",\"x-bartizan-signatures\":[{\"format\":\"ecdsa-p384-"
	       "sha384\",\"key\":\"A\",\"data\":\"A\"}]}",
	       EBADMSG, "signature partition: signature format is not built in");
	expect("{" ROOT ",\"signature\":\"A\",\"x-bartizan-signatures\":[{\"format\":\"ecdsa-p256-"
	       "sha256\",\"data\":\"A\"}]}",
	       EBADMSG, "signature partition: signature without its key");
	expect("{" ROOT ",\"certificateFingerprint\":\"" HASH "\",\"x-bartizan-signatures\":[{"
	       "\"format\":\"ecdsa-p256-sha256\",\"key\":\"BB==\",\"data\":\"AA==\"}]}",
	       EBADMSG, "signature partition: certificateFingerprint without signature");
	assert_int_equal(read_text("{" ROOT ",\"x-bartizan-signatures\":[{\"format\":\"ecdsa-p256-"
				   "sha256\",\"key\":\"BBBBBB==\",\"data\":\"AA==\"}]}"),
			 0);
	assert_int_equal(set.count, 2);
	assert_null(set.signatures[0].text);
	assert_int_equal(set.signatures[1].format, SIGNATURE_ECDSA);
	assert_int_equal(set.signatures[1].key_length, 8);
	expect("{" ROOT ",\"signature\":\"A\",\"x-bartizan-signatures\":[{\"format\":\"pkcs7\"}]}",
	       EBADMSG, "signature partition: signature is empty");
	expect("{" ROOT ",\"signature\":\"A\",\"x-bartizan-signatures\":[]}", EBADMSG,
	       "signature partition: '{' is expected");
	expect("{" ROOT ",\"signature\":\"A\",\"x-bartizan-signatures\":[{\"format\":\"pkcs7\","
	       "\"data\":\"A\",\"data\":\"B\"}]}",
	       EBADMSG, "signature partition: key is repeated");
	expect("{" ROOT ",\"signature\":\"A\",\"x-bartizan-signatures\":\"A\"}", EBADMSG,
	       "signature partition: '[' is expected");
}

static void test_nine(void **state)
{
	char text[2048] = "{" ROOT ",\"signature\":\"A\",\"x-bartizan-signatures\":[";

	(void)state;
	for (int i = 0; i < 8; i++)
		strcat(text, i ? ",{\"format\":\"pkcs7\",\"data\":\"A\"}"
			       : "{\"format\":\"pkcs7\",\"data\":\"A\"}");
	strcat(text, "]}");
	expect(text, EBADMSG, "signature partition: more than 8 signatures");
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		const char *reason;
	} bad[] = {
		{"", "signature partition: '{' is expected at byte 0"},
		{"[]", "signature partition: '{' is expected"},
		{"{}", "signature partition: a string is expected"},
		{"{" ROOT, "signature partition: ',' or the end"},
		{"{" ROOT ",}", "signature partition: a string is expected"},
		{"{" ROOT ",\"signature\":\"A\"} x", "signature partition: text behind"},
		{"{" ROOT ",\"signature\":\"A\"}{", "signature partition: text behind"},
		{"{\"signature\":\"A\"}", "signature partition: rootHash is missing"},
		{"{" ROOT "," ROOT ",\"signature\":\"A\"}", "signature partition: key is repeated"},
		{"{" ROOT ",\"signature\":\"A\",\"signature\":\"B\"}",
		 "signature partition: key is repeated"},
		{"{" ROOT ",\"signature\":\"\"}", "signature partition: signature is empty"},
		{"{" ROOT ",\"signature\":5}", "signature partition: a string is expected"},
		{"{" ROOT ",\"signature\":null}", "signature partition: a string is expected"},
		{"{" ROOT ",\"signature\":[\"A\"]}", "signature partition: a string is expected"},
		{"{" ROOT ",\"deep\":{\"a\":\"b\"},\"signature\":\"A\"}",
		 "signature partition: a string is expected"},
		{"{" ROOT ",\"signature\":\"A", "signature partition: string without end"},
		{"{" ROOT ",\"signature\" \"A\"}", "signature partition: ':' is expected"},
		{"{" ROOT ",\"\\u0073ignature\":\"A\"}",
		 "signature partition: control character, escape"},
		{"{" ROOT ",\"signature\":\"A\n\"}",
		 "signature partition: control character, escape"},
		{"{" ROOT ",\"signature\":\"\xc3\xa4\"}",
		 "signature partition: control character, escape"},
		{"{\"rootHash\":\"" HASH "0\",\"signature\":\"A\"}",
		 "signature partition: a digest must have 64"},
		{"{\"rootHash\":\"123\",\"signature\":\"A\"}",
		 "signature partition: a digest must have 64"},
		{"{\"rootHash\":"
		 "\"0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef\","
		 "\"signature\":\"A\"}",
		 "signature partition: a digest must be lowercase"},
		{"{" ROOT ",\"certificateFingerprint\":\"00\",\"signature\":\"A\"}",
		 "signature partition: a digest must have 64"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		expect(bad[i].text, EBADMSG, bad[i].reason);
	expect("{" ROOT "}", ENOKEY, "signature partition has no signature: image is unsigned");
}

/* A NUL ends the text for one reader and not for another: nothing but NUL may follow it. */
static void test_nul(void **state)
{
	static const char hidden[] = "{" ROOT ",\"signature\":\"A\"}\0{\"signature\":\"B\"}";
	static const char inside[] = "{" ROOT ",\"signature\":\"A\0B\"}";

	(void)state;
	assert_int_equal(read_bytes(hidden, sizeof(hidden)), -EBADMSG);
	assert_true(str_starts(err.msg, "signature partition: bytes behind a NUL"));
	assert_int_equal(read_bytes(inside, sizeof(inside)), -EBADMSG);
}

/* Attack 3: a depth bomb, many keys, and 64 KiB + 1. */
static void test_large(void **state)
{
	char *text = malloc(SIGNATURE_JSON_MAX + 1);
	size_t used = 0;

	(void)state;
	memset(text, '[', SIGNATURE_JSON_MAX + 1);
	assert_int_equal(read_bytes(text, SIGNATURE_JSON_MAX + 1), -EBADMSG);
	assert_true(str_starts(err.msg, "signature partition: larger than 64 KiB"));
	assert_int_equal(read_bytes(text, SIGNATURE_JSON_MAX), -EBADMSG);
	for (int i = 0; i < 17; i++)
		used += (size_t)sprintf(text + used, "%s\"k%d\":\"v\"", i ? "," : "{", i);
	assert_int_equal(read_bytes(text, used), -EBADMSG);
	assert_true(str_starts(err.msg, "signature partition: too many or too long keys"));
	memset(text, ' ', SIGNATURE_JSON_MAX);
	memset(text, 'A', 12000);
	memcpy(text, "{" ROOT ",\"signature\":\"", sizeof("{" ROOT ",\"signature\":\"") - 1);
	memcpy(text + 12000, "\"}", 2);
	assert_int_equal(read_bytes(text, 12002), -EBADMSG);
	assert_true(str_starts(err.msg,
			       "signature partition: signature is empty or larger than 8 KiB"));
	free(text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good), cmocka_unit_test(test_more),
		cmocka_unit_test(test_nine), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_nul),  cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

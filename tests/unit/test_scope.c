/* links: base ipc crypto trust mbedtls */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "trust/now.h"
#include "trust/scope.h"

static struct trust_policy policy;
static struct verdict verdict;
static struct err err;

static void add_signer(const char *name, const char *anchor, const char *scope, uint32_t threshold)
{
	struct trust_signer *s = &policy.signers[policy.signer_count++];

	(void)str_copy(s->name, sizeof(s->name), name);
	(void)str_copy(s->anchor, sizeof(s->anchor), anchor);
	(void)str_copy(s->scopes[s->scope_count++], sizeof(s->scopes[0]), scope);
	s->threshold = threshold;
}

static void signed_by(uint32_t anchor, uint8_t key)
{
	struct verdict_signer *s = &verdict.signers[verdict.signer_count++];

	s->anchor = anchor;
	memset(s->spki, key, sizeof(s->spki));
	memset(s->certificate, key + 100, sizeof(s->certificate));
}

static void revoke(enum trust_revoked_kind kind, uint8_t byte)
{
	struct trust_revoked *r = &policy.revoked[policy.revoked_count++];

	r->kind = (uint8_t)kind;
	memset(r->digest, byte, sizeof(r->digest));
}

/* acme signs acme.* with one key, plant signs plant.* with two; both have an anchor of their own.
 */
static int setup(void **state)
{
	(void)state;
	memset(&policy, 0, sizeof(policy));
	memset(&verdict, 0, sizeof(verdict));
	policy.threshold = 1;
	add_signer("acme", "acme.pem", "acme.*", 1);
	add_signer("plant", "plant.pem", "plant.*", 2);
	memset(verdict.root_hash, 0xee, sizeof(verdict.root_hash));
	return 0;
}

static void expect(const char *name, int code, const char *reason)
{
	uint32_t row = 99;
	int r;

	memset(&err, 0, sizeof(err));
	r = trust_scope_check(&policy, &verdict, name, &row, &err);
	if (r != -code || (code && !str_starts(err.msg, reason)))
		fail_msg("%s: %d \"%s\"", name, r, err.msg);
	if (code) {
		assert_int_equal(row, 99);
		assert_true(err.hint[0]);
	}
}

static void test_allowed(void **state)
{
	uint32_t row = 99;

	(void)state;
	signed_by(0, 1);
	assert_int_equal(trust_scope_check(&policy, &verdict, "acme.web", &row, &err), 0);
	assert_int_equal(row, 0);
}

static void test_other_scope(void **state)
{
	(void)state;
	signed_by(0, 1);
	expect("demo", EACCES, "signer acme is not allowed for name demo (allow = acme.*)");
	expect("plant.pump", EACCES,
	       "signer acme is not allowed for name plant.pump (allow = acme.*)");
	expect("acme", EACCES, "signer acme is not allowed for name acme");
	expect("xacme.web", EACCES, "signer acme is not allowed");
}

static void test_nobody(void **state)
{
	(void)state;
	expect("acme.web", EACCES, "no known signer signed acme.web");
	signed_by(7, 1); /* a row that does not exist */
	expect("acme.web", EACCES, "no known signer signed acme.web");
}

/* Attack 17: one key twice, in one or two certificates, by a `verify` that does not remove repeats.
 */
static void test_threshold(void **state)
{
	(void)state;
	signed_by(1, 1);
	expect("plant.pump", EACCES, "signed with 1 distinct keys of signer plant, 2 are needed");
	signed_by(1, 1);
	memset(verdict.signers[1].certificate, 77, 32);
	expect("plant.pump", EACCES, "signed with 1 distinct keys of signer plant, 2 are needed");
	signed_by(0, 5); /* somebody else's key does not count for plant */
	expect("plant.pump", EACCES, "signed with 1 distinct keys of signer plant, 2 are needed");
	signed_by(1, 2);
	expect("plant.pump", 0, NULL);
	policy.threshold = 3; /* the device asks for more than the row */
	expect("plant.pump", EACCES, "signed with 2 distinct keys of signer plant, 3 are needed");
}

static void test_revoked(void **state)
{
	(void)state;
	signed_by(0, 1);
	revoke(REVOKED_SPKI, 2);
	expect("acme.web", 0, NULL);
	revoke(REVOKED_SPKI, 1);
	expect("acme.web", EKEYREJECTED, "signer acme signed with a revoked key or certificate");
	policy.revoked_count = 0;
	revoke(REVOKED_CERTIFICATE, 101);
	expect("acme.web", EKEYREJECTED, "signer acme signed with a revoked key or certificate");
	policy.revoked_count = 0;
	revoke(REVOKED_CERTIFICATE, 1); /* the right digest in the wrong list */
	expect("acme.web", 0, NULL);
	revoke(REVOKED_ROOT_HASH, 0xee);
	expect("acme.web", EKEYREJECTED, "image is revoked by its root hash");
}

/* A revoked key counts nothing towards a threshold, whatever stands next to it. */
static void test_revoked_threshold(void **state)
{
	(void)state;
	signed_by(1, 1);
	signed_by(1, 2);
	revoke(REVOKED_SPKI, 2);
	expect("plant.pump", EACCES, "signed with 1 distinct keys of signer plant, 2 are needed");
}

static void test_pinned_key(void **state)
{
	(void)state;
	policy.signers[0].has_spki = true;
	memset(policy.signers[0].spki, 9, 32);
	signed_by(0, 1);
	expect("acme.web", EACCES,
	       "signer acme did not sign acme.web with the key that trust.conf names");
	signed_by(0, 9);
	expect("acme.web", 0, NULL);
}

/* Two rows with one CA file: `verify` names the first, the scope decides which one it is. */
static void test_shared_anchor(void **state)
{
	uint32_t row;

	(void)state;
	add_signer("site", "acme.pem", "site.*", 1);
	signed_by(0, 1);
	assert_int_equal(trust_scope_check(&policy, &verdict, "site.door", &row, &err), 0);
	assert_int_equal(row, 2);
	policy.signers[2].anchor[0] = '\0';
	policy.signers[0].anchor[0] = '\0'; /* two rows without file are not the same anchor */
	expect("site.door", EACCES, "signer acme is not allowed for name site.door");
}

static void test_epoch(void **state)
{
	(void)state;
	policy.signers[0].min_epoch = 4;
	assert_int_equal(trust_epoch_check(&policy, 0, 0, 4, &err), 0);
	assert_int_equal(trust_epoch_check(&policy, 0, 0, 3, &err), -ESTALE);
	assert_string_equal(err.msg, "epoch 3 is below the floor 4");
	assert_int_equal(trust_epoch_check(&policy, 0, 6, 5, &err), -ESTALE);
	assert_string_equal(err.msg, "epoch 5 is below the floor 6");
	assert_int_equal(trust_epoch_check(&policy, 0, 6, 6, &err), 0);
	assert_int_equal(trust_epoch_check(&policy, 0, UINT32_MAX, UINT32_MAX, &err), 0);
}

/* Never before what was signed, whatever a clock says; and what it says ahead of that leaves no
 * trace: there is no state. */
static void test_now(void **state)
{
	struct trust_clock clock = {.build_s = 1000};

	(void)state;
	assert_int_equal(trust_now_s(&clock), 1000); /* 1970 */
	clock.real_s = 2000;
	assert_int_equal(trust_now_s(&clock), 2000);
	clock.counted_s = 500000; /* nothing was signed: nothing to count from */
	assert_int_equal(trust_now_s(&clock), 2000);
	clock.signed_s = 3000;
	clock.counted_s = 40;
	assert_int_equal(trust_now_s(&clock), 3040);
	clock.real_s = 4102444800; /* 2100 */
	assert_int_equal(trust_now_s(&clock), 4102444800);
	clock.real_s = 0;
	assert_int_equal(trust_now_s(&clock), 3040);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_allowed, setup),
		cmocka_unit_test_setup(test_other_scope, setup),
		cmocka_unit_test_setup(test_nobody, setup),
		cmocka_unit_test_setup(test_threshold, setup),
		cmocka_unit_test_setup(test_revoked, setup),
		cmocka_unit_test_setup(test_revoked_threshold, setup),
		cmocka_unit_test_setup(test_pinned_key, setup),
		cmocka_unit_test_setup(test_shared_anchor, setup),
		cmocka_unit_test_setup(test_epoch, setup),
		cmocka_unit_test(test_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

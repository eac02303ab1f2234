/* links: base crypto ipc audit spool mbedtls */
/* What seals are made of: keys as files, boxes for the auditor, times, tags. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "crypto/ecies.h"
#include "spool/seal.h"

/* `openssl ecparam -name prime256v1 -genkey`, its public half, and the same key as PKCS #8. */
static const char public_pem[] = "-----BEGIN PUBLIC KEY-----\n"
				 "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE@\n"
				 "-----END PUBLIC KEY-----\n";

static void test_pem_round_trip(void **state)
{
	struct p256_pair pair;
	struct p256_pair again;
	char pem[P256_PEM_SIZE];

	(void)state;
	assert_int_equal(ecies_make_key(&pair), 0);
	p256_write_public(pem, pair.point);
	assert_true(
		str_starts(pem, "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD"));
	assert_int_equal(p256_read_public(pem, again.point), 0);
	assert_memory_equal(pair.point, again.point, sizeof(pair.point));
	p256_write_private(pem, &pair);
	assert_int_equal(p256_read_private(pem, &again), 0);
	assert_memory_equal(pair.secret, again.secret, sizeof(pair.secret));
	assert_memory_equal(pair.point, again.point, sizeof(pair.point));
	assert_int_equal(p256_read_public(pem, again.point), -EINVAL);
}

/* Every changed and every missing byte of a public key file is another key or refused. */
static void test_pem_mutations(void **state)
{
	struct p256_pair pair;
	uint8_t got[65];
	char pem[P256_PEM_SIZE];
	char copy[P256_PEM_SIZE];

	(void)state;
	assert_int_equal(p256_read_public(public_pem, got), -EINVAL);
	assert_int_equal(p256_read_public("", got), -EINVAL);
	assert_int_equal(ecies_make_key(&pair), 0);
	p256_write_public(pem, pair.point);
	for (size_t i = 0; pem[i]; i++) {
		(void)str_copy(copy, sizeof(copy), pem);
		copy[i] = copy[i] == 'A' ? 'B' : 'A';
		if (p256_read_public(copy, got) == 0)
			assert_memory_not_equal(pair.point, got, sizeof(got));
		copy[i] = '\0';
		assert_int_equal(p256_read_public(copy, got), -EINVAL);
	}
}

static void test_box(void **state)
{
	static const uint8_t secret[32] = "thirty-two bytes of a seal key!";
	struct p256_pair pair;
	struct p256_pair other;
	uint8_t box[ECIES_BOX_SIZE];
	uint8_t again[ECIES_BOX_SIZE];
	uint8_t got[32];

	(void)state;
	assert_int_equal(ecies_make_key(&pair), 0);
	assert_int_equal(ecies_make_key(&other), 0);
	assert_int_equal(ecies_seal(pair.point, "boot 1", 6, secret, box), 0);
	assert_int_equal(ecies_open(&pair, "boot 1", 6, box, got), 0);
	assert_memory_equal(got, secret, sizeof(secret));
	assert_int_equal(ecies_open(&pair, "boot 2", 6, box, got), -EBADMSG);
	assert_int_equal(ecies_open(&other, "boot 1", 6, box, got), -EBADMSG);
	/* Never the same box twice, and the secret does not lie in it. */
	assert_int_equal(ecies_seal(pair.point, "boot 1", 6, secret, again), 0);
	assert_memory_not_equal(box, again, sizeof(box));
	assert_memory_not_equal(box + 65, again + 65, 32);
	assert_null(memmem(box, sizeof(box), secret, 8));
	for (size_t i = 0; i < sizeof(box); i += 7) {
		memcpy(again, box, sizeof(box));
		again[i] ^= 1;
		assert_int_equal(ecies_open(&pair, "boot 1", 6, again, got), -EBADMSG);
	}
	/* A point that is not on the curve. */
	pair.point[40] ^= 1;
	assert_int_equal(ecies_seal(pair.point, "boot 1", 6, secret, box), -EINVAL);
}

static void test_times(void **state)
{
	static const struct {
		const char *text;
		uint64_t us;
	} known[] = {
		{"1970-01-01T00:00:01.000001Z", 1000001},
		{"2000-02-29T23:59:59.999999Z", 951868799999999},
		{"2026-11-23T22:00:00.123456Z", 1795471200123456},
		{"2100-03-01T00:00:00.000000Z", 4107542400000000},
		{"9999-12-31T23:59:59.999999Z", SPOOL_TIME_MAX_US},
	};
	char text[SPOOL_TIME_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		spool_time_write(text, known[i].us);
		assert_memory_equal(text, known[i].text, sizeof(text));
		assert_int_equal(spool_time_read(known[i].text, SPOOL_TIME_SIZE), known[i].us);
	}
	for (uint64_t us = 86399999999; us < 200ull * 365 * 86400 * 1000000;
	     us += 86399999999 * 5) {
		spool_time_write(text, us);
		assert_int_equal(spool_time_read(text, sizeof(text)), us);
	}
	assert_int_equal(spool_time_read("2026-11-23T22:00:00Z", 20), 1795471200000000);
	assert_int_equal(spool_time_read("2026-13-23T22:00:00Z", 20), 0);
	assert_int_equal(spool_time_read("2026-11-23 22:00:00Z", 20), 0);
	assert_int_equal(spool_time_read("2026-02-29T22:00:00Z", 20), 0);
	assert_int_not_equal(spool_time_read("2028-02-29T22:00:00Z", 20), 0);
	assert_int_equal(spool_time_read("2100-02-29T22:00:00Z", 20), 0);
	assert_int_equal(spool_time_read("2026-04-31T22:00:00Z", 20), 0);
	assert_int_equal(spool_time_read("2026-11-23T22:00:60Z", 20), 0);
	assert_int_equal(spool_time_read("2026-11-23T22:00:00", 19), 0);
	assert_int_equal(spool_time_read("", 0), 0);
}

/* Every field of a seal is under its tag, and the key that made one is gone with it. */
static void test_tag_covers_everything(void **state)
{
	const struct seal seal = {.boot = 1, .n = 2, .epoch = 3, .mono_us = 4, .real_us = 5};
	struct seal changed[7];
	uint8_t key[32] = {9};
	uint8_t first[32];
	uint8_t tag[32];

	(void)state;
	seal_tag(key, &seal, first);
	for (size_t i = 0; i < ARRAY_SIZE(changed); i++)
		changed[i] = seal;
	changed[0].boot++;
	changed[1].n++;
	changed[2].epoch++;
	changed[3].mono_us++;
	changed[4].real_us++;
	changed[5].head[31]++;
	changed[6].previous[0]++;
	for (size_t i = 0; i < ARRAY_SIZE(changed); i++) {
		seal_tag(key, &changed[i], tag);
		assert_memory_not_equal(first, tag, sizeof(tag));
	}
	seal_evolve(key);
	seal_tag(key, &seal, tag);
	assert_memory_not_equal(first, tag, sizeof(tag));
}

#define HASH "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\""
#define A43  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY  "\"" A43 A43 A43 A43 "\"" /* as many as SEAL_KEY_TEXT says */

/* The fields of either record under every name: only its own makes it one. */
static void test_name_of_the_record(void **state)
{
	static const char fields[] =
		"{\"kind\":\"boot\",\"boots\":1,\"epoch\":2,\"previous_n\":3,\"head\":" HASH
		",\"previous\":" HASH ",\"mono_us\":4,\"real_us\":5,\"tag\":" HASH ",\"key\":" KEY
		"}";
	static const struct {
		const char *event;
		int seal, key;
	} cases[] = {
		{"SEAL", 0, -EBADMSG},         {"SEAL_KEY", -EBADMSG, 0},
		{"SEA", -EBADMSG, -EBADMSG},   {"SEALED", -EBADMSG, -EBADMSG},
		{"READY", -EBADMSG, -EBADMSG},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spool_view view = {
			.boot = 6,
			.n = 7,
			.event = {cases[i].event, strlen(cases[i].event)},
			.fields = {fields, sizeof(fields) - 1},
		};
		struct seal seal = {0};
		struct seal_key key = {0};
		uint8_t tag[32];

		assert_int_equal(seal_read(&view, &seal, tag), cases[i].seal);
		assert_int_equal(seal.epoch, cases[i].seal ? 0 : 2);
		assert_int_equal(seal_key_read(&view, &key), cases[i].key);
		assert_int_equal(key.epoch, cases[i].key ? 0 : 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pem_round_trip),
		cmocka_unit_test(test_pem_mutations),
		cmocka_unit_test(test_box),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_tag_covers_everything),
		cmocka_unit_test(test_name_of_the_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

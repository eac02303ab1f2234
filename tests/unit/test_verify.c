/* links: base crypto ipc audit spool mbedtls */
/* A trail and everything that may be done to it. */
#include "trail_fixture.h"

static void test_whole(void **state)
{
	struct writer w = make_trail(1 << 20);

	(void)state;
	expect_good();
	/* A tail that is not sealed yet is no reproach; too long a one is. */
	for (unsigned int i = 0; i < SEAL_RECORDS; i++)
		put_ready(&w, "web");
	expect_good();
	for (int i = 0; i < 100; i++)
		put_ready(&w, "web");
	expect_bad(VERIFY_SEAL_MISSING);
	close_writer(&w);
}

static void test_flipped_bit(void **state)
{
	struct writer w = make_trail(1 << 20);

	(void)state;
	close_writer(&w);
	load(SEGMENT);
	/* Every twentieth byte: each is seen, by form or by hash. */
	for (size_t i = 0; i < text_size; i += 211) {
		struct verify v;

		text[i] ^= 1;
		store(SEGMENT);
		v = judge(NULL);
		assert_false(verify_holds(&v));
		text[i] ^= 1;
	}
	store(SEGMENT);
	expect_good();
}

static void test_deleted_line(void **state)
{
	struct writer w = make_trail(1 << 20);

	(void)state;
	close_writer(&w);
	load(SEGMENT);
	cut_out(line_at(7), line_at(8));
	store(SEGMENT);
	expect_bad(VERIFY_HASH);
}

static void test_swapped_lines(void **state)
{
	struct writer w = make_trail(1 << 20);
	char kept[4096];
	size_t first;
	size_t second;

	(void)state;
	close_writer(&w);
	load(SEGMENT);
	first = (size_t)(line_at(5) - line_at(4));
	second = (size_t)(line_at(6) - line_at(5));
	memcpy(kept, line_at(4), first + second);
	memcpy(line_at(4), kept + first, second);
	memcpy(line_at(4) + second, kept, first);
	store(SEGMENT);
	expect_bad(VERIFY_HASH);
	expect_bad(VERIFY_BACK);
}

static void test_segments(void **state)
{
	struct writer w = make_trail(3000);

	(void)state;
	assert_true(w.spool.range.last > 3);
	close_writer(&w);
	expect_good();
	/* One in the middle is gone; another stands in its place. */
	assert_int_equal(renameat(dir_fd, "00000003.log", dir_fd, "kept"), 0);
	expect_bad(VERIFY_SEGMENT);
	expect_bad(VERIFY_HASH);
	load("00000002.log");
	store("00000003.log");
	expect_bad(VERIFY_HASH);
	assert_int_equal(renameat(dir_fd, "kept", dir_fd, "00000003.log"), 0);
	expect_good();
	/* The oldest may be rotated away: its seals are then compared, not proven. */
	assert_int_equal(unlinkat(dir_fd, "00000001.log", 0), 0);
	{
		struct verify v = judge(NULL);

		assert_true(verify_holds(&v));
		assert_int_equal(v.proven, 0);
		assert_int_equal(v.found[VERIFY_UNPROVEN].count, v.seals);
	}
}

/* ---- an attacker who can compute hashes, and knows what a recorder knows from some moment on */

static void start_again(void)
{
	(void)unlinkat(dir_fd, SEGMENT, 0);
}

static void test_removed_seal(void **state)
{
	struct writer w = make_trail(1 << 20);

	(void)state;
	close_writer(&w);
	start_again();
	w = writer_open(1 << 20);
	put_key(&w, "boot", 0);
	for (int i = 1; i <= RECORDS; i++) {
		put_ready(&w, "web");
		if (i % 10)
			continue;
		/* The second one is left out, and everything behind it is chained anew. */
		if (i == 20) {
			seal_evolve(w.key);
			w.epoch++;
		} else {
			put_seal(&w);
		}
	}
	close_writer(&w);
	expect_bad(VERIFY_SEAL_MISSING);
}

/* A key catches up over seals that are missing, so that what follows them is still judged; but not
 * over as many as an attacker may write into a record: the verifier would be busy for ever. */
static void test_key_catches_up_so_far(void **state)
{
	static const struct {
		unsigned int missing;
		uint64_t wrong;
	} cases[] = {{SEAL_RECORDS, 0}, {SEAL_RECORDS + 1, 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct writer w = make_trail(1 << 20);
		struct verify v;

		for (unsigned int e = 0; e < cases[i].missing; e++, w.epoch++)
			seal_evolve(w.key);
		put_seal(&w);
		close_writer(&w);
		v = judge(NULL);
		assert_int_equal(v.found[VERIFY_SEAL_MISSING].count, 1);
		assert_int_equal(v.found[VERIFY_SEAL_WRONG].count, cases[i].wrong);
		start_again();
	}
}

/* Everything is computed anew, the key record stays what it was: the tags cannot be made. */
static void test_resealed(void **state)
{
	struct writer w = writer_open(1 << 20);

	(void)state;
	put_key(&w, "boot", 0);
	w.key[0] ^= 1;
	for (int i = 0; i < 10; i++)
		put_ready(&w, "evil");
	put_seal(&w);
	close_writer(&w);
	expect_bad(VERIFY_SEAL_WRONG);
}

/* A recorder that is taken over after the third seal knows its key: what came before it cannot
 * write anew. */
static void test_past_is_out_of_reach(void **state)
{
	struct writer taken = make_trail(1 << 20);
	struct writer w;
	uint8_t stolen[32];

	(void)state;
	memcpy(stolen, taken.key, 32);
	close_writer(&taken);
	start_again();
	w = writer_open(1 << 20);
	put_key(&w, "boot", 0);
	memcpy(w.key, stolen, 32);
	for (int i = 1; i <= RECORDS; i++) {
		put_ready(&w, i == 15 ? "evil" : "web");
		if (i % 10 == 0)
			put_seal(&w);
	}
	close_writer(&w);
	expect_bad(VERIFY_SEAL_WRONG);
	/* With a fresh key from the start on it looks whole: that is what the anchor is for. */
	start_again();
	w = writer_open(1 << 20);
	memcpy(w.key, stolen, 32);
	put_key(&w, "boot", 0);
	put_ready(&w, "evil");
	put_seal(&w);
	close_writer(&w);
	expect_good();
	{
		struct anchor anchor = {0};
		struct verify v;
		char line[512];
		char hash[65];

		/* What the collector got of the true first record. */
		str_hex(hash, taken.previous, 32);
		(void)snprintf(
			line, sizeof(line),
			"<109>1 - gateway bartizan - SEAL_KEY [timeQuality x=\"1\"][bartizan@32473 "
			"n=\"1\" b=\"1122334455667788\" m=\"1000\" h=\"%s\"] ",
			hash);
		assert_true(anchor_take(&anchor, line, strlen(line)));
		v = judge(&anchor);
		assert_int_equal(v.found[VERIFY_DIFFERS].count, 1);
		anchor_free(&anchor);
	}
}

static void test_seal_of_another_head(void **state)
{
	struct writer w = make_trail(1 << 20);

	(void)state;
	w.wrong_head = true;
	put_ready(&w, "web");
	put_seal(&w);
	close_writer(&w);
	expect_bad(VERIFY_SEAL_WRONG);
}

static void test_segment_key_must_follow(void **state)
{
	struct writer w = make_trail(1 << 20);
	uint64_t last = w.n;

	(void)state;
	put_key(&w, "segment", last);
	put_seal(&w);
	expect_good();
	last = w.n;
	w.key[5] ^= 1;
	put_key(&w, "segment", last);
	put_seal(&w);
	close_writer(&w);
	expect_bad(VERIFY_KEY_WRONG);
	expect_bad(VERIFY_SEAL_WRONG);
}

/* A successor says where it goes on, and under which epoch: none of it can be another. */
static void test_key_must_follow(void **state)
{
	static const struct {
		bool other_head, other_n, other_epoch;
		enum verify_kind kind;
	} cases[] = {{true, false, false, VERIFY_KEY_WRONG},
		     {false, true, false, VERIFY_KEY_WRONG},
		     {false, false, true, VERIFY_SEAL_MISSING}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct writer w = make_trail(1 << 20);

		w.key[3] = 55;
		w.epoch += cases[i].other_epoch;
		w.key_head = cases[i].other_head;
		put_key(&w, "resume", w.n - cases[i].other_n);
		put_seal(&w);
		close_writer(&w);
		expect_bad(cases[i].kind);
		assert_int_equal(unlinkat(dir_fd, SEGMENT, 0), 0);
	}
}

/* A seal follows from the one before it, too. */
static void test_seal_must_follow(void **state)
{
	struct writer w = make_trail(1 << 20);

	(void)state;
	w.previous[7] ^= 1;
	put_seal(&w);
	close_writer(&w);
	expect_bad(VERIFY_SEAL_MISSING);
}

/* A line of the trail that has no hash. */
static void test_without_hash(void **state)
{
	struct writer w = make_trail(1 << 20);

	(void)state;
	w.spool.chained = false;
	put_ready(&w, "web");
	close_writer(&w);
	expect_bad(VERIFY_HASH);
}

static void test_resume_is_told(void **state)
{
	struct writer w = make_trail(1 << 20);
	struct verify v;

	(void)state;
	put_ready(&w, "web");
	w.key[9] = 77;
	put_key(&w, "resume", w.n);
	put_seal(&w);
	close_writer(&w);
	v = judge(NULL);
	assert_true(verify_holds(&v));
	assert_int_equal(v.found[VERIFY_RESUMED].count, 1);
	assert_int_equal(v.found[VERIFY_TAIL].count, 1);
}

static void test_never_sealed(void **state)
{
	struct writer w = writer_open(1 << 20);

	(void)state;
	put_ready(&w, "web");
	expect_bad(VERIFY_UNSEALED);
	put(&w, EVENT_UNSEALED, (const struct audit_value[]){AUDIT_S("why")});
	put(&w, EVENT_RECOVERED,
	    (const struct audit_value[]){AUDIT_S("audit"), AUDIT_N(5), AUDIT_N(1)});
	close_writer(&w);
	expect_bad(VERIFY_CUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_whole),
		TEST(test_flipped_bit),
		TEST(test_deleted_line),
		TEST(test_swapped_lines),
		TEST(test_segments),
		TEST(test_removed_seal),
		TEST(test_key_catches_up_so_far),
		TEST(test_resealed),
		TEST(test_past_is_out_of_reach),
		TEST(test_seal_of_another_head),
		TEST(test_segment_key_must_follow),
		TEST(test_key_must_follow),
		TEST(test_seal_must_follow),
		TEST(test_without_hash),
		TEST(test_resume_is_told),
		TEST(test_never_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

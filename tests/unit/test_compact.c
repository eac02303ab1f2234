/* links: base audit policy seccomp seccomp */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <linux/seccomp.h>

#include "base/str.h"
#include "seccomp/compact.h"
#include "seccomp/docker.h"
#include "seccomp/neverlist.h"
#include "seccomp/profile.h"

#define ALLOW SECCOMP_RET_ALLOW
#define NO    (SECCOMP_RET_ERRNO | 1)
#define E     4096

static struct err err;
static struct seccomp_filter full;
static struct seccomp_filter compact;

static const struct seccomp_profile *file_profile(const char *path, enum policy_arch arch)
{
	static struct seccomp_listing listing;
	static char text[SECCOMP_JSON_MAX];
	struct seccomp_text file = {.name = strrchr(path, '/') + 1, .text = text};
	FILE *in = fopen(path, "r");

	assert_non_null(in);
	file.size = fread(text, 1, sizeof(text), in);
	(void)fclose(in);
	assert_int_equal(seccomp_docker_read(&file, arch, true, &listing, &err), 0);
	return &listing.profile;
}

static const struct seccomp_profile *profile_number(unsigned int i, enum policy_arch arch)
{
	switch (i) {
	case 0:
		return &seccomp_strict;
	case 1:
		return &seccomp_moby;
	case 2:
		return file_profile(
			BARTIZAN_TEST_SOURCES "/tests/fuzz/corpus/docker_json/current.json", arch);
	case 3:
		return file_profile(BARTIZAN_TEST_SOURCES "/tests/fuzz/corpus/docker_json/old.json",
				    arch);
	default:
		return i - 4 < seccomp_helper_count ? &seccomp_helpers[i - 4] : NULL;
	}
}

static void make(const struct seccomp_profile *profile, enum policy_arch arch, bool mdwe)
{
	const struct seccomp_values values = {.exec_fd = E, .mdwe = mdwe};

	assert_int_equal(seccomp_profile_translate(profile, &values, arch, &full, &err), 0);
	assert_int_equal(seccomp_compact(&full, &compact), 0);
	assert_true(compact.count < full.count);
	assert_true(seccomp_same(&full, &compact));
	/* The tables, number for number, and the never-list. */
	assert_int_equal(seccomp_profile_prove(profile, &values, arch, &compact, &err), 0);
}

/* Every profile of ours and of others, on every architecture: shorter, and proven to be the same.
 */
static void test_all_profiles(void **state)
{
	(void)state;
	for (int arch = 0; arch < ARCH_COUNT; arch++)
		for (unsigned int i = 0;; i++) {
			const struct seccomp_profile *p = profile_number(i, (enum policy_arch)arch);

			if (!p)
				break;
			make(p, (enum policy_arch)arch, true);
			if (arch == ARCH_X86_64)
				print_message("%s: %u instructions, %u compacted\n", p->name,
					      full.count, compact.count);
			if (i < 2)
				make(p, (enum policy_arch)arch, false);
		}
}

/* What is handed out is the compacted one. */
static void test_is_used(void **state)
{
	const struct seccomp_values values = {.exec_fd = E, .mdwe = true};
	static struct seccomp_filter built;

	(void)state;
	make(&seccomp_strict, ARCH_X86_64, true);
	assert_int_equal(seccomp_profile_build(&seccomp_strict, &values, ARCH_X86_64, &built, &err),
			 0);
	assert_memory_equal(&built, &compact, sizeof(built));
}

static bool is_jump(const struct sock_filter *code)
{
	return BPF_CLASS(code->code) == BPF_JMP && code->code != (BPF_JMP | BPF_JA);
}

static unsigned int caught;

static void expect_caught(size_t at)
{
	if (seccomp_same(&full, &compact))
		fail_msg("a wrong instruction %zu is taken for the same", at);
	caught++;
}

/* One instruction is wrong: another number, another answer, the branches the other way round. Each
 * of them is seen, and what is used then is libseccomp's. */
static void test_wrong_ones_are_caught(void **state)
{
	static struct seccomp_filter untouched;

	(void)state;
	make(&seccomp_strict, ARCH_X86_64, true);
	untouched = full;
	caught = 0;
	for (size_t i = 0; i < compact.count; i++) {
		struct sock_filter *code = &compact.code[i];
		const struct sock_filter was = *code;

		code->k ^= 1;
		expect_caught(i);
		*code = was;
		if (is_jump(code) && code->jt != code->jf) {
			code->jt = was.jf;
			code->jf = was.jt;
			expect_caught(i);
			*code = was;
		}
		code->code = BPF_RET | BPF_K;
		code->k = was.code == code->code ? ALLOW ^ was.k : ALLOW;
		expect_caught(i);
		assert_false(seccomp_prefer(&full, &compact));
		assert_memory_equal(&full, &untouched, sizeof(full));
		*code = was;
	}
	assert_true(caught > 2 * compact.count);
	assert_true(seccomp_prefer(&full, &compact));
	assert_int_equal(full.count, compact.count);
}

static void test_only_shorter_ones(void **state)
{
	(void)state;
	make(&seccomp_strict, ARCH_X86_64, true);
	assert_false(seccomp_prefer(&compact, &full));
	assert_false(seccomp_prefer(&compact, &compact));
}

#define LOAD(offset)             ((struct sock_filter){BPF_LD | BPF_W | BPF_ABS, 0, 0, (offset)})
#define JUMP(op, value, yes, no) ((struct sock_filter){BPF_JMP | (op) | BPF_K, yes, no, (value)})
#define RETURN(action)           ((struct sock_filter){BPF_RET | BPF_K, 0, 0, (action)})

static void write_program(struct seccomp_filter *to, const struct sock_filter *body, size_t count)
{
	const struct sock_filter head[] = {
		LOAD(4),
		JUMP(BPF_JEQ, seccomp_audit_arch(ARCH_X86_64), 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
	};

	*to = (struct seccomp_filter){.arch = ARCH_X86_64,
				      .count = (uint32_t)(ARRAY_SIZE(head) + count)};
	memcpy(to->code, head, sizeof(head));
	memcpy(to->code + ARRAY_SIZE(head), body, count * sizeof(*body));
}

/* What neither of the two follows is not compacted, and never called the same. */
static void test_not_followed(void **state)
{
	const struct sock_filter low_bit[] = {LOAD(0), JUMP(BPF_JSET, 1, 0, 1), RETURN(NO),
					      RETURN(ALLOW)};
	const struct sock_filter masked[] = {LOAD(0),
					     {BPF_ALU | BPF_AND | BPF_K, 0, 0, 0xff},
					     JUMP(BPF_JEQ, 3, 0, 1),
					     RETURN(NO),
					     RETURN(ALLOW)};
	const struct sock_filter scratch[] = {
		LOAD(16), {BPF_ST, 0, 0, 0}, {BPF_LD | BPF_MEM, 0, 0, 0}, RETURN(ALLOW)};

	(void)state;
	write_program(&full, low_bit, ARRAY_SIZE(low_bit));
	assert_false(seccomp_same(&full, &full));
	write_program(&full, masked, ARRAY_SIZE(masked));
	assert_int_equal(seccomp_compact(&full, &compact), -ENOTSUP);
	write_program(&full, scratch, ARRAY_SIZE(scratch));
	assert_int_equal(seccomp_compact(&full, &compact), -ENOTSUP);
	assert_false(seccomp_same(&full, &full));
	full.code[1].k++;
	assert_int_equal(seccomp_compact(&full, &compact), -ENOTSUP);
	assert_false(seccomp_same(&full, &full));
}

/* Differences that only the highest numbers, or one half of one argument, would show. */
static void test_hidden_differences(void **state)
{
	const struct sock_filter one[] = {LOAD(0),       JUMP(BPF_JEQ, 7, 0, 3),
					  LOAD(16),      JUMP(BPF_JEQ, 5, 0, 1),
					  RETURN(ALLOW), RETURN(NO)};
	const struct sock_filter upper[] = {LOAD(0),       JUMP(BPF_JEQ, 7, 0, 3),
					    LOAD(20),      JUMP(BPF_JEQ, 5, 0, 1),
					    RETURN(ALLOW), RETURN(NO)};
	const struct sock_filter top[] = {LOAD(0),
					  JUMP(BPF_JEQ, 7, 0, 3),
					  LOAD(16),
					  JUMP(BPF_JEQ, 5, 1, 2),
					  JUMP(BPF_JEQ, UINT32_MAX, 0, 1),
					  RETURN(ALLOW),
					  RETURN(NO)};

	(void)state;
	write_program(&full, one, ARRAY_SIZE(one));
	write_program(&compact, upper, ARRAY_SIZE(upper));
	assert_true(seccomp_same(&full, &full));
	assert_false(seccomp_same(&full, &compact));
	write_program(&compact, top, ARRAY_SIZE(top));
	compact.code[4].jf = 2;
	assert_false(seccomp_same(&full, &compact));
	assert_false(seccomp_same(&compact, &full));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_profiles),
		cmocka_unit_test(test_is_used),
		cmocka_unit_test(test_wrong_ones_are_caught),
		cmocka_unit_test(test_only_shorter_ones),
		cmocka_unit_test(test_not_followed),
		cmocka_unit_test(test_hidden_differences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

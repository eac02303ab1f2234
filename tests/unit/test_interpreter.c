/* links: base audit policy seccomp seccomp */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "seccomp/interpreter.h"

#define LOAD(k)           BPF_STMT(BPF_LD | BPF_W | BPF_ABS, k)
#define RETURN(k)         BPF_STMT(BPF_RET | BPF_K, k)
#define JUMP(op, k, t, f) BPF_JUMP(BPF_JMP | (op) | BPF_K, k, t, f)
#define ALU(op, k)        BPF_STMT(BPF_ALU | (op) | BPF_K, k)
#define ALLOW             SECCOMP_RET_ALLOW
#define DENY              (SECCOMP_RET_ERRNO | 1)
#define NR                0
#define ARG0_LOW          16
#define ARG0_HIGH         20

static struct err err;

static uint32_t run(const struct sock_filter *code, size_t count, uint32_t nr, uint64_t arg)
{
	struct seccomp_data data = {.nr = (int)nr, .arch = 0xc000003eu, .args = {arg}};
	uint32_t action = 0xdeadbeef;

	assert_int_equal(seccomp_program_check(code, count, &err), 0);
	assert_int_equal(seccomp_run(code, count, &data, &action), 0);
	return action;
}
#define RUN(code, nr, arg) run(code, ARRAY_SIZE(code), nr, arg)

static void test_check_refuses(void **state)
{
	static const struct {
		struct sock_filter code[2];
		size_t count;
	} bad[] = {
		{{RETURN(ALLOW)}, 0},
		{{LOAD(NR), LOAD(NR)}, 2},  /* no return at the end */
		{{LOAD(64), RETURN(0)}, 2}, /* past seccomp_data */
		{{LOAD(2), RETURN(0)}, 2},  /* not aligned */
		{{LOAD(0xfffffffc), RETURN(0)}, 2},
		{{JUMP(BPF_JEQ, 0, 1, 0), RETURN(0)}, 2}, /* past the end */
		{{JUMP(BPF_JEQ, 0, 0, 1), RETURN(0)}, 2},
		{{JUMP(BPF_JA, 1, 0, 0), RETURN(0)}, 2},
		{{JUMP(BPF_JA, 0xffffffff, 0, 0), RETURN(0)}, 2},
		{{BPF_STMT(BPF_ST, 16), RETURN(0)}, 2},
		{{BPF_STMT(BPF_LD | BPF_MEM, 16), RETURN(0)}, 2},
		{{ALU(BPF_LSH, 32), RETURN(0)}, 2},
		{{ALU(BPF_DIV, 0), RETURN(0)}, 2},
		{{BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), RETURN(0)}, 2},
		{{BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), RETURN(0)}, 2},
		{{BPF_STMT(BPF_RET | BPF_A, 0), RETURN(0)}, 2},
		{{BPF_STMT(0xffff, 0), RETURN(0)}, 2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (seccomp_program_check(bad[i].code, bad[i].count, &err) != -EBADMSG)
			fail_msg("program %zu was taken", i);
}

static void test_check_bounds_length(void **state)
{
	static struct sock_filter code[4097];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(code); i++)
		code[i] = (struct sock_filter)RETURN(0);
	assert_int_equal(seccomp_program_check(code, 4096, &err), 0);
	assert_int_equal(seccomp_program_check(code, 4097, &err), -EBADMSG);
}

static void test_loads(void **state)
{
	struct sock_filter low[] = {LOAD(ARG0_LOW), JUMP(BPF_JEQ, 7, 0, 1), RETURN(ALLOW),
				    RETURN(DENY)};
	struct sock_filter high[] = {LOAD(ARG0_HIGH), JUMP(BPF_JEQ, 7, 0, 1), RETURN(ALLOW),
				     RETURN(DENY)};

	(void)state;
	assert_int_equal(RUN(low, 0, 7), ALLOW);
	assert_int_equal(RUN(low, 0, 0x900000007ULL), ALLOW);
	assert_int_equal(RUN(low, 0, 0x700000000ULL), DENY);
	assert_int_equal(RUN(high, 0, 0x700000000ULL), ALLOW);
	assert_int_equal(RUN(high, 0, 7), DENY);
}

static void test_comparisons(void **state)
{
	static const struct {
		uint16_t op;
		uint32_t k;
		uint32_t value;
		bool yes;
	} rows[] = {
		{BPF_JEQ, 5, 5, true},
		{BPF_JEQ, 5, 6, false},
		{BPF_JGT, 5, 6, true},
		{BPF_JGT, 5, 5, false},
		{BPF_JGE, 5, 5, true},
		{BPF_JGE, 5, 4, false},
		{BPF_JSET, 4, 12, true},
		{BPF_JSET, 4, 11, false},
		{BPF_JGT, 0x7fffffff, 0x80000000, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sock_filter code[] = {LOAD(NR), JUMP(rows[i].op, rows[i].k, 0, 1),
					     RETURN(ALLOW), RETURN(DENY)};

		assert_int_equal(RUN(code, rows[i].value, 0), rows[i].yes ? ALLOW : DENY);
	}
}

static void test_arithmetic(void **state)
{
	static const struct {
		uint16_t op;
		uint32_t k;
		uint32_t result; /* of 0x0000f00f */
	} rows[] = {
		{BPF_ADD, 1, 0xf010},      {BPF_SUB, 0xf010, 0xffffffff}, {BPF_AND, 0xff, 0x0f},
		{BPF_OR, 0xf0, 0xf0ff},    {BPF_XOR, 0xffff, 0x0ff0},     {BPF_LSH, 16, 0xf00f0000},
		{BPF_RSH, 12, 0x0000000f},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sock_filter code[] = {LOAD(NR), ALU(rows[i].op, rows[i].k),
					     JUMP(BPF_JEQ, rows[i].result, 0, 1), RETURN(ALLOW),
					     RETURN(DENY)};

		if (RUN(code, 0xf00f, 0) != ALLOW)
			fail_msg("arithmetic %zu", i);
	}
}

static void test_registers(void **state)
{
	struct sock_filter memory[] = {LOAD(NR),
				       BPF_STMT(BPF_ST, 15),
				       BPF_STMT(BPF_LD | BPF_IMM, 1),
				       BPF_STMT(BPF_LD | BPF_MEM, 15),
				       JUMP(BPF_JEQ, 9, 0, 1),
				       RETURN(ALLOW),
				       RETURN(DENY)};
	struct sock_filter index[] = {BPF_STMT(BPF_LDX | BPF_IMM, 9),
				      BPF_STMT(BPF_STX, 0),
				      BPF_STMT(BPF_LDX | BPF_IMM, 1),
				      BPF_STMT(BPF_LDX | BPF_MEM, 0),
				      BPF_STMT(BPF_MISC | BPF_TXA, 0),
				      JUMP(BPF_JEQ, 9, 0, 1),
				      RETURN(ALLOW),
				      RETURN(DENY)};

	(void)state;
	assert_int_equal(RUN(memory, 9, 0), ALLOW);
	assert_int_equal(RUN(memory, 8, 0), DENY);
	assert_int_equal(RUN(index, 0, 0), ALLOW);
}

static void test_jump_always(void **state)
{
	struct sock_filter code[] = {JUMP(BPF_JA, 1, 0, 0), RETURN(DENY), RETURN(ALLOW)};

	(void)state;
	assert_int_equal(RUN(code, 0, 0), ALLOW);
}

static bool may(const struct sock_filter *code, size_t count,
		const struct seccomp_question *question)
{
	bool answer;

	assert_int_equal(seccomp_may_pass(code, count, question, &answer), 0);
	return answer;
}
#define MAY(code, question) may(code, ARRAY_SIZE(code), question)

/* Everything unknown but the number. */
static struct seccomp_question call(uint32_t nr)
{
	struct seccomp_question question = {0};

	question.words[SECCOMP_WORD_NR] = (struct seccomp_word){nr, UINT32_MAX};
	return question;
}

static void test_reach_unknown_argument(void **state)
{
	struct sock_filter code[] = {LOAD(NR),       JUMP(BPF_JEQ, 9, 0, 3),
				     LOAD(ARG0_LOW), JUMP(BPF_JEQ, 0xbad, 0, 1),
				     RETURN(ALLOW),  RETURN(DENY)};
	struct seccomp_question with = call(9);
	struct seccomp_question without = call(8);

	(void)state;
	assert_true(MAY(code, &with)); /* one value in 2^32 suffices */
	assert_false(MAY(code, &without));
}

static void test_reach_known_bits(void **state)
{
	struct sock_filter masked[] = {LOAD(ARG0_LOW), ALU(BPF_AND, 0x30), JUMP(BPF_JEQ, 0, 0, 1),
				       RETURN(ALLOW), RETURN(DENY)};
	struct sock_filter set[] = {LOAD(ARG0_LOW), JUMP(BPF_JSET, 0x30, 0, 1), RETURN(DENY),
				    RETURN(ALLOW)};
	struct sock_filter greater[] = {LOAD(ARG0_LOW), JUMP(BPF_JGE, 0x10, 0, 1), RETURN(DENY),
					RETURN(ALLOW)};
	struct seccomp_question question = call(0);

	(void)state;
	assert_true(MAY(masked, &question));
	assert_true(MAY(set, &question));
	assert_true(MAY(greater, &question));
	question.words[SECCOMP_WORD_ARG(0)] = (struct seccomp_word){0x10, 0x10};
	assert_false(MAY(masked, &question));
	assert_false(MAY(set, &question));
	assert_false(MAY(greater, &question));
	question.words[SECCOMP_WORD_ARG(0)] = (struct seccomp_word){0x40, 0x40};
	assert_true(MAY(masked, &question));
	assert_true(MAY(set, &question));
}

/* What is not followed must count as unknown: scratch memory, X, shifts. */
static void test_reach_gives_up_safely(void **state)
{
	struct sock_filter memory[] = {BPF_STMT(BPF_LD | BPF_IMM, 1), BPF_STMT(BPF_LD | BPF_MEM, 0),
				       JUMP(BPF_JEQ, 1, 1, 0), RETURN(ALLOW), RETURN(DENY)};
	struct sock_filter index[] = {BPF_STMT(BPF_LD | BPF_IMM, 1),
				      BPF_STMT(BPF_MISC | BPF_TXA, 0), JUMP(BPF_JEQ, 1, 1, 0),
				      RETURN(ALLOW), RETURN(DENY)};
	struct sock_filter shifted[] = {BPF_STMT(BPF_LD | BPF_IMM, 1), ALU(BPF_LSH, 1),
					JUMP(BPF_JEQ, 1, 1, 0), RETURN(ALLOW), RETURN(DENY)};
	struct seccomp_question question = call(0);

	(void)state;
	assert_true(MAY(memory, &question));
	assert_true(MAY(index, &question));
	assert_true(MAY(shifted, &question));
}

/* More different values at one place than are kept apart: they are joined, never dropped. */
static void test_reach_joins(void **state)
{
	struct sock_filter code[40];
	size_t n = 0;
	struct seccomp_question question = call(0);

	(void)state;
	code[n++] = (struct sock_filter)LOAD(ARG0_LOW);
	for (uint32_t i = 0; i < 10; i++) {
		code[n] = (struct sock_filter)JUMP(BPF_JEQ, i, 0, 2);
		code[n + 1] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, 100 + i);
		code[n + 2] = (struct sock_filter)JUMP(BPF_JA, 3 * (9 - i) + 1, 0, 0);
		n += 3;
	}
	code[n++] = (struct sock_filter)RETURN(DENY);
	code[n++] = (struct sock_filter)JUMP(BPF_JEQ, 109, 0, 1);
	code[n++] = (struct sock_filter)RETURN(ALLOW);
	code[n++] = (struct sock_filter)RETURN(DENY);
	assert_int_equal(seccomp_program_check(code, n, &err), 0);
	assert_true(may(code, n, &question));
}

static void test_reach_every_passing_action(void **state)
{
	static const struct {
		uint32_t action;
		bool passes;
	} rows[] = {
		{SECCOMP_RET_ALLOW, true},
		{SECCOMP_RET_LOG, true},
		{SECCOMP_RET_TRACE, true},
		{SECCOMP_RET_USER_NOTIF, true},
		{0x12340000, true},
		{SECCOMP_RET_ERRNO | 38, false},
		{SECCOMP_RET_TRAP, false},
		{SECCOMP_RET_KILL_PROCESS, false},
		{SECCOMP_RET_KILL_THREAD, false},
	};
	struct seccomp_question question = call(0);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sock_filter code[] = {RETURN(rows[i].action)};

		assert_int_equal(MAY(code, &question), rows[i].passes);
	}
}

/* A program that was never checked must not be walked out of. */
static void test_unchecked_program(void **state)
{
	struct sock_filter wild[] = {JUMP(BPF_JEQ, 0, 200, 200), RETURN(DENY)};
	struct sock_filter open[] = {LOAD(NR)};
	struct seccomp_question question = call(0);
	struct seccomp_data data = {0};
	uint32_t action;
	bool answer;

	(void)state;
	assert_int_equal(seccomp_may_pass(wild, 2, &question, &answer), -EBADMSG);
	assert_int_equal(seccomp_may_pass(open, 1, &question, &answer), -EBADMSG);
	assert_int_equal(seccomp_may_pass(open, 0, &question, &answer), -EBADMSG);
	assert_int_equal(seccomp_run(wild, 2, &data, &action), -EBADMSG);
	assert_int_equal(seccomp_run(open, 1, &data, &action), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check_refuses),
		cmocka_unit_test(test_check_bounds_length),
		cmocka_unit_test(test_loads),
		cmocka_unit_test(test_comparisons),
		cmocka_unit_test(test_arithmetic),
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_jump_always),
		cmocka_unit_test(test_reach_unknown_argument),
		cmocka_unit_test(test_reach_known_bits),
		cmocka_unit_test(test_reach_gives_up_safely),
		cmocka_unit_test(test_reach_joins),
		cmocka_unit_test(test_reach_every_passing_action),
		cmocka_unit_test(test_unchecked_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

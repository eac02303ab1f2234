#include "seccomp/interpreter.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

#define PROGRAM_MAX 4096 /* BPF_MAXINSNS */

/*
 * The instructions in use: a subset of what the kernel takes. Arithmetic and comparisons with X,
 * and returning A, are left out: no filter of ours has them, and what is not there cannot be wrong.
 */
/* clang-format off */
#define OP(class, op) ((class) | (op)) /* with K: BPF_K is 0 */
static const uint16_t legal[] = {
	BPF_LD | BPF_W | BPF_ABS, BPF_LD | BPF_IMM, BPF_LD | BPF_MEM, BPF_LDX | BPF_IMM, BPF_LDX | BPF_MEM,
	BPF_ST, BPF_STX, BPF_MISC | BPF_TAX, BPF_MISC | BPF_TXA,
	OP(BPF_ALU, BPF_ADD), OP(BPF_ALU, BPF_SUB), OP(BPF_ALU, BPF_AND), OP(BPF_ALU, BPF_OR),
	OP(BPF_ALU, BPF_XOR), OP(BPF_ALU, BPF_LSH), OP(BPF_ALU, BPF_RSH),
	OP(BPF_JMP, BPF_JA), OP(BPF_JMP, BPF_JEQ), OP(BPF_JMP, BPF_JGT), OP(BPF_JMP, BPF_JGE),
	OP(BPF_JMP, BPF_JSET), BPF_RET | BPF_K,
};
/* clang-format on */

static bool is_legal(uint16_t opcode)
{
	for (size_t i = 0; i < ARRAY_SIZE(legal); i++)
		if (legal[i] == opcode)
			return true;
	return false;
}

static bool is_memory(uint16_t opcode)
{
	return opcode == (BPF_LD | BPF_MEM) || opcode == (BPF_LDX | BPF_MEM) || opcode == BPF_ST ||
	       opcode == BPF_STX;
}

/* NULL, or what is wrong with the operand of a legal instruction. @left: instructions behind it. */
static const char *check_operand(const struct sock_filter *at, size_t left)
{
	if (at->code == (BPF_LD | BPF_W | BPF_ABS) &&
	    (at->k & 3 || at->k >= sizeof(struct seccomp_data)))
		return "loads from outside struct seccomp_data";
	if (is_memory(at->code) && at->k >= BPF_MEMWORDS)
		return "uses scratch memory that does not exist";
	if (BPF_CLASS(at->code) == BPF_ALU && at->k > 31 &&
	    (BPF_OP(at->code) == BPF_LSH || BPF_OP(at->code) == BPF_RSH))
		return "shifts by more than 31";
	if (at->code == (BPF_JMP | BPF_JA) && at->k >= left)
		return "jumps out of the program";
	if (BPF_CLASS(at->code) == BPF_JMP && at->code != (BPF_JMP | BPF_JA) &&
	    (at->jt >= left || at->jf >= left))
		return "jumps out of the program";
	return NULL;
}

int seccomp_program_check(const struct sock_filter *code, size_t count, struct err *err)
{
	if (count == 0 || count > PROGRAM_MAX)
		return err_set(err, EBADMSG, "filter has %zu instructions, not 1 to %d", count,
			       PROGRAM_MAX);
	for (size_t i = 0; i < count; i++) {
		const char *wrong = "is not one that a filter may hold";

		if (is_legal(code[i].code))
			wrong = check_operand(&code[i], count - i - 1);
		if (wrong)
			return err_set(err, EBADMSG, "filter instruction %zu %s", i, wrong);
	}
	if (code[count - 1].code != (BPF_RET | BPF_K))
		return err_set(err, EBADMSG, "filter does not end with a return");
	return 0;
}

static uint32_t calculate(uint16_t opcode, uint32_t a, uint32_t k)
{
	switch (BPF_OP(opcode)) {
	case BPF_ADD:
		return a + k;
	case BPF_SUB:
		return a - k;
	case BPF_AND:
		return a & k;
	case BPF_OR:
		return a | k;
	case BPF_XOR:
		return a ^ k;
	case BPF_LSH:
		return a << (k & 31);
	default: /* BPF_RSH: the check lets nothing else through */
		return a >> (k & 31);
	}
}

static bool compare(uint16_t opcode, uint32_t a, uint32_t k)
{
	switch (BPF_OP(opcode)) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	default: /* BPF_JSET */
		return (a & k) != 0;
	}
}

struct machine {
	uint32_t a;
	uint32_t x;
	uint32_t memory[BPF_MEMWORDS];
};

/* Everything but jumps and returns. */
static void step(struct machine *m, const struct sock_filter *at, const uint32_t *words)
{
	switch (at->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		m->a = words[at->k / 4];
		break;
	case BPF_LD | BPF_IMM:
		m->a = at->k;
		break;
	case BPF_LD | BPF_MEM:
		m->a = m->memory[at->k];
		break;
	case BPF_LDX | BPF_IMM:
		m->x = at->k;
		break;
	case BPF_LDX | BPF_MEM:
		m->x = m->memory[at->k];
		break;
	case BPF_ST:
		m->memory[at->k] = m->a;
		break;
	case BPF_STX:
		m->memory[at->k] = m->x;
		break;
	case BPF_MISC | BPF_TAX:
		m->x = m->a;
		break;
	case BPF_MISC | BPF_TXA:
		m->a = m->x;
		break;
	default:
		m->a = calculate(at->code, m->a, at->k);
		break;
	}
}

int seccomp_run(const struct sock_filter *code, size_t count, const struct seccomp_data *data,
		uint32_t *action)
{
	struct machine m = {0};
	uint32_t words[SECCOMP_WORDS];

	_Static_assert(sizeof(words) == sizeof(*data), "a filter sees 16 words");
	memcpy(words, data, sizeof(words));
	for (size_t i = 0; i < count; i++) {
		const struct sock_filter *at = &code[i];

		if (at->code == (BPF_RET | BPF_K)) {
			*action = at->k;
			return 0;
		}
		if (at->code == (BPF_JMP | BPF_JA))
			i += at->k;
		else if (BPF_CLASS(at->code) == BPF_JMP)
			i += compare(at->code, m.a, at->k) ? at->jt : at->jf;
		else
			step(&m, at, words);
	}
	return -EBADMSG;
}

bool seccomp_action_passes(uint32_t action)
{
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_KILL_PROCESS:
	case SECCOMP_RET_KILL_THREAD:
	case SECCOMP_RET_TRAP:
	case SECCOMP_RET_ERRNO:
		return false;
	default:
		return true;
	}
}

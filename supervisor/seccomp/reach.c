#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "seccomp/interpreter.h"

/*
 * Which answers of a filter can be reached when some bits of the call are unknown. Jumps only go
 * forward, so one pass over the program visits everything; at each instruction we keep the few
 * different values that A can have there. What we do not follow (X, scratch memory) is "unknown",
 * which only ever adds paths: the answer errs on the side of refusing.
 */
#define PROGRAM_MAX 4096
#define STATES_MAX  4

struct reach {
	size_t end;
	bool wild;                  /* a jump left the program: it was never checked */
	uint8_t count[PROGRAM_MAX]; /* states at this instruction, 0: not reached */
	struct seccomp_word states[PROGRAM_MAX][STATES_MAX];
};

static void join(struct seccomp_word *into, struct seccomp_word other)
{
	into->known &= other.known & ~(into->value ^ other.value);
	into->value &= into->known;
}

static void arrive(struct reach *reach, size_t at, struct seccomp_word state)
{
	struct seccomp_word *states;

	if (at >= reach->end) {
		reach->wild = true;
		return;
	}
	states = reach->states[at];
	state.value &= state.known;
	for (unsigned int i = 0; i < reach->count[at]; i++)
		if (states[i].value == state.value && states[i].known == state.known)
			return;
	if (reach->count[at] == STATES_MAX)
		join(&states[STATES_MAX - 1], state);
	else
		states[reach->count[at]++] = state;
}

/* Can the comparison come out true, can it come out false? */
static void compare_unknown(const struct sock_filter *at, struct seccomp_word a, bool *yes,
			    bool *no)
{
	uint32_t low = a.value;
	uint32_t high = a.value | ~a.known;

	switch (BPF_OP(at->code)) {
	case BPF_JEQ:
		*yes = ((a.value ^ at->k) & a.known) == 0;
		*no = a.known != UINT32_MAX || a.value != at->k;
		break;
	case BPF_JGT:
		*yes = high > at->k;
		*no = low <= at->k;
		break;
	case BPF_JGE:
		*yes = high >= at->k;
		*no = low < at->k;
		break;
	default: /* BPF_JSET */
		*yes = (high & at->k) != 0;
		*no = (low & at->k) == 0;
		break;
	}
}

static struct seccomp_word calculate(const struct sock_filter *at, struct seccomp_word a)
{
	static const struct seccomp_word unknown = {0};
	uint32_t k = at->k;

	switch (BPF_OP(at->code)) {
	case BPF_AND:
		return (struct seccomp_word){.value = a.value & k, .known = a.known | ~k};
	case BPF_OR:
		return (struct seccomp_word){.value = a.value | k, .known = a.known | k};
	case BPF_XOR:
		return (struct seccomp_word){.value = (a.value ^ k) & a.known, .known = a.known};
	default:
		return unknown; /* shifts and sums are not used by our filters */
	}
}

static struct seccomp_word next_state(const struct sock_filter *at, struct seccomp_word a,
				      const struct seccomp_question *question)
{
	static const struct seccomp_word unknown = {0};

	if (at->code == (BPF_LD | BPF_W | BPF_ABS))
		return question->words[at->k / 4];
	if (at->code == (BPF_LD | BPF_IMM))
		return (struct seccomp_word){.value = at->k, .known = UINT32_MAX};
	if (BPF_CLASS(at->code) == BPF_ALU)
		return calculate(at, a);
	if (at->code == (BPF_LD | BPF_MEM) || at->code == (BPF_MISC | BPF_TXA))
		return unknown;
	return a; /* LDX, ST, STX, TAX leave A alone */
}

static void follow(struct reach *reach, const struct sock_filter *code, size_t i,
		   struct seccomp_word a, const struct seccomp_question *question)
{
	const struct sock_filter *at = &code[i];
	bool yes;
	bool no;

	if (at->code == (BPF_JMP | BPF_JA)) {
		arrive(reach, i + 1 + at->k, a);
	} else if (BPF_CLASS(at->code) == BPF_JMP) {
		compare_unknown(at, a, &yes, &no);
		if (yes)
			arrive(reach, i + 1 + at->jt, a);
		if (no)
			arrive(reach, i + 1 + at->jf, a);
	} else {
		arrive(reach, i + 1, next_state(at, a, question));
	}
}

/* Visit everything that can be reached; true when something passes. */
static bool visit(struct reach *reach, const struct sock_filter *code,
		  const struct seccomp_question *question)
{
	for (size_t i = 0; i < reach->end && !reach->wild; i++) {
		if (code[i].code == (BPF_RET | BPF_K)) {
			if (reach->count[i] && seccomp_action_passes(code[i].k))
				return true;
			continue;
		}
		for (unsigned int s = 0; s < reach->count[i]; s++)
			follow(reach, code, i, reach->states[i][s], question);
	}
	return false;
}

int seccomp_may_pass(const struct sock_filter *code, size_t count,
		     const struct seccomp_question *question, bool *may)
{
	struct reach reach __attribute__((uninitialized)); /* the part that is used, below */
	bool passes;

	if (count == 0 || count > PROGRAM_MAX)
		return -EBADMSG;
	/* Only as much as the program needs: this runs hundreds of times for one filter. */
	reach.end = count;
	reach.wild = false;
	memset(reach.count, 0, count);
	memset(reach.states, 0, count * sizeof(reach.states[0]));
	/* A is 0 at the start: the kernel's conversion of a classic program clears it. */
	arrive(&reach, 0, (struct seccomp_word){.known = UINT32_MAX});
	passes = visit(&reach, code, question);
	if (reach.wild)
		return -EBADMSG;
	*may = passes;
	return 0;
}

#include <string.h>

#include "seccomp/compact.h"

#include "base/str.h"
#include "seccomp/neverlist.h"

/*
 * Two filters, walked side by side. Both ask for the architecture in the same three instructions;
 * for every number at which either may change its mind they must come to the same answer, or
 * compare the same bits of the same argument with the same constant and go on alike on both sides,
 * whatever it is. So nothing is left to trial: what this accepts is equivalent. It errs by
 * refusing.
 */
#define OFFSET_NR   0u
#define OFFSET_ARCH 4u
#define HEAD        3
#define PAIRS_MAX   1024
#define STEPS_MAX   SECCOMP_FILTER_MAX

/* What A holds: a value, or some bits of a word of the call that is not known. */
struct accumulator {
	bool known;
	uint32_t value;
	uint32_t word; /* offset in struct seccomp_data */
	uint32_t mask;
};

/* A place in one program, and what A holds there. */
struct spot {
	const struct seccomp_filter *filter;
	uint32_t at;
	struct accumulator a;
	bool lost; /* it left what this understands */
};

/* Two places that both are reached with the same in A. */
struct pair {
	uint32_t one;
	uint32_t other;
	struct accumulator a;
};

struct walk {
	uint32_t number;
	uint32_t arch;
	struct pair pairs[PAIRS_MAX];
	unsigned int count;
};

static bool compares(const struct sock_filter *code)
{
	static const uint16_t known[] = {BPF_JMP | BPF_JEQ | BPF_K, BPF_JMP | BPF_JGT | BPF_K,
					 BPF_JMP | BPF_JGE | BPF_K, BPF_JMP | BPF_JSET | BPF_K};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (code->code == known[i])
			return true;
	return false;
}

static bool is_met(const struct sock_filter *code, uint32_t a)
{
	if (code->code == (BPF_JMP | BPF_JEQ | BPF_K))
		return a == code->k;
	if (code->code == (BPF_JMP | BPF_JGT | BPF_K))
		return a > code->k;
	if (code->code == (BPF_JMP | BPF_JGE | BPF_K))
		return a >= code->k;
	return (a & code->k) != 0;
}

/* A number may be tested for one of its two highest bits, as x32 is, whose few multiples are edges
 * too; not for others. */
static bool asks_for_low_bits(const struct sock_filter *code)
{
	return code->code == (BPF_JMP | BPF_JSET | BPF_K) && code->k != 1u << 30 &&
	       code->k != 1u << 31;
}

static void load(const struct walk *w, struct accumulator *a, uint32_t offset)
{
	*a = (struct accumulator){.known = offset == OFFSET_NR || offset == OFFSET_ARCH,
				  .word = offset,
				  .mask = UINT32_MAX};
	if (a->known)
		a->value = offset == OFFSET_NR ? w->number : w->arch;
}

/* Nothing of an unknown word is left: that is known again, and the same for every number. */
static bool cut(struct accumulator *a, uint32_t mask)
{
	if (a->known)
		return false; /* the edges are those of the whole number */
	a->mask &= mask;
	if (!a->mask)
		*a = (struct accumulator){.known = true, .word = OFFSET_ARCH};
	return true;
}

/* One instruction after which it is known where to go on; false when it is not for this to take. */
static bool step(const struct walk *w, struct spot *s)
{
	const struct sock_filter *code = &s->filter->code[s->at];

	if (code->code == (BPF_JMP | BPF_JA)) {
		s->at += 1 + code->k;
		return true;
	}
	if (code->code == (BPF_LD | BPF_W | BPF_ABS)) {
		load(w, &s->a, code->k);
		s->at++;
		return true;
	}
	if (code->code == (BPF_ALU | BPF_AND | BPF_K) && cut(&s->a, code->k)) {
		s->at++;
		return true;
	}
	if (!s->a.known || !compares(code) || asks_for_low_bits(code))
		return false;
	s->at += 1u + (is_met(code, s->a.value) ? code->jt : code->jf);
	return true;
}

/* To the next answer, or the next comparison of something unknown. */
static void run(const struct walk *w, struct spot *s)
{
	unsigned int steps = 0;

	while (s->at < s->filter->count && steps++ < STEPS_MAX && step(w, s))
		;
	s->lost = s->at >= s->filter->count || steps >= STEPS_MAX;
}

static bool equal(const struct accumulator *one, const struct accumulator *other)
{
	return !one->known && !other->known && one->word == other->word && one->mask == other->mask;
}

/* Both will be at these places with the same in A; known already, or on the list now. */
static bool note(struct walk *w, uint32_t one, uint32_t other, const struct accumulator *a)
{
	for (unsigned int i = 0; i < w->count; i++)
		if (w->pairs[i].one == one && w->pairs[i].other == other &&
		    equal(&w->pairs[i].a, a))
			return true;
	if (w->count == PAIRS_MAX)
		return false;
	w->pairs[w->count++] = (struct pair){one, other, *a};
	return true;
}

static bool agree(struct walk *w, struct spot one, struct spot other)
{
	const struct sock_filter *a;
	const struct sock_filter *b;

	run(w, &one);
	run(w, &other);
	if (one.lost || other.lost)
		return false;
	a = &one.filter->code[one.at];
	b = &other.filter->code[other.at];
	if (a->code != b->code || a->k != b->k)
		return false;
	if (a->code == (BPF_RET | BPF_K))
		return true;
	return compares(a) && equal(&one.a, &other.a) &&
	       note(w, one.at + 1 + a->jt, other.at + 1 + b->jt, &one.a) &&
	       note(w, one.at + 1 + a->jf, other.at + 1 + b->jf, &one.a);
}

static bool same_for(const struct seccomp_filter *one, const struct seccomp_filter *other,
		     uint32_t number)
{
	static struct walk w;
	struct accumulator start;

	w.number = number;
	w.arch = seccomp_audit_arch((enum policy_arch)one->arch);
	w.count = 0;
	load(&w, &start, OFFSET_ARCH);
	if (!agree(&w, (struct spot){.filter = one, .at = HEAD, .a = start},
		   (struct spot){.filter = other, .at = HEAD, .a = start}))
		return false;
	for (unsigned int i = 0; i < w.count; i++) {
		const struct pair p = w.pairs[i];

		if (!agree(&w, (struct spot){.filter = one, .at = p.one, .a = p.a},
			   (struct spot){.filter = other, .at = p.other, .a = p.a}))
			return false;
	}
	return true;
}

/* Both sides of every constant of a program, as a number; of a high bit, every multiple. */
static bool same_around(const struct seccomp_filter *one, const struct seccomp_filter *other,
			const struct seccomp_filter *whose)
{
	for (uint32_t i = 0; i < whose->count; i++) {
		const struct sock_filter *code = &whose->code[i];

		if (!compares(code))
			continue;
		if (!same_for(one, other, code->k) || !same_for(one, other, code->k + 1))
			return false;
		for (uint64_t k = code->k; code->k >= 1u << 30 && k <= UINT32_MAX; k += code->k)
			if (!same_for(one, other, (uint32_t)k))
				return false;
	}
	return true;
}

static bool same_head(const struct seccomp_filter *one, const struct seccomp_filter *other)
{
	const struct sock_filter *code = one->code;

	return one->arch == other->arch && one->count > HEAD && other->count > HEAD &&
	       memcmp(one->code, other->code, HEAD * sizeof(*code)) == 0 &&
	       code[0].code == (BPF_LD | BPF_W | BPF_ABS) && code[0].k == OFFSET_ARCH &&
	       code[1].code == (BPF_JMP | BPF_JEQ | BPF_K) && code[1].jt == 1 && code[1].jf == 0 &&
	       code[1].k == seccomp_audit_arch((enum policy_arch)one->arch) &&
	       code[2].code == (BPF_RET | BPF_K);
}

bool seccomp_same(const struct seccomp_filter *one, const struct seccomp_filter *other)
{
	return same_head(one, other) && same_for(one, other, 0) && same_around(one, other, one) &&
	       same_around(one, other, other);
}

bool seccomp_prefer(struct seccomp_filter *filter, const struct seccomp_filter *proposal)
{
	if (proposal->count >= filter->count || !seccomp_same(filter, proposal))
		return false;
	*filter = *proposal;
	return true;
}

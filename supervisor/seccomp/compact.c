#include "seccomp/compact.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "seccomp/neverlist.h"

/*
 * A filter asks about the number of the call by comparisons with constants, so its answer can only
 * change at those constants: between two of them all numbers get the same one. Each such range is
 * followed once through the old program, with the number known; what is left is an answer or a
 * block that looks at arguments. Then the new program is written from its end to its start, because
 * jumps only go forward.
 */
#define NR        0u
#define ARCH      4u
#define HEAD      3 /* load the architecture, compare, kill */
#define EDGES_MAX 2048
#define JUMP_MAX  255 /* of a conditional jump */
#define HOLES_MAX 4   /* that one range is searched for, one after the other */
#define NEAR      128 /* how far back what is there already is used again */

/* What A holds on the way through the old program. */
enum holds { HOLDS_NR, HOLDS_ARCH, HOLDS_ZERO, HOLDS_ARGUMENT, HOLDS_COUNT };

/* Places are counted from the end of the new program, where nothing moves any more. */
struct writer {
	struct sock_filter code[SECCOMP_FILTER_MAX];
	uint32_t count;
	bool full;
};

/* All numbers from @first up to the next range get what lies at @place. */
struct range {
	uint32_t first;
	uint32_t place;
	uint32_t outside; /* the same, but for single numbers in between */
	uint32_t holes;
};

struct compactor {
	const struct seccomp_filter *from;
	struct writer w;
	uint32_t edges[EDGES_MAX];
	size_t edge_count;
	struct range ranges[EDGES_MAX];
	size_t range_count;
	bool reached[SECCOMP_FILTER_MAX][HOLDS_COUNT];
	uint32_t places[SECCOMP_FILTER_MAX][HOLDS_COUNT];
	bool unknown; /* an instruction that this does not follow */
};

/* ---- writing, backwards */

static uint32_t put(struct writer *w, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (w->count == SECCOMP_FILTER_MAX) {
		w->full = true;
		return 0;
	}
	w->code[SECCOMP_FILTER_MAX - 1 - w->count] =
		(struct sock_filter){.code = code, .jt = jt, .jf = jf, .k = k};
	return w->count++;
}

static const struct sock_filter *at_place(const struct writer *w, uint32_t place)
{
	return &w->code[SECCOMP_FILTER_MAX - 1 - place];
}

/* The same instruction with the same consequences, nearby; false: there is none. */
static bool find(const struct writer *w, const struct sock_filter *what, uint32_t yes, uint32_t no,
		 uint32_t *place)
{
	for (uint32_t i = w->count; i > 0 && w->count - i < NEAR; i--) {
		const struct sock_filter *old = at_place(w, i - 1);

		/* Where one leads that does not jump: to what follows it. */
		if (old->code == what->code && old->k == what->k &&
		    (old->code == (BPF_RET | BPF_K) ||
		     (i > 1 && i - 2 - old->jt == yes && i - 2 - old->jf == no))) {
			*place = i - 1;
			return true;
		}
	}
	return false;
}

static uint32_t put_answer(struct writer *w, uint32_t action)
{
	const struct sock_filter what = {.code = BPF_RET | BPF_K, .k = action};
	uint32_t place;

	return find(w, &what, 0, 0, &place) ? place : put(w, what.code, action, 0, 0);
}

/* How far a jump that is written next would go. */
static uint32_t distance(const struct writer *w, uint32_t place)
{
	return w->count - 1 - place;
}

/* Something within reach that leads to @place. */
static uint32_t bring_near(struct writer *w, uint32_t place)
{
	const struct sock_filter *target = at_place(w, place);

	/* The other branch may need an instruction of its own in between. */
	if (distance(w, place) < JUMP_MAX)
		return place;
	if (target->code == (BPF_RET | BPF_K))
		return put_answer(w, target->k);
	return put(w, BPF_JMP | BPF_JA, distance(w, place), 0, 0);
}

static uint32_t put_jump(struct writer *w, uint16_t code, uint32_t k, uint32_t yes, uint32_t no)
{
	const struct sock_filter what = {.code = code, .k = k};
	uint32_t place;

	if (find(w, &what, yes, no, &place))
		return place;
	yes = bring_near(w, yes);
	no = bring_near(w, no);
	if (w->full || distance(w, yes) > JUMP_MAX || distance(w, no) > JUMP_MAX) {
		w->full = true;
		return 0;
	}
	return put(w, code, k, (uint8_t)distance(w, yes), (uint8_t)distance(w, no));
}

/* An instruction that goes on at @next, which must follow it. */
static uint32_t put_before(struct writer *w, const struct sock_filter *what, uint32_t next)
{
	uint32_t place;

	if (find(w, what, next, next, &place))
		return place;
	if (next != w->count - 1)
		(void)put(w, BPF_JMP | BPF_JA, distance(w, next), 0, 0);
	return put(w, what->code, what->k, 0, 0);
}

/* A word that nobody will look at is not loaded. */
static uint32_t put_load(struct writer *w, const struct sock_filter *what, uint32_t next)
{
	const struct sock_filter *then = at_place(w, next);

	if (then->code == (BPF_LD | BPF_W | BPF_ABS) || then->code == (BPF_RET | BPF_K))
		return next;
	return put_before(w, what, next);
}

/* ---- the old program, with the number known */

static bool holds_true(const struct sock_filter *at, uint32_t a)
{
	switch (BPF_OP(at->code)) {
	case BPF_JEQ:
		return a == at->k;
	case BPF_JGT:
		return a > at->k;
	case BPF_JGE:
		return a >= at->k;
	default: /* BPF_JSET */
		return (a & at->k) != 0;
	}
}

static bool is_comparison(const struct sock_filter *at)
{
	return BPF_CLASS(at->code) == BPF_JMP && at->code != (BPF_JMP | BPF_JA) &&
	       BPF_SRC(at->code) == BPF_K;
}

static uint32_t value_of(const struct compactor *c, enum holds holds, uint32_t number)
{
	if (holds == HOLDS_ZERO)
		return 0;
	return holds == HOLDS_NR ? number : seccomp_audit_arch((enum policy_arch)c->from->arch);
}

/* Where a comparison of something known, or a jump, leads. */
static size_t next_of(const struct compactor *c, size_t i, enum holds holds, uint32_t number)
{
	const struct sock_filter *at = &c->from->code[i];

	if (at->code == (BPF_JMP | BPF_JA))
		return i + 1 + at->k;
	if (is_comparison(at))
		return i + 1 + (holds_true(at, value_of(c, holds, number)) ? at->jt : at->jf);
	return i + 1;
}

static enum holds loaded(const struct sock_filter *at)
{
	return at->k == NR ? HOLDS_NR : at->k == ARCH ? HOLDS_ARCH : HOLDS_ARGUMENT;
}

/* libseccomp compares the upper half of an argument with 0 after a mask of 0 as well. */
static enum holds masked(const struct sock_filter *at)
{
	return at->k ? HOLDS_ARGUMENT : HOLDS_ZERO;
}

/* Mark what can be reached for @number, from the start; jumps only go forward. */
static void reach(struct compactor *c, uint32_t number)
{
	const struct sock_filter *code = c->from->code;

	memset(c->reached, 0, sizeof(c->reached));
	c->reached[0][HOLDS_NR] = true; /* the first instruction loads */
	for (size_t i = 0; i < c->from->count; i++)
		for (int h = 0; h < HOLDS_COUNT; h++) {
			if (!c->reached[i][h] || code[i].code == (BPF_RET | BPF_K))
				continue;
			if (code[i].code == (BPF_LD | BPF_W | BPF_ABS))
				c->reached[i + 1][loaded(&code[i])] = true;
			else if (h == HOLDS_ARGUMENT && is_comparison(&code[i]))
				c->reached[i + 1 + code[i].jt][h] =
					c->reached[i + 1 + code[i].jf][h] = true;
			else if (h == HOLDS_ARGUMENT && code[i].code == (BPF_ALU | BPF_AND))
				c->reached[i + 1][masked(&code[i])] = true;
			else if (BPF_CLASS(code[i].code) == BPF_JMP &&
				 BPF_SRC(code[i].code) == BPF_K)
				c->reached[next_of(c, i, (enum holds)h, number)][h] = true;
			else
				c->unknown = true;
		}
}

/* Write one instruction that was reached; only what depends on arguments is there in the end. */
static uint32_t rewrite(struct compactor *c, size_t i, enum holds holds, uint32_t number)
{
	const struct sock_filter *at = &c->from->code[i];

	if (at->code == (BPF_RET | BPF_K))
		return put_answer(&c->w, at->k);
	if (at->code == (BPF_LD | BPF_W | BPF_ABS)) {
		uint32_t next = c->places[i + 1][loaded(at)];

		return loaded(at) == HOLDS_ARGUMENT ? put_load(&c->w, at, next) : next;
	}
	if (holds == HOLDS_ARGUMENT && BPF_CLASS(at->code) == BPF_ALU) {
		uint32_t next = c->places[i + 1][masked(at)];

		return masked(at) == HOLDS_ZERO ? next : put_before(&c->w, at, next);
	}
	if (holds == HOLDS_ARGUMENT && is_comparison(at))
		return put_jump(&c->w, at->code, at->k, c->places[i + 1 + at->jt][holds],
				c->places[i + 1 + at->jf][holds]);
	return c->places[next_of(c, i, holds, number)][holds];
}

static uint32_t write_range(struct compactor *c, uint32_t number)
{
	reach(c, number);
	for (size_t i = c->from->count; i > 0 && !c->unknown && !c->w.full; i--)
		for (int h = 0; h < HOLDS_COUNT; h++)
			if (c->reached[i - 1][h])
				c->places[i - 1][h] = rewrite(c, i - 1, (enum holds)h, number);
	return c->places[0][HOLDS_NR];
}

/* The answer for @number where no argument is looked at; false when one is. */
static bool plain_answer(struct compactor *c, uint32_t number, uint32_t *action)
{
	enum holds holds = HOLDS_NR;

	for (size_t i = 0; i < c->from->count; i = next_of(c, i, holds, number)) {
		const struct sock_filter *at = &c->from->code[i];

		*action = at->k;
		if (at->code == (BPF_RET | BPF_K))
			return true;
		if (at->code == (BPF_LD | BPF_W | BPF_ABS))
			holds = loaded(at);
		else if (at->code != (BPF_JMP | BPF_JA) && !is_comparison(at))
			c->unknown = true;
		if (holds == HOLDS_ARGUMENT || c->unknown)
			return false;
	}
	return false;
}

/* ---- the numbers at which an answer can change */

static void add_edge(struct compactor *c, uint32_t value)
{
	if (c->edge_count < EDGES_MAX)
		c->edges[c->edge_count++] = value;
	else
		c->unknown = true;
}

static int by_value(const void *one, const void *other)
{
	uint32_t a = *(const uint32_t *)one;
	uint32_t b = *(const uint32_t *)other;

	return a < b ? -1 : a > b;
}

/* Of every comparison, whatever it compares: more edges than needed do no harm. */
static void find_edges(struct compactor *c)
{
	size_t kept = 0;

	add_edge(c, 0);
	for (size_t i = 0; i < c->from->count; i++) {
		const struct sock_filter *at = &c->from->code[i];

		if (!is_comparison(at))
			continue;
		add_edge(c, at->k);
		add_edge(c, at->k + 1);
		/* A bit of the number, as x32 has one: it changes at every multiple. */
		for (uint64_t k = at->k; at->k >= 1u << 30 && k <= UINT32_MAX; k += at->k)
			add_edge(c, (uint32_t)k);
	}
	qsort(c->edges, c->edge_count, sizeof(c->edges[0]), by_value);
	for (size_t i = 0; i < c->edge_count; i++)
		if (!kept || c->edges[kept - 1] != c->edges[i])
			c->edges[kept++] = c->edges[i];
	c->edge_count = kept;
}

static void add_range(struct compactor *c, uint32_t first)
{
	uint32_t action;
	uint32_t place =
		plain_answer(c, first, &action) ? put_answer(&c->w, action) : write_range(c, first);

	if (c->range_count && c->ranges[c->range_count - 1].place == place)
		return;
	c->ranges[c->range_count++] =
		(struct range){.first = first, .place = place, .outside = place};
}

/* A single number in the middle of what is the same on both sides takes one comparison, not two. */
static void write_holes(struct compactor *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->range_count && !c->w.full; i++) {
		struct range *last = kept ? &c->ranges[kept - 1] : NULL;
		const struct range *hole = &c->ranges[i];

		if (last && last->holes < HOLES_MAX && i + 1 < c->range_count &&
		    hole[1].first == hole->first + 1 && hole[1].place == last->outside) {
			last->place = put_jump(&c->w, BPF_JMP | BPF_JEQ | BPF_K, hole->first,
					       hole->place, last->place);
			last->holes++;
			i++;
		} else {
			c->ranges[kept++] = *hole;
		}
	}
	c->range_count = kept;
}

/* Neighbours become one, until one is left: every number is found by as few comparisons. */
static void write_search(struct compactor *c)
{
	while (c->range_count > 1 && !c->w.full) {
		size_t kept = 0;

		for (size_t i = 0; i < c->range_count; i += 2) {
			struct range *r = &c->ranges[i];

			if (i + 1 < c->range_count && r[0].place != r[1].place)
				r->place = put_jump(&c->w, BPF_JMP | BPF_JGE | BPF_K, r[1].first,
						    r[1].place, r[0].place);
			c->ranges[kept++] = *r;
		}
		c->range_count = kept;
	}
}

static bool has_head(const struct compactor *c)
{
	const struct sock_filter *code = c->from->code;

	return c->from->count > HEAD && code[0].code == (BPF_LD | BPF_W | BPF_ABS) &&
	       code[0].k == ARCH && code[1].code == (BPF_JMP | BPF_JEQ | BPF_K) &&
	       code[1].k == seccomp_audit_arch((enum policy_arch)c->from->arch) &&
	       code[1].jt == 1 && code[1].jf == 0 && code[2].code == (BPF_RET | BPF_K);
}

static void finish(struct compactor *c, struct seccomp_filter *to)
{
	const struct sock_filter load = {.code = BPF_LD | BPF_W | BPF_ABS, .k = NR};
	struct writer *w = &c->w;

	(void)put_before(w, &load, c->ranges[0].place);
	for (int i = HEAD - 1; i >= 0; i--)
		(void)put(w, c->from->code[i].code, c->from->code[i].k, c->from->code[i].jt,
			  c->from->code[i].jf);
	memset(to->code, 0, sizeof(to->code));
	memcpy(to->code, &w->code[SECCOMP_FILTER_MAX - w->count], w->count * sizeof(to->code[0]));
	to->count = w->count;
}

int seccomp_compact(const struct seccomp_filter *from, struct seccomp_filter *to)
{
	static struct compactor c;

	memset(&c, 0, sizeof(c));
	c.from = from;
	*to = *from;
	if (!has_head(&c))
		return -ENOTSUP;
	find_edges(&c);
	for (size_t i = 0; i < c.edge_count && !c.unknown && !c.w.full; i++)
		add_range(&c, c.edges[i]);
	if (c.unknown)
		return -ENOTSUP;
	write_holes(&c);
	write_search(&c);
	finish(&c, to);
	return c.w.full ? -E2BIG : 0;
}

#include "seccomp/shape.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "seccomp/neverlist.h"

static bool same_compares(const struct seccomp_rule *a, const struct seccomp_rule *b)
{
	if (a->count != b->count)
		return false;
	for (unsigned int i = 0; i < a->count; i++) {
		const struct seccomp_compare *x = &a->compare[i];
		const struct seccomp_compare *y = &b->compare[i];

		if (x->arg != y->arg || x->kind != y->kind || x->mask != y->mask ||
		    x->value != y->value)
			return false;
	}
	return true;
}

/* Is what @other forbids all that @fixed allows? */
static bool forbids(const struct seccomp_compare *other, const struct seccomp_compare *fixed)
{
	return other->kind == VALUE_NOT && fixed->kind == VALUE_FIXED &&
	       (fixed->mask & UINT32_MAX) == UINT32_MAX && other->value == fixed->value;
}

/* Can no argument meet both? Only what is easily seen; the rest counts as "it can". */
static bool exclude(const struct seccomp_compare *a, const struct seccomp_compare *b)
{
	if (a->arg != b->arg)
		return false;
	if (a->kind == VALUE_FIXED && b->kind == VALUE_FIXED)
		return ((a->value ^ b->value) & a->mask & b->mask) != 0;
	return forbids(a, b) || forbids(b, a);
}

static bool can_both_hold(const struct seccomp_rule *a, const struct seccomp_rule *b)
{
	for (unsigned int i = 0; i < a->count; i++)
		for (unsigned int j = 0; j < b->count; j++)
			if (exclude(&a->compare[i], &b->compare[j]))
				return false;
	return true;
}

static void drop(struct seccomp_listing *listing, unsigned int at)
{
	listing->count--;
	memmove(&listing->rules[at], &listing->rules[at + 1],
		(listing->count - at) * sizeof(listing->rules[0]));
	memset(&listing->rules[listing->count], 0, sizeof(listing->rules[0]));
	memmove(&listing->compares[at], &listing->compares[at + 1],
		(listing->count - at) * sizeof(listing->compares[0]));
	for (unsigned int i = at; i < listing->count; i++)
		listing->rules[i].compare = listing->compares[i];
}

static void drop_all(struct seccomp_listing *listing, const char *name)
{
	for (unsigned int i = listing->count; i > 0; i--)
		if (str_equal(listing->rules[i - 1].name, name))
			drop(listing, i - 1);
}

static int append(struct seccomp_listing *listing, const struct seccomp_rule *rule)
{
	if (listing->count == SECCOMP_LISTING_MAX)
		return -E2BIG;
	listing->rules[listing->count] = *rule;
	listing->rules[listing->count].compare = listing->compares[listing->count];
	for (unsigned int i = 0; i < rule->count; i++)
		listing->compares[listing->count][i] = rule->compare[i];
	listing->count++;
	return 0;
}

static bool is_never(const char *name)
{
	for (size_t i = 0; i < seccomp_never_count; i++)
		if (str_equal(seccomp_nevers[i].name, name))
			return true;
	return false;
}

int seccomp_listing_add(struct seccomp_listing *listing, const struct seccomp_rule *rule)
{
	if (!rule->refuse && is_never(rule->name)) {
		listing->never++;
		return 0;
	}
	for (unsigned int i = listing->count; i > 0; i--) {
		const struct seccomp_rule *other = &listing->rules[i - 1];

		if (!str_equal(other->name, rule->name))
			continue;
		if (other->refuse != rule->refuse) {
			if (can_both_hold(other, rule))
				return -EPROTO;
		} else if (!other->count || same_compares(other, rule)) {
			return 0;
		} else if (!rule->count) {
			drop(listing, i - 1);
		}
	}
	return append(listing, rule);
}

/* The C library falls back to clone, whose flags a filter can see. */
static int cut_clone3(struct seccomp_listing *listing)
{
	static const struct seccomp_rule rule = {.name = "clone3", .refuse = ENOSYS};

	drop_all(listing, rule.name);
	return append(listing, &rule);
}

/* No new namespaces: one more comparison, or more bits of the one that is there. */
static int cut_clone(struct seccomp_listing *listing, unsigned int at, struct err *err)
{
	struct seccomp_rule *rule = &listing->rules[at];
	struct seccomp_compare *compare = NULL;

	for (unsigned int i = 0; i < rule->count; i++)
		if (rule->compare[i].arg == 0)
			compare = &listing->compares[at][i];
	if (!compare && rule->count < SECCOMP_COMPARES) {
		compare = &listing->compares[at][rule->count++];
		*compare = (struct seccomp_compare){.kind = VALUE_FIXED};
	}
	if (!compare || compare->kind != VALUE_FIXED || (compare->value & CLONE_NEW_ALL))
		return err_set(err, EINVAL,
			       "clone: new namespaces cannot be taken out of its argument rules");
	compare->mask |= CLONE_NEW_ALL;
	return 0;
}

static int cut_clones(struct seccomp_listing *listing, struct err *err)
{
	int r = 0;

	for (unsigned int i = 0; !r && i < listing->count; i++)
		if (str_equal(listing->rules[i].name, "clone") && !listing->rules[i].refuse)
			r = cut_clone(listing, i, err);
	return r;
}

static bool is_allowed(const struct seccomp_listing *listing, const char *name)
{
	for (unsigned int i = 0; i < listing->count; i++)
		if (str_equal(listing->rules[i].name, name))
			return !listing->rules[i].count && !listing->rules[i].refuse;
	return false;
}

static bool is_named(const struct seccomp_listing *listing, const char *name)
{
	for (unsigned int i = 0; i < listing->count; i++)
		if (str_equal(listing->rules[i].name, name))
			return true;
	return false;
}

/* What stands between the filter and the first instruction of the program. */
static int need_start(struct seccomp_listing *listing, struct err *err)
{
	static const char *const calls[] = {"read", "write", "exit_group"};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (!is_allowed(listing, calls[i])) {
			(void)err_set(err, EINVAL, "the profile does not allow %s", calls[i]);
			return err_hint(err, "without it no program can be started or ended");
		}
	if (is_allowed(listing, "execveat"))
		return 0;
	drop_all(listing, "execveat");
	for (const struct seccomp_rule *rule = seccomp_exec_rules; !r && rule->name; rule++)
		r = append(listing, rule);
	return r;
}

static int add_tables(struct seccomp_listing *listing, const struct seccomp_rule *rules,
		      const char *name)
{
	int r = 0;

	for (; !r && rules->name; rules++)
		if (str_equal(rules->name, name))
			r = append(listing, rules);
	return r;
}

static int lay_mdwe(struct seccomp_listing *listing, struct err *err)
{
	static const char *const calls[] = {"mmap", "mmap2", "mprotect", "pkey_mprotect", "shmat"};
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(calls); i++) {
		if (is_allowed(listing, calls[i])) {
			drop_all(listing, calls[i]);
			r = add_tables(listing, seccomp_memory_rules, calls[i]);
			r = r ? r : add_tables(listing, seccomp_shm_rules, calls[i]);
		} else if (is_named(listing, calls[i])) {
			(void)err_set(err, EINVAL, "argument rules of %s and mdwe = yes", calls[i]);
			return err_hint(err, "let the profile allow it; mdwe keeps W and X apart");
		}
	}
	return r;
}

int seccomp_listing_shape(struct seccomp_listing *listing, bool mdwe, struct err *err)
{
	int r = cut_clone3(listing);

	r = r ? r : cut_clones(listing, err);
	r = r ? r : need_start(listing, err);
	if (!r && mdwe)
		r = lay_mdwe(listing, err);
	if (r == -E2BIG)
		return err_set(err, E2BIG, "more than %d rules", SECCOMP_LISTING_MAX);
	listing->profile.rules[0] = listing->rules;
	return r;
}

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

#include "base/str.h"
#include "seccomp/interpreter.h"
#include "seccomp/neverlist.h"
#include "seccomp/profile.h"

#define X32_BIT           0x40000000u
#define ANSWER(code)      (SECCOMP_RET_ERRNO | (code))
#define VALUES_MAX        512 /* values tried for one argument of one call */
#define ARM_PRIVATE_FIRST 0xf0001
#define ARM_PRIVATE_LAST  0xf0006

/* The tables read once more, by other means than libseccomp's, and turned into numbers once. */
#define NUMBERS   (SECCOMP_NEWEST + 1 + ARM_PRIVATE_LAST - ARM_PRIVATE_FIRST + 1)
#define RULES_MAX 1024

struct proof {
	const struct seccomp_profile *profile;
	const struct seccomp_values *values;
	enum policy_arch arch;
	const struct seccomp_filter *filter;
	struct err *err;
	int ioctl_number;
	uint32_t always[NUMBERS]; /* by index_of(): what answers whatever the arguments; 0: nothing
				   */
	unsigned int rule_count;
	struct {
		int number;
		const struct seccomp_rule *rule;
	} rules[RULES_MAX];
};

/* What the tables say of one number: allowed whatever its arguments, or by which rules. */
#define ENTRY_MAX 64
struct entry {
	uint32_t always;
	unsigned int count;
	const struct seccomp_rule *rules[ENTRY_MAX];
};

/* Place of a number in our array; NUMBERS when it has none. */
static unsigned int index_of(int number)
{
	if (number >= 0 && number <= SECCOMP_NEWEST)
		return (unsigned int)number;
	if (number >= ARM_PRIVATE_FIRST && number <= ARM_PRIVATE_LAST)
		return (unsigned int)(SECCOMP_NEWEST + 1 + number - ARM_PRIVATE_FIRST);
	return NUMBERS;
}

static int read_names(struct proof *p, const char *const *names)
{
	for (; *names; names++) {
		int number = seccomp_number(*names, p->arch);

		if (number == -ENOENT)
			continue;
		if (number < 0 || index_of(number) == NUMBERS)
			return err_set(p->err, EINVAL, "%s is newer than what the filter knows",
				       *names);
		p->always[index_of(number)] = seccomp_allowed(p->profile, *names);
	}
	return 0;
}

static int read_rules(struct proof *p, const struct seccomp_rule *rules)
{
	for (; rules->name; rules++) {
		int number = seccomp_number(rules->name, p->arch);

		if (number == -ENOENT || !seccomp_rule_counts(rules, p->values))
			continue;
		if (p->rule_count == RULES_MAX)
			return err_set(p->err, E2BIG, "%s has more than %d rules", p->profile->name,
				       RULES_MAX);
		if (number < 0 || index_of(number) == NUMBERS || p->always[index_of(number)])
			return err_set(p->err, EINVAL, "%s: %s stands in two tables",
				       p->profile->name, rules->name);
		p->rules[p->rule_count].number = number;
		p->rules[p->rule_count++].rule = rules;
	}
	return 0;
}

static int read_tables(struct proof *p)
{
	int r = 0;

	for (size_t i = 0; !r && i < SECCOMP_TABLES && p->profile->allow[i]; i++)
		r = read_names(p, p->profile->allow[i]);
	for (size_t i = 0; !r && i < SECCOMP_TABLES && p->profile->rules[i]; i++)
		r = read_rules(p, p->profile->rules[i]);
	p->ioctl_number = seccomp_number("ioctl", p->arch);
	return r;
}

static int collect(const struct proof *p, int number, struct entry *entry)
{
	memset(entry, 0, sizeof(*entry));
	entry->always = p->always[index_of(number)];
	for (unsigned int i = 0; i < p->rule_count; i++) {
		if (p->rules[i].number != number)
			continue;
		if (entry->count == ENTRY_MAX)
			return err_set(p->err, EINVAL, "%s: too many rules for call %d",
				       p->profile->name, number);
		entry->rules[entry->count++] = p->rules[i].rule;
	}
	return 0;
}

/* Arguments of 32-bit programs have 32 bits. */
static uint64_t widest(const struct proof *p)
{
	return p->arch == ARCH_ARMV7 ? UINT32_MAX : UINT64_MAX;
}

static bool holds(const struct proof *p, const struct seccomp_compare *compare, uint64_t arg)
{
	uint64_t value = seccomp_compare_value(compare, p->values);

	switch ((enum seccomp_value)compare->kind) {
	case VALUE_FIXED:
	case VALUE_EXEC_FD:
		return (arg & compare->mask) == value;
	case VALUE_NOT:
		return (uint32_t)arg != value;
	case VALUE_LT:
		return arg < value;
	case VALUE_LE:
		return arg <= value;
	case VALUE_GE:
		return arg >= value;
	case VALUE_GT:
		return arg > value;
	case VALUE_COUNT:
		break;
	}
	return false;
}

static bool rule_matches(const struct proof *p, const struct seccomp_rule *rule,
			 const struct seccomp_data *data)
{
	for (unsigned int i = 0; i < rule->count; i++)
		if (!holds(p, &rule->compare[i], data->args[rule->compare[i].arg]))
			return false;
	return true;
}

static bool is_refused_ioctl(const struct proof *p, const struct seccomp_data *data)
{
	for (size_t i = 0; i < SECCOMP_IOCTLS; i++)
		if (data->nr == p->ioctl_number &&
		    (uint32_t)data->args[1] == seccomp_ioctls_refused[i])
			return true;
	return false;
}

static uint32_t rule_answer(const struct proof *p, const struct seccomp_rule *rule)
{
	return rule->refuse ? seccomp_action(rule->refuse)
			    : seccomp_allowed(p->profile, rule->name);
}

static uint32_t expected(const struct proof *p, const struct entry *entry,
			 const struct seccomp_data *data)
{
	if (data->nr > (int)seccomp_newest(p->profile) && data->nr <= SECCOMP_NEWEST)
		return ANSWER(ENOSYS);
	if (is_refused_ioctl(p, data))
		return ANSWER(EPERM);
	if (entry->always)
		return entry->always;
	for (unsigned int i = 0; i < entry->count; i++)
		if (rule_matches(p, entry->rules[i], data))
			return rule_answer(p, entry->rules[i]);
	return seccomp_action(p->profile->refuse ? p->profile->refuse : EPERM);
}

static int try_one(const struct proof *p, const struct entry *entry,
		   const struct seccomp_data *data)
{
	uint32_t action = SECCOMP_RET_ALLOW;
	uint32_t wanted = expected(p, entry, data);

	if (seccomp_run(p->filter->code, p->filter->count, data, &action) || action != wanted)
		return err_set(
			p->err, EPERM,
			"filter %s answers call %d (%llx, %llx, %llx) with %x, its tables say %x",
			p->profile->name, data->nr, (unsigned long long)data->args[0],
			(unsigned long long)data->args[1], (unsigned long long)data->args[2],
			action, wanted);
	return 0;
}

struct values {
	uint64_t at[VALUES_MAX];
	unsigned int count;
	bool full;
};

static void add_value(struct values *values, uint64_t value)
{
	for (unsigned int i = 0; i < values->count; i++)
		if (values->at[i] == value)
			return;
	if (values->count == VALUES_MAX)
		values->full = true;
	else
		values->at[values->count++] = value;
}

/* The value, its neighbours, each bit of the mask flipped, the same with a set upper half. */
static void add_edges(struct values *values, uint64_t value, uint64_t mask)
{
	add_value(values, value);
	add_value(values, value | 0xabcd000000000000ULL);
	add_value(values, value | 1ULL << 32);
	for (unsigned int bit = 0; bit < 32; bit++)
		if ((uint32_t)mask != UINT32_MAX && mask >> bit & 1)
			add_value(values, value ^ 1ULL << bit);
	add_value(values, value + 1);
	add_value(values, value - 1);
	add_value(values, value | ~mask);
}

static bool edges_of(const struct proof *p, const struct entry *entry, uint8_t arg,
		     struct values *values)
{
	bool used = false;

	values->count = 0;
	values->full = false;
	add_value(values, 0);
	add_value(values, UINT64_MAX);
	for (unsigned int i = 0; i < entry->count; i++)
		for (unsigned int c = 0; c < entry->rules[i]->count; c++) {
			const struct seccomp_compare *compare = &entry->rules[i]->compare[c];

			if (compare->arg != arg)
				continue;
			used = true;
			add_edges(values, seccomp_compare_value(compare, p->values), compare->mask);
		}
	return used;
}

static int try_pair(const struct proof *p, const struct entry *entry, struct seccomp_data *data,
		    const uint8_t args[2])
{
	struct values first;
	struct values second;
	/* Both are called for what they write: && would leave the second one out. */
	bool first_compared = edges_of(p, entry, args[0], &first);
	bool second_compared = edges_of(p, entry, args[1], &second);
	bool both = first_compared && second_compared;
	int r = 0;

	if (first.full || second.full)
		return err_set(p->err, E2BIG, "%s: too many comparisons for call %d",
			       p->profile->name, data->nr);
	for (unsigned int a = 0; !r && a < first.count; a++)
		/* An argument that no rule looks at is tried with 0 and all ones. */
		for (unsigned int b = 0; !r && b < (both ? second.count : 2); b++) {
			memset(data->args, 0, sizeof(data->args));
			data->args[args[0]] = first.at[a] & widest(p);
			data->args[args[1]] = second.at[b] & widest(p);
			r = try_one(p, entry, data);
		}
	return r;
}

/* All pairs of edges of any two arguments. */
static int try_edges(const struct proof *p, const struct entry *entry, struct seccomp_data *data)
{
	int r = 0;

	for (uint8_t a = 0; a < SECCOMP_ARGS; a++)
		for (uint8_t b = 0; !r && b < SECCOMP_ARGS; b++)
			if (a != b)
				r = try_pair(p, entry, data, (const uint8_t[2]){a, b});
	return r;
}

/* A call that no rule looks into: one answer, whatever its arguments. */
static int try_plain(const struct proof *p, const struct entry *entry, struct seccomp_data *data)
{
	struct seccomp_question question = {0};
	bool may = true;
	int r;

	for (unsigned int i = 0; i < SECCOMP_ARGS; i++)
		data->args[i] = widest(p);
	r = try_one(p, entry, data);
	memset(data->args, 0, sizeof(data->args));
	if (!r)
		r = try_one(p, entry, data);
	if (r || entry->always)
		return r;
	question.words[SECCOMP_WORD_NR].value = (uint32_t)data->nr;
	question.words[SECCOMP_WORD_NR].known = UINT32_MAX;
	question.words[SECCOMP_WORD_ARCH].value = data->arch;
	question.words[SECCOMP_WORD_ARCH].known = UINT32_MAX;
	if (seccomp_may_pass(p->filter->code, p->filter->count, &question, &may) || may)
		return err_set(p->err, EPERM, "filter %s lets call %d pass with some arguments",
			       p->profile->name, data->nr);
	return 0;
}

static int try_ioctls(const struct proof *p, const struct entry *entry, struct seccomp_data *data)
{
	int r = 0;

	for (size_t i = 0; !r && i < SECCOMP_IOCTLS; i++) {
		data->args[1] = seccomp_ioctls_refused[i];
		r = try_one(p, entry, data);
		data->args[1] |= 0xffffffff00000000ULL & widest(p);
		if (!r)
			r = try_one(p, entry, data);
	}
	return r;
}

static int prove_number(const struct proof *p, int number)
{
	struct seccomp_data data = {.nr = number, .arch = seccomp_audit_arch(p->arch)};
	struct entry entry;
	int r = collect(p, number, &entry);

	if (!r)
		r = entry.count ? try_edges(p, &entry, &data) : try_plain(p, &entry, &data);
	if (!r && number == p->ioctl_number && number <= (int)seccomp_newest(p->profile))
		r = try_ioctls(p, &entry, &data);
	return r;
}

/* Beyond the newest call we know: ENOSYS, whatever the tables say. */
static int prove_newer(const struct proof *p)
{
	struct seccomp_data data = {.arch = seccomp_audit_arch(p->arch)};
	uint32_t action = SECCOMP_RET_ALLOW;

	for (data.nr = (int)seccomp_newest(p->profile) + 1; data.nr < 2 * SECCOMP_NEWEST; data.nr++)
		if (seccomp_run(p->filter->code, p->filter->count, &data, &action) ||
		    action != ANSWER(ENOSYS))
			return err_set(p->err, EPERM,
				       "filter %s answers the unknown call %d with %x",
				       p->profile->name, data.nr, action);
	return 0;
}

static int try_action(const struct proof *p, uint32_t audit_arch, uint32_t number, uint32_t wanted)
{
	struct seccomp_data data = {.nr = (int)number, .arch = audit_arch};
	uint32_t action = SECCOMP_RET_ALLOW;

	if (seccomp_run(p->filter->code, p->filter->count, &data, &action) || action != wanted)
		return err_set(p->err, EPERM,
			       "filter %s answers call %x of architecture %x with %x",
			       p->profile->name, number, audit_arch, action);
	return 0;
}

/* That these never pass is proven already; here, that they end the process: an attack signal. */
static int prove_foreign(const struct proof *p)
{
	uint32_t own = seccomp_audit_arch(p->arch);
	int r = 0;

	for (int arch = 0; !r && arch < ARCH_COUNT; arch++)
		if (arch != (int)p->arch)
			r = try_action(p, seccomp_audit_arch((enum policy_arch)arch), 1,
				       SECCOMP_RET_KILL_PROCESS);
	if (!r && p->arch == ARCH_X86_64)
		r = try_action(p, own, X32_BIT | 1, SECCOMP_RET_KILL_PROCESS);
	if (!r && p->arch == ARCH_X86_64)
		r = try_action(p, own, UINT32_MAX, ANSWER(ENOSYS));
	return r;
}

int seccomp_profile_prove(const struct seccomp_profile *profile,
			  const struct seccomp_values *values, enum policy_arch arch,
			  const struct seccomp_filter *filter, struct err *err)
{
	struct proof p = {
		.profile = profile, .values = values, .arch = arch, .filter = filter, .err = err};
	int r = seccomp_filter_validate(filter, arch, err);

	if (!r)
		r = read_tables(&p);
	for (int number = 0; !r && number <= SECCOMP_NEWEST; number++)
		r = prove_number(&p, number);
	if (!r && arch == ARCH_ARMV7)
		for (int number = ARM_PRIVATE_FIRST; !r && number <= ARM_PRIVATE_LAST; number++)
			r = prove_number(&p, number);
	if (!r)
		r = prove_foreign(&p);
	return r ? r : prove_newer(&p);
}

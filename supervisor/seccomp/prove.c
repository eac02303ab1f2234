#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

#include "base/str.h"
#include "seccomp/interpreter.h"
#include "seccomp/neverlist.h"
#include "seccomp/profile.h"

#define X32_BIT           0x40000000u
#define ANSWER(code)      (SECCOMP_RET_ERRNO | (code))
#define VALUES_MAX        64 /* values tried for one argument of one call */
#define ARM_PRIVATE_FIRST 0xf0001
#define ARM_PRIVATE_LAST  0xf0006

/* The tables read once more, by other means than libseccomp's, and turned into numbers once. */
#define NUMBERS   (SECCOMP_NEWEST + 1 + ARM_PRIVATE_LAST - ARM_PRIVATE_FIRST + 1)
#define RULES_MAX 96

struct proof {
	const struct seccomp_profile *profile;
	const struct seccomp_values *values;
	enum policy_arch arch;
	const struct seccomp_filter *filter;
	struct err *err;
	int ioctl_number;
	bool always[NUMBERS]; /* allowed whatever the arguments, by index_of() */
	unsigned int rule_count;
	struct {
		int number;
		const struct seccomp_rule *rule;
	} rules[RULES_MAX];
};

/* What the tables say of one number: allowed whatever its arguments, or by which rules. */
#define ENTRY_MAX 16
struct entry {
	bool always;
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
		p->always[index_of(number)] = true;
	}
	return 0;
}

static int read_rules(struct proof *p, const struct seccomp_rule *rules)
{
	for (; rules->name; rules++) {
		int number = seccomp_number(rules->name, p->arch);

		if (number == -ENOENT || !seccomp_rule_counts(rules, p->values))
			continue;
		if (p->rule_count == RULES_MAX || number < 0 || index_of(number) == NUMBERS ||
		    p->always[index_of(number)])
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

static bool rule_matches(const struct proof *p, const struct seccomp_rule *rule,
			 const struct seccomp_data *data)
{
	for (unsigned int i = 0; i < rule->count; i++) {
		const struct seccomp_compare *compare = &rule->compare[i];
		uint32_t low = (uint32_t)data->args[compare->arg];

		if ((low & compare->mask) != seccomp_compare_value(compare, p->values))
			return false;
	}
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

static uint32_t expected(const struct proof *p, const struct entry *entry,
			 const struct seccomp_data *data)
{
	if (is_refused_ioctl(p, data))
		return ANSWER(EPERM);
	if (entry->always)
		return SECCOMP_RET_ALLOW;
	for (unsigned int i = 0; i < entry->count; i++)
		if (rule_matches(p, entry->rules[i], data))
			return entry->rules[i]->refuse ? ANSWER(entry->rules[i]->refuse)
						       : SECCOMP_RET_ALLOW;
	return ANSWER(EPERM);
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
};

static void add_value(struct values *values, uint64_t value)
{
	if (values->count < VALUES_MAX)
		values->at[values->count++] = value;
}

/* The edges of every comparison of @arg: the value, each bit of the mask flipped, and the extremes.
 */
static void edges_of(const struct proof *p, const struct entry *entry, uint8_t arg,
		     struct values *values)
{
	values->count = 0;
	add_value(values, 0);
	add_value(values, UINT64_MAX);
	for (unsigned int i = 0; i < entry->count; i++)
		for (unsigned int c = 0; c < entry->rules[i]->count; c++) {
			const struct seccomp_compare *compare = &entry->rules[i]->compare[c];
			uint32_t value = seccomp_compare_value(compare, p->values);

			if (compare->arg != arg)
				continue;
			add_value(values, value);
			add_value(values, value | 0xabcd000000000000ULL);
			for (unsigned int bit = 0; bit < 32; bit++)
				if (compare->mask != UINT32_MAX && compare->mask >> bit & 1)
					add_value(values, value ^ (1u << bit));
			add_value(values, value + 1ULL);
			add_value(values, value | ~compare->mask);
		}
}

/* All pairs of edges of the (at most) three arguments that rules look at. */
static int try_edges(const struct proof *p, const struct entry *entry, struct seccomp_data *data)
{
	static const uint8_t pairs[][2] = {{0, 1}, {0, 2}, {0, 4}, {1, 2}};
	struct values first;
	struct values second;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		edges_of(p, entry, pairs[i][0], &first);
		edges_of(p, entry, pairs[i][1], &second);
		for (unsigned int a = 0; !r && a < first.count; a++)
			for (unsigned int b = 0; !r && b < second.count; b++) {
				memset(data->args, 0, sizeof(data->args));
				data->args[pairs[i][0]] = first.at[a];
				data->args[pairs[i][1]] = second.at[b];
				r = try_one(p, entry, data);
			}
	}
	return r;
}

/* A call that no rule looks into: one answer, whatever its arguments. */
static int try_plain(const struct proof *p, const struct entry *entry, struct seccomp_data *data)
{
	struct seccomp_question question = {0};
	bool may = true;
	int r;

	memset(data->args, 0xff, sizeof(data->args));
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
		data->args[1] |= 0xffffffff00000000ULL;
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
	if (!r && number == p->ioctl_number)
		r = try_ioctls(p, &entry, &data);
	return r;
}

/* Beyond the newest call we know: ENOSYS, whatever the tables say. */
static int prove_newer(const struct proof *p)
{
	struct seccomp_data data = {.arch = seccomp_audit_arch(p->arch)};
	uint32_t action = SECCOMP_RET_ALLOW;

	for (data.nr = SECCOMP_NEWEST + 1; data.nr < 2 * SECCOMP_NEWEST; data.nr++)
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

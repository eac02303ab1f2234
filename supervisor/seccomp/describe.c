#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "seccomp/show.h"

static void add_hex(struct text *out, uint64_t value)
{
	char piece[24];

	(void)snprintf(piece, sizeof(piece), "0x%" PRIx64, value);
	text_add(out, piece);
}

static void add_action(struct text *out, uint16_t refuse)
{
	static const struct {
		uint16_t refuse;
		const char *name;
	} names[] = {
		{0, "allow"},          {EPERM, "EPERM"},           {EACCES, "EACCES"},
		{EINVAL, "EINVAL"},    {ENOSYS, "ENOSYS"},         {REFUSE_KILL, "kill"},
		{REFUSE_TRAP, "trap"}, {EOPNOTSUPP, "EOPNOTSUPP"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].refuse == refuse) {
			text_add(out, names[i].name);
			return;
		}
	text_add(out, "errno ");
	text_add_u64(out, refuse);
}

static void add_compare(struct text *out, const struct seccomp_compare *compare)
{
	static const char *const signs[VALUE_COUNT] = {
		[VALUE_FIXED] = " == ", [VALUE_NOT] = " != ", [VALUE_LT] = " < ",
		[VALUE_LE] = " <= ",    [VALUE_GE] = " >= ",  [VALUE_GT] = " > ",
	};

	text_add(out, "arg");
	text_add_u64(out, compare->arg);
	if (compare->kind == VALUE_EXEC_FD) {
		text_add(out, " is the program's own descriptor");
		return;
	}
	if (compare->kind == VALUE_FIXED && (uint32_t)compare->mask != UINT32_MAX) {
		text_add(out, " & ");
		add_hex(out, compare->mask);
	}
	text_add(out, signs[compare->kind]);
	add_hex(out, compare->value);
}

static void add_rule(struct text *out, const struct seccomp_rule *rule)
{
	text_add(out, out->used ? "; " : "");
	add_action(out, rule->refuse);
	for (unsigned int i = 0; i < rule->count; i++) {
		text_add(out, i ? " and " : " if ");
		add_compare(out, &rule->compare[i]);
	}
}

static bool is_listed(const struct seccomp_profile *profile, enum policy_arch arch, int number)
{
	for (size_t t = 0; t < SECCOMP_TABLES && profile->allow[t]; t++)
		for (const char *const *name = profile->allow[t]; *name; name++)
			if (seccomp_number(*name, arch) == number)
				return true;
	return false;
}

void seccomp_describe(const struct seccomp_profile *profile, const struct seccomp_values *values,
		      enum policy_arch arch, int number, struct text *out)
{
	if (number > (int)seccomp_newest(profile)) {
		add_action(out, ENOSYS);
		return;
	}
	if (is_listed(profile, arch, number)) {
		add_action(out, 0);
		return;
	}
	for (size_t t = 0; t < SECCOMP_TABLES && profile->rules[t]; t++)
		for (const struct seccomp_rule *rule = profile->rules[t]; rule->name; rule++)
			if (seccomp_rule_counts(rule, values) &&
			    seccomp_number(rule->name, arch) == number)
				add_rule(out, rule);
	if (!out->used)
		add_action(out, profile->refuse ? profile->refuse : EPERM);
}

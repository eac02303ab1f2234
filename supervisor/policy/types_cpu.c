#include <errno.h>
#include <string.h>

#include "policy/key.h"

/* cpuset_cpus and cpu_weight. */

#define CPUS_MAX 64

/* "0", "0-3": *@mask gets the bits. */
static int take_range(const char *text, uint64_t *mask)
{
	char first_text[8];
	const char *dash = strchr(text, '-');
	size_t length = dash ? (size_t)(dash - text) : strlen(text);
	uint64_t first;
	uint64_t last;

	if (length >= sizeof(first_text))
		return -EINVAL;
	memcpy(first_text, text, length);
	first_text[length] = '\0';
	if (str_u64(first_text, 0, CPUS_MAX - 1, &first))
		return -EINVAL;
	last = first;
	if (dash && str_u64(dash + 1, first, CPUS_MAX - 1, &last))
		return -EINVAL;
	for (uint64_t cpu = first; cpu <= last; cpu++)
		*mask |= 1ULL << cpu;
	return 0;
}

int policy_parse_cpuset(const struct policy_key *key, const char *value, void *base,
			struct err *err)
{
	char text[128];
	char *rest = text;
	uint64_t mask = 0;

	if (str_equal(value, "all")) {
		policy_number_set(key, base, 0);
		return 0;
	}
	if (str_copy(text, sizeof(text), value))
		return err_set(err, EINVAL, "not of the form \"%s\"", key->type->syntax);
	while (rest) {
		char *part = rest;

		rest = strchr(part, ',');
		if (rest)
			*rest++ = '\0';
		if (take_range(part, &mask))
			return err_set(
				err, EINVAL,
				"\"%s\" is neither a CPU from 0 to %d nor a range FIRST-LAST", part,
				CPUS_MAX - 1);
	}
	policy_number_set(key, base, mask);
	return 0;
}

void policy_print_cpus(struct text *out, uint64_t mask)
{
	const char *comma = "";

	for (unsigned int first = 0; first < CPUS_MAX; first++) {
		unsigned int last = first;

		if (!(mask >> first & 1))
			continue;
		while (last + 1 < CPUS_MAX && mask >> (last + 1) & 1)
			last++;
		text_add(out, comma);
		text_add_u64(out, first);
		if (last > first) {
			text_add(out, "-");
			text_add_u64(out, last);
		}
		comma = ",";
		first = last;
	}
}

static bool print_cpuset(const struct policy_key *key, const void *base, unsigned int index,
			 struct text *out)
{
	uint64_t mask = policy_number(key, base);

	if (index)
		return false;
	if (!mask)
		text_add(out, "all");
	policy_print_cpus(out, mask);
	return true;
}

const struct policy_type policy_type_cpuset = {
	.syntax = "CPUs: all 0 0,2 0-3",
	.print = print_cpuset,
};

/* 0: not set, cpu_shares decides. */
int policy_parse_weight(const struct policy_key *key, const char *value, void *base,
			struct err *err)
{
	return policy_parse_count(key, value, base, err);
}

static bool print_weight(const struct policy_key *key, const void *base, unsigned int index,
			 struct text *out)
{
	uint64_t number = policy_number(key, base);

	if (index || !number)
		return false;
	text_add_u64(out, number);
	return true;
}

static int valid_weight(const struct policy_key *key, const void *base, struct err *err)
{
	if (policy_number(key, base) > key->max)
		return err_set(err, EBADMSG, "%s is out of its range", key->name);
	return 0;
}

const struct policy_type policy_type_weight = {
	.syntax = "number: 100",
	.print = print_weight,
	.valid = valid_weight,
};

#include "seccomp/docker_reader.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

/* The parts of one rule: conditions and arguments. */

#define OLDEST_MAJOR 6 /* Linux 6.1: what every board has at least */
#define OLDEST_MINOR 1

static const struct word *find_word(const struct word *words, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(words[i].name, name))
			return &words[i];
	return NULL;
}

int reader_word(struct reader *r, const char *what, const struct word *words, size_t count,
		uint32_t *value)
{
	const struct word *found;
	char name[WORD_MAX];
	int e = json_word(&r->json, name, sizeof(name));

	if (e)
		return e;
	found = find_word(words, count, name);
	if (!found)
		return fail_word(r, "\"%s\" is no %s", name, what);
	*value = found->value;
	return 0;
}

int reader_object(struct reader *r, const struct member *members, size_t count)
{
	char key[WORD_MAX];
	uint32_t seen = 0;
	bool first = true;
	int e;

	for (;;) {
		size_t i = 0;

		e = json_object_next(&r->json, &first, key, sizeof(key));
		if (e <= 0)
			return e;
		while (i < count && !str_equal(members[i].name, key))
			i++;
		if (i == count) {
			(void)fail_word(r, "unknown key \"%s\"", key);
			return err_hint(r->json.err, "nothing is skipped: take it out");
		}
		if (seen & 1u << i)
			return fail_word(r, "\"%s\" stands there twice", key);
		seen |= 1u << i;
		e = members[i].read(r);
		if (e)
			return e;
	}
}

/* ---- includes and excludes */

/* Architectures in conditions; the value is ours, or none of ours. */
static const struct word arches[] = {
	{"amd64", ARCH_X86_64},    {"arm64", ARCH_AARCH64},     {"arm", ARCH_ARMV7},
	{"riscv64", ARCH_RISCV64}, {"x86", ARCH_COUNT},         {"386", ARCH_COUNT},
	{"x32", ARCH_COUNT},       {"mips", ARCH_COUNT},        {"mips64", ARCH_COUNT},
	{"mips64n32", ARCH_COUNT}, {"mipsel", ARCH_COUNT},      {"mipsel64", ARCH_COUNT},
	{"ppc", ARCH_COUNT},       {"mipsel64n32", ARCH_COUNT}, {"ppc64", ARCH_COUNT},
	{"ppc64le", ARCH_COUNT},   {"s390", ARCH_COUNT},        {"s390x", ARCH_COUNT},
	{"loong64", ARCH_COUNT},   {"loongarch64", ARCH_COUNT}, {"parisc", ARCH_COUNT},
};

static int read_arches(struct reader *r)
{
	bool first = true;
	bool listed = false;
	bool any = false;
	int e;

	if (json_null(&r->json))
		return 0;
	while ((e = json_array_next(&r->json, &first)) > 0) {
		uint32_t arch = ARCH_COUNT;

		e = reader_word(r, "architecture", arches, ARRAY_SIZE(arches), &arch);
		if (e)
			return e;
		any = true;
		listed |= arch == (uint32_t)r->arch;
	}
	if (any && listed == r->excludes)
		r->entry.applies = false;
	return e;
}

static int read_caps(struct reader *r)
{
	bool first = true;
	int e;

	if (json_null(&r->json))
		return 0;
	while ((e = json_array_next(&r->json, &first)) > 0) {
		char name[WORD_MAX];

		e = json_word(&r->json, name, sizeof(name));
		if (e)
			return e;
		if (!str_starts(name, "CAP_"))
			return fail_word(r, "\"%s\" is no capability", name);
		/* A service has none. */
		if (!r->excludes)
			r->entry.applies = false;
	}
	return e;
}

/* "4.8" or "5.10.1" */
static int read_version(struct reader *r, uint64_t numbers[3])
{
	char text[WORD_MAX];
	char *part = text;
	int e = json_word(&r->json, text, sizeof(text));

	for (unsigned int i = 0; !e && i < 3; i++) {
		char *dot = strchr(part, '.');

		if (dot && i < 2)
			*dot = '\0';
		if (str_u64(part, 0, 1000, &numbers[i]))
			return fail_word(r, "not a kernel version such as 5.10");
		if (!dot && i > 0)
			return 0;
		if (!dot)
			return fail_word(r, "not a kernel version such as 5.10");
		part = dot + 1;
	}
	return e;
}

static int read_kernel(struct reader *r)
{
	uint64_t numbers[3] = {0};
	bool reached;
	int e = read_version(r, numbers);

	if (e)
		return e;
	reached = numbers[0] < OLDEST_MAJOR ||
		  (numbers[0] == OLDEST_MAJOR && numbers[1] <= OLDEST_MINOR && !numbers[2]);
	if (reached == r->excludes)
		r->entry.applies = false;
	return 0;
}

static const struct member condition_members[] = {
	{"arches", read_arches},
	{"caps", read_caps},
	{"minKernel", read_kernel},
};

static int read_condition(struct reader *r, bool excludes)
{
	if (json_null(&r->json))
		return 0;
	r->excludes = excludes;
	return reader_object(r, condition_members, ARRAY_SIZE(condition_members));
}

int reader_includes(struct reader *r)
{
	return read_condition(r, false);
}

int reader_excludes(struct reader *r)
{
	return read_condition(r, true);
}

/* ---- arguments */

#define OP_EQ     VALUE_COUNT
#define OP_MASKED (VALUE_COUNT + 1)

static const struct word ops[] = {
	{"SCMP_CMP_NE", VALUE_NOT},        {"SCMP_CMP_LT", VALUE_LT},
	{"SCMP_CMP_LE", VALUE_LE},         {"SCMP_CMP_EQ", OP_EQ},
	{"SCMP_CMP_GE", VALUE_GE},         {"SCMP_CMP_GT", VALUE_GT},
	{"SCMP_CMP_MASKED_EQ", OP_MASKED},
};

static int read_index(struct reader *r)
{
	return json_number(&r->json, SECCOMP_ARGS - 1, &r->argument.index);
}

static int read_value(struct reader *r)
{
	return json_number(&r->json, UINT32_MAX, &r->argument.value);
}

static int read_value_two(struct reader *r)
{
	return json_number(&r->json, UINT32_MAX, &r->argument.value_two);
}

static int read_op(struct reader *r)
{
	return reader_word(r, "comparison", ops, ARRAY_SIZE(ops), &r->argument.op);
}

static const struct member argument_members[] = {
	{"index", read_index},
	{"value", read_value},
	{"valueTwo", read_value_two},
	{"op", read_op},
};

#define NOT_SAID UINT32_MAX

static int read_argument(struct reader *r)
{
	struct entry *entry = &r->entry;
	struct argument *a = &r->argument;
	int e;

	*a = (struct argument){.index = NOT_SAID, .value = 1ULL << 32, .op = NOT_SAID};
	e = reader_object(r, argument_members, ARRAY_SIZE(argument_members));
	if (e)
		return e;
	if (a->index == NOT_SAID || a->op == NOT_SAID || a->value > UINT32_MAX)
		return json_fail(&r->json, "an argument needs index, value and op");
	if (a->value_two && a->op != OP_MASKED)
		return json_fail(&r->json, "valueTwo belongs to SCMP_CMP_MASKED_EQ");
	if (a->value_two & ~a->value)
		return json_fail(&r->json, "valueTwo has bits outside the mask: never equal");
	for (unsigned int i = 0; i < entry->args; i++)
		if (entry->arg[i].index == a->index)
			return json_fail(&r->json, "argument %u stands there twice",
					 (unsigned int)a->index);
	entry->arg[entry->args++] = *a; /* six at most: each index once */
	return 0;
}

int reader_args(struct reader *r)
{
	bool first = true;
	int e;

	if (json_null(&r->json))
		return 0;
	while ((e = json_array_next(&r->json, &first)) > 0) {
		e = read_argument(r);
		if (e)
			return e;
	}
	return e;
}

/*
 * "Equal" in a rule that allows compares all 64 bits, as asked; in one that refuses only those that
 * the kernel uses, or a set upper half would lead around it.
 */
struct seccomp_compare reader_compare(const struct argument *a, bool allows)
{
	struct seccomp_compare compare = {
		.arg = (uint8_t)a->index,
		.kind = (uint8_t)a->op,
		.mask = UINT32_MAX,
		.value = a->value,
	};

	if (a->op == OP_EQ && allows)
		compare.mask = UINT64_MAX;
	if (a->op == OP_MASKED) {
		compare.mask = a->value;
		compare.value = a->value_two;
	}
	if (a->op >= VALUE_COUNT)
		compare.kind = VALUE_FIXED;
	return compare;
}

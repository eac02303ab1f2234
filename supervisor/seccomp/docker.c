#include "seccomp/docker.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "seccomp/json.h"
#include "seccomp/shape.h"

#define WORD_MAX     40
#define OLDEST_MAJOR 6 /* Linux 6.1: what every board has at least */
#define OLDEST_MINOR 1

struct argument {
	uint64_t index;
	uint64_t value;
	uint64_t value_two;
	unsigned int op; /* row of ops */
};

/* One element of "syscalls", until its end: members come in any order. */
struct entry {
	unsigned int names; /* at listing->names[listing->name_count] */
	bool single;        /* "name" */
	bool has_action;
	bool has_errno;
	bool errno_named;
	uint16_t refuse;
	uint64_t errno_number;
	bool applies;
	unsigned int args;
	struct argument arg[SECCOMP_ARGS];
};

struct reader {
	struct json json;
	enum policy_arch arch;
	struct seccomp_listing *listing;
	struct entry entry;
	struct argument argument;
	struct entry dflt; /* defaultAction, defaultErrnoRet, defaultErrno */
	bool excludes;     /* the condition being read is one that excludes */
	bool has_machines;
};

/* ---- words */

struct word {
	const char *name;
	uint32_t value;
};

#define ACTION_LOG    0x10000
#define ACTION_TRACE  0x10001
#define ACTION_NOTIFY 0x10002

static const struct word actions[] = {
	{"SCMP_ACT_ALLOW", 0},
	{"SCMP_ACT_ERRNO", EPERM},
	/* One thread killed alone leaves a process that hangs: the process ends. */
	{"SCMP_ACT_KILL", REFUSE_KILL},
	{"SCMP_ACT_KILL_THREAD", REFUSE_KILL},
	{"SCMP_ACT_KILL_PROCESS", REFUSE_KILL},
	{"SCMP_ACT_TRAP", REFUSE_TRAP},
	{"SCMP_ACT_LOG", ACTION_LOG},
	{"SCMP_ACT_TRACE", ACTION_TRACE},
	{"SCMP_ACT_NOTIFY", ACTION_NOTIFY},
};

#define OP_EQ     VALUE_COUNT
#define OP_MASKED (VALUE_COUNT + 1)

static const struct word ops[] = {
	{"SCMP_CMP_NE", VALUE_NOT}, {"SCMP_CMP_LT", VALUE_LT}, {"SCMP_CMP_LE", VALUE_LE},
	{"SCMP_CMP_EQ", OP_EQ},     {"SCMP_CMP_GE", VALUE_GE}, {"SCMP_CMP_GT", VALUE_GT},
	{"SCMP_CMP_MASKED_EQ", OP_MASKED},
};

static const struct word errnos[] = {
	{"EPERM", EPERM},       {"ENOENT", ENOENT}, {"EIO", EIO},       {"EBADF", EBADF},
	{"EAGAIN", EAGAIN},     {"ENOMEM", ENOMEM}, {"EACCES", EACCES}, {"EBUSY", EBUSY},
	{"EEXIST", EEXIST},     {"ENODEV", ENODEV}, {"EINVAL", EINVAL}, {"ENOTTY", ENOTTY},
	{"ENOSPC", ENOSPC},     {"ESPIPE", ESPIPE}, {"EROFS", EROFS},   {"ENOSYS", ENOSYS},
	{"EAFNOSUPPORT", EAFNOSUPPORT}, {"EOPNOTSUPP", EOPNOTSUPP}, {"ENOTSUP", ENOTSUP},
};

/* Architectures in conditions; the value is ours, or none of ours. */
static const struct word arches[] = {
	{"amd64", ARCH_X86_64},    {"arm64", ARCH_AARCH64},    {"arm", ARCH_ARMV7},
	{"riscv64", ARCH_RISCV64}, {"x86", ARCH_COUNT},        {"386", ARCH_COUNT},
	{"x32", ARCH_COUNT},       {"mips", ARCH_COUNT},       {"mips64", ARCH_COUNT},
	{"mips64n32", ARCH_COUNT}, {"mipsel", ARCH_COUNT},     {"mipsel64", ARCH_COUNT},
	{"ppc", ARCH_COUNT},       {"mipsel64n32", ARCH_COUNT}, {"ppc64", ARCH_COUNT},
	{"ppc64le", ARCH_COUNT},   {"s390", ARCH_COUNT},       {"s390x", ARCH_COUNT},
	{"loong64", ARCH_COUNT},   {"loongarch64", ARCH_COUNT}, {"parisc", ARCH_COUNT},
};

/* Those that libseccomp knows; the filter is for the native one alone, whatever stands there. */
static const char *const machines[] = {
	"X86", "X86_64", "X32", "ARM", "AARCH64", "MIPS", "MIPS64", "MIPS64N32", "MIPSEL", "MIPSEL64",
	"MIPSEL64N32", "PPC", "PPC64", "PPC64LE", "S390", "S390X", "PARISC", "PARISC64", "RISCV64",
	"LOONGARCH64", "M68K", "SH", "SHEB",
};

static const struct word *find_word(const struct word *words, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(words[i].name, name))
			return &words[i];
	return NULL;
}

/* One of a list of words; the message stands at its beginning. */
static int read_word(struct reader *r, const char *what, const struct word *words, size_t count,
		     uint32_t *value)
{
	struct json start = r->json;
	const struct word *found;
	char name[WORD_MAX];
	int e = json_word(&r->json, name, sizeof(name));

	if (e)
		return e;
	found = find_word(words, count, name);
	if (!found)
		return json_fail(&start, "\"%s\" is no %s", name, what);
	*value = found->value;
	return 0;
}

/* ---- members of objects */

struct member {
	const char *name;
	int (*read)(struct reader *r);
};

/* An object whose every member is known and stands there once. */
static int read_object(struct reader *r, const struct member *members, size_t count)
{
	char key[WORD_MAX];
	uint32_t seen = 0;
	bool first = true;
	int e;

	for (;;) {
		struct json start = r->json;
		size_t i = 0;

		e = json_object_next(&r->json, &first, key, sizeof(key));
		if (e <= 0)
			return e;
		while (i < count && !str_equal(members[i].name, key))
			i++;
		if (i == count) {
			(void)json_fail(&start, "unknown key \"%s\"", key);
			return err_hint(r->json.err, "nothing is skipped: take it out");
		}
		if (seen & 1u << i)
			return json_fail(&start, "\"%s\" stands there twice", key);
		seen |= 1u << i;
		e = members[i].read(r);
		if (e)
			return e;
	}
}

static int skip_text(struct reader *r)
{
	return json_null(&r->json) ? 0 : json_skip_string(&r->json);
}

static int refuse_action(struct reader *r, const struct json *start, uint32_t value)
{
	(void)r;
	if (value == ACTION_LOG)
		(void)json_fail(start, "SCMP_ACT_LOG lets the call pass");
	else if (value == ACTION_TRACE)
		(void)json_fail(start, "SCMP_ACT_TRACE needs a tracer, and there is none");
	else
		(void)json_fail(start, "SCMP_ACT_NOTIFY needs a listener, and there is none");
	return err_hint(start->err, "every refused call is recorded; ALLOW or ERRNO");
}

static int read_action_into(struct reader *r, struct entry *entry)
{
	struct json start = r->json;
	uint32_t value = 0;
	int e = read_word(r, "action", actions, ARRAY_SIZE(actions), &value);

	if (e)
		return e;
	if (value >= ACTION_LOG)
		return refuse_action(r, &start, value);
	entry->has_action = true;
	entry->refuse = (uint16_t)value;
	return 0;
}

/* errnoRet and errno, in either order, must say the same. */
static int take_errno(struct reader *r, const struct json *start, struct entry *entry,
		      uint64_t number)
{
	(void)r;
	if (number == 0)
		return json_fail(start, "errno 0 would pretend success");
	if (entry->has_errno && entry->errno_number != number)
		return json_fail(start, "the errno by name and by number differ");
	entry->has_errno = true;
	entry->errno_number = number;
	return 0;
}

static int read_errno_number(struct reader *r, struct entry *entry)
{
	struct json start = r->json;
	uint64_t number = 0;
	int e = json_number(&r->json, 4095, &number);

	return e ? e : take_errno(r, &start, entry, number);
}

static int read_errno_name(struct reader *r, struct entry *entry)
{
	struct json start = r->json;
	uint32_t number = 0;
	int e = read_word(r, "errno that is known here", errnos, ARRAY_SIZE(errnos), &number);

	return e ? e : take_errno(r, &start, entry, number);
}

/* What the action says, with its errno. */
static int settle_action(struct reader *r, struct entry *entry, const char *key)
{
	if (!entry->has_action)
		return json_fail(&r->json, "\"%s\" is missing", key);
	if (!entry->has_errno)
		return 0;
	if (entry->refuse != EPERM)
		return json_fail(&r->json, "an errno without SCMP_ACT_ERRNO");
	entry->refuse = (uint16_t)entry->errno_number;
	return 0;
}

/* ---- includes and excludes */

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

		e = read_word(r, "architecture", arches, ARRAY_SIZE(arches), &arch);
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
		struct json start = r->json;
		char name[WORD_MAX];

		e = json_word(&r->json, name, sizeof(name));
		if (e)
			return e;
		if (!str_starts(name, "CAP_"))
			return json_fail(&start, "\"%s\" is no capability", name);
		/* A service has none. */
		if (!r->excludes)
			r->entry.applies = false;
	}
	return e;
}

/* "4.8" or "5.10.1" */
static int read_version(struct reader *r, uint64_t numbers[3])
{
	struct json start = r->json;
	char text[WORD_MAX];
	char *part = text;
	int e = json_word(&r->json, text, sizeof(text));

	for (unsigned int i = 0; !e && i < 3; i++) {
		char *dot = strchr(part, '.');

		if (dot && i < 2)
			*dot = '\0';
		if (str_u64(part, 0, 1000, &numbers[i]))
			return json_fail(&start, "not a kernel version such as 5.10");
		if (!dot && i > 0)
			return 0;
		if (!dot)
			return json_fail(&start, "not a kernel version such as 5.10");
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
	return read_object(r, condition_members, ARRAY_SIZE(condition_members));
}

static int read_includes(struct reader *r)
{
	return read_condition(r, false);
}

static int read_excludes(struct reader *r)
{
	return read_condition(r, true);
}

/* ---- arguments */

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
	return read_word(r, "comparison", ops, ARRAY_SIZE(ops), &r->argument.op);
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
	e = read_object(r, argument_members, ARRAY_SIZE(argument_members));
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

static int read_args(struct reader *r)
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
static struct seccomp_compare compare_of(const struct argument *a, bool allows)
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

/* ---- syscalls */

static int read_one_name(struct reader *r)
{
	struct seccomp_listing *listing = r->listing;
	struct json start = r->json;
	unsigned int at = listing->name_count + r->entry.names;
	int number;
	int e;

	if (at >= SECCOMP_LISTING_MAX)
		return json_fail(&start, "more than %d names", SECCOMP_LISTING_MAX);
	e = json_word(&r->json, listing->names[at], SECCOMP_NAME_SIZE);
	if (e)
		return e;
	number = seccomp_number(listing->names[at], r->arch);
	if (number == -EINVAL)
		return json_fail(&start, "\"%s\" is no system call", listing->names[at]);
	if (number > listing->profile.newest && number <= SECCOMP_NEWEST)
		listing->profile.newest = (uint16_t)number;
	r->entry.names++;
	return 0;
}

static int both_names(struct reader *r)
{
	(void)json_fail(&r->json, "both \"name\" and \"names\"");
	return err_hint(r->json.err, "\"names\" is the current format, \"name\" the old one");
}

static int read_names(struct reader *r)
{
	bool first = true;
	int e;

	if (r->entry.names)
		return both_names(r);
	while ((e = json_array_next(&r->json, &first)) > 0) {
		e = read_one_name(r);
		if (e)
			return e;
	}
	if (!e && !r->entry.names)
		return json_fail(&r->json, "\"names\" is empty");
	return e;
}

static int read_name(struct reader *r)
{
	return r->entry.names ? both_names(r) : read_one_name(r);
}

static int read_action(struct reader *r)
{
	return read_action_into(r, &r->entry);
}

static int read_entry_errno(struct reader *r)
{
	return read_errno_name(r, &r->entry);
}

static int read_entry_errno_ret(struct reader *r)
{
	return read_errno_number(r, &r->entry);
}

static const struct member entry_members[] = {
	{"names", read_names},       {"name", read_name},
	{"action", read_action},     {"args", read_args},
	{"comment", skip_text},      {"includes", read_includes},
	{"excludes", read_excludes}, {"errnoRet", read_entry_errno_ret},
	{"errno", read_entry_errno},
};

static int add_rules(struct reader *r)
{
	struct seccomp_listing *listing = r->listing;
	struct seccomp_rule rule = {
		.refuse = r->entry.refuse,
		.count = (uint8_t)r->entry.args,
	};

	for (unsigned int i = 0; i < r->entry.args; i++)
		rule.compare[i] = compare_of(&r->entry.arg[i], !rule.refuse);
	for (unsigned int i = 0; i < r->entry.names; i++) {
		int e;

		rule.name = listing->names[listing->name_count++];
		e = seccomp_listing_add(listing, &rule);
		if (e == -EPROTO)
			return json_fail(&r->json, "%s is answered differently further up",
					 rule.name);
		if (e)
			return json_fail(&r->json, "more than %d rules", SECCOMP_LISTING_MAX);
	}
	return 0;
}

static int read_entry(struct reader *r)
{
	int e;

	r->entry = (struct entry){.applies = true};
	e = read_object(r, entry_members, ARRAY_SIZE(entry_members));
	if (e)
		return e;
	if (!r->entry.names)
		return json_fail(&r->json, "a rule without \"names\"");
	e = settle_action(r, &r->entry, "action");
	if (e || !r->entry.applies)
		return e;
	return add_rules(r);
}

static int read_syscalls(struct reader *r)
{
	bool first = true;
	int e;

	while ((e = json_array_next(&r->json, &first)) > 0) {
		e = read_entry(r);
		if (e)
			return e;
	}
	return e;
}

/* ---- the whole */

static int read_machine(struct reader *r)
{
	struct json start = r->json;
	char name[WORD_MAX];
	int e = json_word(&r->json, name, sizeof(name));

	for (size_t i = 0; !e && i < ARRAY_SIZE(machines); i++)
		if (str_starts(name, "SCMP_ARCH_") &&
		    str_equal(name + strlen("SCMP_ARCH_"), machines[i]))
			return 0;
	return e ? e : json_fail(&start, "\"%s\" is no architecture", name);
}

static int read_machines(struct reader *r)
{
	bool first = true;
	int e;

	if (json_null(&r->json))
		return 0;
	while ((e = json_array_next(&r->json, &first)) > 0) {
		e = read_machine(r);
		if (e)
			return e;
	}
	return e;
}

static const struct member map_members[] = {
	{"architecture", read_machine},
	{"subArchitectures", read_machines},
};

static int only_one_list(struct reader *r)
{
	if (r->has_machines)
		return json_fail(&r->json, "both \"architectures\" and \"archMap\"");
	r->has_machines = true;
	return 0;
}

static int read_architectures(struct reader *r)
{
	int e = only_one_list(r);

	return e ? e : read_machines(r);
}

static int read_arch_map(struct reader *r)
{
	bool first = true;
	int e = only_one_list(r);

	if (e || json_null(&r->json))
		return e;
	while ((e = json_array_next(&r->json, &first)) > 0) {
		e = read_object(r, map_members, ARRAY_SIZE(map_members));
		if (e)
			return e;
	}
	return e;
}

static int read_default(struct reader *r)
{
	struct json start = r->json;
	int e = read_action_into(r, &r->dflt);

	if (e || r->dflt.refuse)
		return e;
	(void)json_fail(&start, "a default of SCMP_ACT_ALLOW is no filter");
	return err_hint(r->json.err, "default SCMP_ACT_ERRNO, and name what may pass");
}

static int read_default_errno(struct reader *r)
{
	return read_errno_name(r, &r->dflt);
}

static int read_default_errno_ret(struct reader *r)
{
	return read_errno_number(r, &r->dflt);
}

static const struct member profile_members[] = {
	{"defaultAction", read_default},       {"defaultErrnoRet", read_default_errno_ret},
	{"defaultErrno", read_default_errno},  {"archMap", read_arch_map},
	{"architectures", read_architectures}, {"syscalls", read_syscalls},
};

static int read_profile(struct reader *r)
{
	int e = read_object(r, profile_members, ARRAY_SIZE(profile_members));

	e = e ? e : settle_action(r, &r->dflt, "defaultAction");
	e = e ? e : json_end(&r->json);
	if (!e && !r->listing->count)
		return json_fail(&r->json, "no call is named that may pass");
	r->listing->profile.refuse = r->dflt.refuse;
	return e;
}

int seccomp_docker_read(const struct seccomp_text *text, enum policy_arch arch, bool mdwe,
			struct seccomp_listing *listing, struct err *err)
{
	struct reader r = {
		.json = {.name = text->name, .text = text->text, .size = text->size, .err = err},
		.arch = arch,
		.listing = listing,
	};
	int e;

	if (text->size > SECCOMP_JSON_MAX)
		return err_set(err, EFBIG, "%s is larger than 256 KiB", text->name);
	memset(listing, 0, sizeof(*listing));
	listing->profile.name = text->name;
	e = read_profile(&r);
	if (e)
		return e;
	e = seccomp_listing_shape(listing, mdwe, err);
	if (e)
		(void)err_prefix(err, "%s", text->name);
	return e;
}

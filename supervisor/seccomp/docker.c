#include "seccomp/docker_reader.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "seccomp/shape.h"

/* ---- actions */

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

static const struct word errnos[] = {
	{"EPERM", EPERM},
	{"ENOENT", ENOENT},
	{"EIO", EIO},
	{"EBADF", EBADF},
	{"EAGAIN", EAGAIN},
	{"ENOMEM", ENOMEM},
	{"EACCES", EACCES},
	{"EBUSY", EBUSY},
	{"EEXIST", EEXIST},
	{"ENODEV", ENODEV},
	{"EINVAL", EINVAL},
	{"ENOTTY", ENOTTY},
	{"ENOSPC", ENOSPC},
	{"ESPIPE", ESPIPE},
	{"EROFS", EROFS},
	{"ENOSYS", ENOSYS},
	{"EAFNOSUPPORT", EAFNOSUPPORT},
	{"EOPNOTSUPP", EOPNOTSUPP},
	{"ENOTSUP", ENOTSUP},
};

static int skip_text(struct reader *r)
{
	return json_null(&r->json) ? 0 : json_skip_string(&r->json);
}

static int refuse_action(struct reader *r, uint32_t value)
{
	if (value == ACTION_LOG)
		(void)fail_word(r, "SCMP_ACT_LOG lets the call pass");
	else if (value == ACTION_TRACE)
		(void)fail_word(r, "SCMP_ACT_TRACE needs a tracer, and there is none");
	else
		(void)fail_word(r, "SCMP_ACT_NOTIFY needs a listener, and there is none");
	return err_hint(r->json.err, "every refused call is recorded; ALLOW or ERRNO");
}

static int read_action_into(struct reader *r, struct entry *entry)
{
	uint32_t value = 0;
	int e = reader_word(r, "action", actions, ARRAY_SIZE(actions), &value);

	if (e)
		return e;
	if (value >= ACTION_LOG)
		return refuse_action(r, value);
	entry->has_action = true;
	entry->refuse = (uint16_t)value;
	return 0;
}

/* errnoRet and errno, in either order, must say the same. */
static int take_errno(struct reader *r, struct entry *entry, uint64_t number)
{
	if (number == 0)
		return fail_word(r, "errno 0 would pretend success");
	if (entry->has_errno && entry->errno_number != number)
		return fail_word(r, "the errno by name and by number differ");
	entry->has_errno = true;
	entry->errno_number = number;
	return 0;
}

static int read_errno_number(struct reader *r, struct entry *entry)
{
	uint64_t number = 0;
	int e = json_number(&r->json, 4095, &number);

	return e ? e : take_errno(r, entry, number);
}

static int read_errno_name(struct reader *r, struct entry *entry)
{
	uint32_t number = 0;
	int e = reader_word(r, "errno that is known here", errnos, ARRAY_SIZE(errnos), &number);

	return e ? e : take_errno(r, entry, number);
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

/* ---- syscalls */

static int read_one_name(struct reader *r)
{
	struct seccomp_listing *listing = r->listing;
	unsigned int at = listing->name_count + r->entry.names;
	int number;
	int e;

	if (at >= SECCOMP_LISTING_MAX)
		return fail_word(r, "more than %d names", SECCOMP_LISTING_MAX);
	e = json_word(&r->json, listing->names[at], SECCOMP_NAME_SIZE);
	if (e)
		return e;
	number = seccomp_number(listing->names[at], r->arch);
	if (number == -EINVAL)
		return fail_word(r, "\"%s\" is no system call", listing->names[at]);
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
	{"names", read_names},         {"name", read_name},
	{"action", read_action},       {"args", reader_args},
	{"comment", skip_text},        {"includes", reader_includes},
	{"excludes", reader_excludes}, {"errnoRet", read_entry_errno_ret},
	{"errno", read_entry_errno},
};

static int add_rules(struct reader *r)
{
	struct seccomp_listing *listing = r->listing;
	struct seccomp_compare compares[SECCOMP_COMPARES];
	struct seccomp_rule rule = {
		.refuse = r->entry.refuse,
		.count = (uint8_t)r->entry.args,
	};

	for (unsigned int i = 0; i < r->entry.args; i++)
		compares[i] = reader_compare(&r->entry.arg[i], !rule.refuse);
	rule.compare = compares;
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
	e = reader_object(r, entry_members, ARRAY_SIZE(entry_members));
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

/* Those that libseccomp knows; the filter is for the native one alone, whatever stands there. */
static const char *const machines[] = {
	"X86",     "X86_64",      "X32",    "ARM",      "AARCH64",     "MIPS",
	"MIPS64",  "MIPS64N32",   "MIPSEL", "MIPSEL64", "MIPSEL64N32", "PPC",
	"PPC64",   "PPC64LE",     "S390",   "S390X",    "PARISC",      "PARISC64",
	"RISCV64", "LOONGARCH64", "M68K",   "SH",       "SHEB",
};

static int read_machine(struct reader *r)
{
	char name[WORD_MAX];
	int e = json_word(&r->json, name, sizeof(name));

	for (size_t i = 0; !e && i < ARRAY_SIZE(machines); i++)
		if (str_starts(name, "SCMP_ARCH_") &&
		    str_equal(name + strlen("SCMP_ARCH_"), machines[i]))
			return 0;
	return e ? e : fail_word(r, "\"%s\" is no architecture", name);
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
		e = reader_object(r, map_members, ARRAY_SIZE(map_members));
		if (e)
			return e;
	}
	return e;
}

static int read_default(struct reader *r)
{
	int e = read_action_into(r, &r->dflt);

	if (e || r->dflt.refuse)
		return e;
	(void)fail_word(r, "a default of SCMP_ACT_ALLOW is no filter");
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
	int e = reader_object(r, profile_members, ARRAY_SIZE(profile_members));
	int exec;

	e = e ? e : settle_action(r, &r->dflt, "defaultAction");
	e = e ? e : json_end(&r->json);
	if (!e && !r->listing->count)
		return json_fail(&r->json, "no call is named that may pass");
	/* The launcher's own call stands below the line whatever the file names. */
	exec = seccomp_number("execveat", r->arch);
	if (exec > r->listing->profile.newest)
		r->listing->profile.newest = (uint16_t)exec;
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

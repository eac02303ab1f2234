#include "seccomp/build.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "seccomp/compact.h"
#include "seccomp/docker.h"
#include "seccomp/prefix.h"
#include "seccomp/profile.h"

#define RLIMIT_NOFILE_ROW 7 /* RLIMIT_NOFILE of every architecture here */
#define TREE              2 /* SCMP_FLTATR_CTL_OPTIMIZE: a binary tree over the numbers */

static const uint32_t scmp_arches[ARCH_COUNT] = {SCMP_ARCH_X86_64, SCMP_ARCH_AARCH64, SCMP_ARCH_ARM,
						 SCMP_ARCH_RISCV64};

bool seccomp_rule_counts(const struct seccomp_rule *rule, const struct seccomp_values *values)
{
	if (rule->when == WHEN_ALWAYS)
		return true;
	return (rule->when == WHEN_MDWE) == values->mdwe;
}

uint64_t seccomp_compare_value(const struct seccomp_compare *compare,
			       const struct seccomp_values *values)
{
	return compare->kind == VALUE_EXEC_FD ? values->exec_fd : compare->value;
}

uint32_t seccomp_action(uint16_t refuse)
{
	if (refuse == REFUSE_KILL)
		return SECCOMP_RET_KILL_PROCESS;
	if (refuse == REFUSE_TRAP)
		return SECCOMP_RET_TRAP;
	return refuse ? SECCOMP_RET_ERRNO | refuse : SECCOMP_RET_ALLOW;
}

uint32_t seccomp_allowed(const struct seccomp_profile *profile, const char *name)
{
	for (const char *const *quiet = profile->quiet; quiet; quiet++) {
		if (!*quiet)
			return SECCOMP_RET_LOG;
		if (str_equal(*quiet, name))
			break;
	}
	return SECCOMP_RET_ALLOW;
}

uint32_t seccomp_newest(const struct seccomp_profile *profile)
{
	return profile->newest ? profile->newest : SECCOMP_NEWEST;
}

int seccomp_number(const char *name, enum policy_arch arch)
{
	int number = seccomp_syscall_resolve_name_arch(scmp_arches[arch], name);

	if (number == __NR_SCMP_ERROR)
		return -EINVAL;
	/* libseccomp's own negative numbers stand for calls that this architecture lacks. */
	return number < 0 ? -ENOENT : number;
}

const char *seccomp_number_name(int number, enum policy_arch arch)
{
	static char name[SECCOMP_NAME_SIZE];
	char *found = seccomp_syscall_resolve_num_arch(scmp_arches[arch], number);

	if (!found || str_copy(name, sizeof(name), found))
		name[0] = '\0';
	free(found);
	return name;
}

struct builder {
	scmp_filter_ctx context;
	enum policy_arch arch;
	const struct seccomp_profile *profile;
	const struct seccomp_values *values;
	uint32_t dflt;
	struct err *err;
};

static int add(struct builder *b, const char *name, uint32_t action,
	       const struct scmp_arg_cmp *compares, unsigned int count)
{
	int number = seccomp_number(name, b->arch);
	int r;

	/* libseccomp takes no rule that answers what everything else is answered with. */
	if (number == -ENOENT || action == b->dflt)
		return 0;
	if (number < 0)
		return err_set(b->err, EINVAL, "profile names \"%s\", which is no system call",
			       name);
	/* libseccomp takes the number of the machine it runs on and translates it by name. */
	number = seccomp_syscall_resolve_name(name);
	r = seccomp_rule_add_exact_array(b->context, action, number, count, compares);
	return r ? err_sys(b->err, -r, "rule for %s", name) : 0;
}

static uint32_t scmp_action(uint16_t refuse)
{
	if (refuse == REFUSE_KILL)
		return SCMP_ACT_KILL_PROCESS;
	if (refuse == REFUSE_TRAP)
		return SCMP_ACT_TRAP;
	return refuse ? SCMP_ACT_ERRNO(refuse) : SCMP_ACT_ALLOW;
}

/* SCMP_ACT_ALLOW and SCMP_ACT_LOG are the kernel's numbers. */
static uint32_t rule_action(const struct builder *b, const struct seccomp_rule *rule)
{
	return rule->refuse ? scmp_action(rule->refuse) : seccomp_allowed(b->profile, rule->name);
}

static const enum scmp_compare scmp_ops[VALUE_COUNT] = {
	[VALUE_FIXED] = SCMP_CMP_MASKED_EQ, [VALUE_EXEC_FD] = SCMP_CMP_MASKED_EQ,
	[VALUE_NOT] = SCMP_CMP_NE,          [VALUE_LT] = SCMP_CMP_LT,
	[VALUE_LE] = SCMP_CMP_LE,           [VALUE_GE] = SCMP_CMP_GE,
	[VALUE_GT] = SCMP_CMP_GT,
};

static struct scmp_arg_cmp compare_of(const struct builder *b,
				      const struct seccomp_compare *compare)
{
	uint64_t value = seccomp_compare_value(compare, b->values);
	bool masked = scmp_ops[compare->kind] == SCMP_CMP_MASKED_EQ;

	return (struct scmp_arg_cmp){
		.arg = compare->arg,
		.op = scmp_ops[compare->kind],
		.datum_a = masked ? compare->mask : value,
		.datum_b = masked ? value : 0,
	};
}

static unsigned int nots_of(const struct seccomp_rule *rule, unsigned int *at)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < rule->count; i++)
		if (rule->compare[i].kind == VALUE_NOT) {
			*at = i;
			count++;
		}
	return count;
}

/*
 * libseccomp's "not equal" compares 64 bits. On 32 it is: some bit differs; one rule per bit.
 */
static int add_not(struct builder *b, const struct seccomp_rule *rule,
		   struct scmp_arg_cmp *compares, unsigned int at)
{
	uint64_t value = rule->compare[at].value;
	int r = 0;

	for (unsigned int bit = 0; !r && bit < 32; bit++) {
		compares[at].op = SCMP_CMP_MASKED_EQ;
		compares[at].datum_a = 1ULL << bit;
		compares[at].datum_b = ~value & 1ULL << bit;
		r = add(b, rule->name, rule_action(b, rule), compares, rule->count);
	}
	return r;
}

static int add_rule(struct builder *b, const struct seccomp_rule *rule)
{
	struct scmp_arg_cmp compares[SECCOMP_COMPARES];
	unsigned int at = 0;
	unsigned int nots;

	if (!seccomp_rule_counts(rule, b->values))
		return 0;
	for (unsigned int i = 0; i < rule->count; i++)
		compares[i] = compare_of(b, &rule->compare[i]);
	nots = nots_of(rule, &at);
	if (nots > 1)
		return err_set(b->err, EINVAL, "%s: a rule holds two \"not equal\"", rule->name);
	if (nots)
		return add_not(b, rule, compares, at);
	return add(b, rule->name, rule_action(b, rule), compares, rule->count);
}

static int add_tables(struct builder *b)
{
	const struct seccomp_profile *profile = b->profile;
	int r = 0;

	for (size_t i = 0; i < SECCOMP_TABLES && profile->allow[i]; i++)
		for (const char *const *name = profile->allow[i]; !r && *name; name++)
			r = add(b, *name, seccomp_allowed(profile, *name), NULL, 0);
	for (size_t i = 0; i < SECCOMP_TABLES && profile->rules[i]; i++)
		for (const struct seccomp_rule *rule = profile->rules[i]; !r && rule->name; rule++)
			r = add_rule(b, rule);
	return r;
}

static int set_up(struct builder *b)
{
	uint32_t native = scmp_arches[b->arch];
	int r = 0;

	if (seccomp_arch_exist(b->context, native))
		r = seccomp_arch_add(b->context, native);
	if (!r && native != seccomp_arch_native())
		r = seccomp_arch_remove(b->context, seccomp_arch_native());
	if (!r)
		r = seccomp_attr_set(b->context, SCMP_FLTATR_CTL_OPTIMIZE, TREE);
	return r ? err_sys(b->err, -r, "libseccomp") : 0;
}

/* Not seccomp_export_bpf_mem(): in 2.6.0 it reads past its buffer. */
static int take_program(struct builder *b, uint32_t newest, struct seccomp_filter *filter)
{
	CLEAN_FD int fd = memfd_create("filter", MFD_CLOEXEC);
	uint32_t prefix = seccomp_prefix(filter->code, b->arch, newest);
	off_t bytes;
	int r;

	if (fd < 0)
		return err_sys(b->err, errno, "memfd");
	r = seccomp_export_bpf(b->context, fd);
	if (r)
		return err_sys(b->err, -r, "libseccomp");
	bytes = lseek(fd, 0, SEEK_END);
	if (bytes <= 0 || (size_t)bytes % sizeof(struct sock_filter) ||
	    (size_t)bytes / sizeof(struct sock_filter) > SECCOMP_FILTER_MAX - prefix)
		return err_set(b->err, E2BIG, "filter of %lld bytes", (long long)bytes);
	r = fd_pread_exact(fd, filter->code + prefix, (size_t)bytes, 0);
	if (r)
		return err_sys(b->err, -r, "filter");
	filter->count = prefix + (uint32_t)((size_t)bytes / sizeof(struct sock_filter));
	return 0;
}

int seccomp_profile_translate(const struct seccomp_profile *profile,
			      const struct seccomp_values *values, enum policy_arch arch,
			      struct seccomp_filter *filter, struct err *err)
{
	struct builder b = {.arch = arch, .profile = profile, .values = values, .err = err};
	int r;

	if (arch >= ARCH_COUNT)
		return err_set(err, EINVAL, "unknown architecture");
	/* A set level: nothing is asked of the kernel we run on, so every host makes the same
	 * bytes. 3 is the first that kills processes (Linux 4.14). */
	(void)seccomp_api_set(3);
	b.dflt = scmp_action(profile->refuse ? profile->refuse : EPERM);
	b.context = seccomp_init(b.dflt);
	if (!b.context)
		return err_set(err, ENOMEM, "out of memory for a filter");
	memset(filter, 0, sizeof(*filter));
	filter->magic = SECCOMP_FILTER_MAGIC;
	filter->size = sizeof(*filter);
	filter->arch = arch;
	r = set_up(&b);
	if (!r)
		r = add_tables(&b);
	if (!r)
		r = take_program(&b, seccomp_newest(profile), filter);
	seccomp_release(b.context);
	return r ? r : seccomp_profile_prove(profile, values, arch, filter, err);
}

int seccomp_profile_build(const struct seccomp_profile *profile,
			  const struct seccomp_values *values, enum policy_arch arch,
			  struct seccomp_filter *filter, struct err *err)
{
	static struct seccomp_filter shorter;
	int r = seccomp_profile_translate(profile, values, arch, filter, err);

	/* Proven twice: it answers as libseccomp's does, and as the tables say. */
	if (r || seccomp_compact(filter, &shorter) || !seccomp_prefer(filter, &shorter))
		return r;
	return seccomp_profile_prove(profile, values, arch, filter, err);
}

static int build_file(const struct seccomp_text *file, const struct seccomp_values *values,
		      enum policy_arch arch, struct seccomp_filter *filter, struct err *err)
{
	static struct seccomp_listing listing;
	int r = seccomp_docker_read(file, arch, values->mdwe, &listing, err);

	return r ? r : seccomp_profile_build(&listing.profile, values, arch, filter, err);
}

int seccomp_build(const struct policy *policy, const struct seccomp_text *file,
		  enum policy_arch arch, struct seccomp_filter *filter, struct err *err)
{
	uint64_t exec_fd = policy->rlimits[RLIMIT_NOFILE_ROW].hard;
	struct seccomp_values values = {.exec_fd = (uint32_t)exec_fd, .mdwe = policy->mdwe};

	/* 3: standard input, output and error; the upper end keeps E + 1 a positive int. */
	if (exec_fd < 3 || exec_fd >= INT32_MAX)
		return err_set(err, EINVAL, "ulimit nofile leaves no room for the program itself");
	if (policy->seccomp == SECCOMP_STRICT)
		return seccomp_profile_build(&seccomp_strict, &values, arch, filter, err);
	if (policy->seccomp == SECCOMP_MOBY)
		return seccomp_profile_build(&seccomp_moby, &values, arch, filter, err);
	if (policy->seccomp != SECCOMP_FILE || !file)
		return err_set(err, ENOTSUP, "no such seccomp profile");
	return build_file(file, &values, arch, filter, err);
}

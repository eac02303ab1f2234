#ifndef SECCOMP_PROFILE_H
#define SECCOMP_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "seccomp/filter.h"

/*
 * A profile as tables of names. What is in no table answers EPERM; what is newer than the newest
 * call we know answers ENOSYS, so that C libraries use their older way.
 */
#define SECCOMP_NEWEST 466 /* removexattrat, Linux 6.13: the same number on every architecture */

enum seccomp_when { WHEN_ALWAYS, WHEN_MDWE, WHEN_JIT };
enum seccomp_value { VALUE_FIXED, VALUE_EXEC_FD };

/* (argument & mask) == value, on the low 32 bits: those that the kernel looks at for int and flags.
 */
struct seccomp_compare {
	uint8_t arg;
	uint8_t kind; /* enum seccomp_value */
	uint32_t mask;
	uint32_t value;
};

#define SECCOMP_COMPARES 2

/* All comparisons hold: allow, or refuse with @refuse where that is another errno than EPERM. */
struct seccomp_rule {
	const char *name;
	uint8_t when;   /* enum seccomp_when */
	uint8_t refuse; /* errno, 0: allow */
	uint8_t count;
	struct seccomp_compare compare[SECCOMP_COMPARES];
};

#define SECCOMP_TABLES 6

struct seccomp_profile {
	const char *name;
	const char *const *allow[SECCOMP_TABLES];         /* names, NULL at the end of each */
	const struct seccomp_rule *rules[SECCOMP_TABLES]; /* name NULL at the end of each */
};

/* What a profile leaves open. */
struct seccomp_values {
	uint32_t exec_fd; /* E */
	bool mdwe;        /* no memory that is writable and executable, nor one after the other */
};

/* builtin:strict, and what it shares with the helpers. */
extern const struct seccomp_profile seccomp_strict;
extern const struct seccomp_rule seccomp_memory_rules[];
extern const struct seccomp_rule seccomp_exec_rules[];

extern const struct seccomp_profile seccomp_helpers[];
extern const size_t seccomp_helper_count;

/*
 * Profile to filter by libseccomp, then seccomp_profile_prove(). -EINVAL: a name that no
 * architecture has; -E2BIG: more than SECCOMP_FILTER_MAX instructions; -ENOMEM.
 */
int seccomp_profile_build(const struct seccomp_profile *profile,
			  const struct seccomp_values *values, enum policy_arch arch,
			  struct seccomp_filter *filter, struct err *err);

/*
 * Does @filter do what the tables say, for every number and at the edges of every comparison? Runs
 * it in our interpreter and proves the never-list. -EPERM when it does not: a bug of libseccomp or
 * ours, never loaded.
 */
int seccomp_profile_prove(const struct seccomp_profile *profile,
			  const struct seccomp_values *values, enum policy_arch arch,
			  const struct seccomp_filter *filter, struct err *err);

/* Does this rule count under these values? */
bool seccomp_rule_counts(const struct seccomp_rule *rule, const struct seccomp_values *values);

/* The value that @compare wants. */
uint32_t seccomp_compare_value(const struct seccomp_compare *compare,
			       const struct seccomp_values *values);

/* Number of @name on @arch: -ENOENT when that architecture has no such call, -EINVAL when none has.
 */
int seccomp_number(const char *name, enum policy_arch arch);

/* ioctl commands that push input into a terminal or load a line discipline; refused whatever the
 * profile says. */
#define SECCOMP_IOCTLS 3
extern const uint32_t seccomp_ioctls_refused[SECCOMP_IOCTLS];

#endif

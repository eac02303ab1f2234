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

/*
 * What a comparison asks of its argument. FIXED: (argument & mask) == value; a mask of 32 ones
 * looks at the half that the kernel uses for int and flags. EXEC_FD: the same with E. NOT: the low
 * half is another value; comparing all 64 bits would let (value | 1 << 32) through, which the
 * kernel takes for value. The other four compare all 64 bits, as sizes are. On armv7 arguments
 * have 32.
 */
enum seccomp_value {
	VALUE_FIXED,
	VALUE_EXEC_FD,
	VALUE_NOT,
	VALUE_LT,
	VALUE_LE,
	VALUE_GE,
	VALUE_GT,
	VALUE_COUNT
};

struct seccomp_compare {
	uint8_t arg;
	uint8_t kind; /* enum seccomp_value */
	uint64_t mask;
	uint64_t value; /* at most 32 bits */
};

#define SECCOMP_ARGS     6 /* of a system call */
#define SECCOMP_COMPARES 6

/* What @refuse says besides an errno. */
#define REFUSE_KILL 0xffff /* the process */
#define REFUSE_TRAP 0xfffe /* SIGSYS */

/* All comparisons hold: allow, or refuse with @refuse where that is another errno than EPERM. */
struct seccomp_rule {
	const char *name;
	uint8_t when;    /* enum seccomp_when */
	uint16_t refuse; /* errno or REFUSE_*, 0: allow */
	uint8_t count;   /* at most SECCOMP_COMPARES */
	const struct seccomp_compare *compare;
};

/* .count and .compare of a row of a table: {arg, kind, mask, value}, ... */
#define COMPARES(...)                                                                              \
	.count = sizeof((struct seccomp_compare[]){__VA_ARGS__}) / sizeof(struct seccomp_compare), \
	.compare = (const struct seccomp_compare[])                                                \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

#define SECCOMP_TABLES 6

struct seccomp_profile {
	const char *name;
	const char *const *allow[SECCOMP_TABLES];         /* names, NULL at the end of each */
	const struct seccomp_rule *rules[SECCOMP_TABLES]; /* name NULL at the end of each */
	uint16_t refuse;                                  /* what is in no table; 0: EPERM */
	uint16_t newest; /* calls above it answer ENOSYS; 0: SECCOMP_NEWEST */
	/* Not NULL: what is allowed and does not stand here is logged by the kernel when it is
	 * made (SECCOMP_RET_LOG); NULL at the end. */
	const char *const *quiet;
};

/* What a profile leaves open. */
struct seccomp_values {
	uint32_t exec_fd; /* E */
	bool mdwe;        /* no memory that is writable and executable, nor one after the other */
};

/* builtin:strict, and what it shares with others. */
extern const struct seccomp_profile seccomp_strict;
extern const struct seccomp_rule seccomp_memory_rules[];
extern const struct seccomp_rule seccomp_shm_rules[];
extern const struct seccomp_rule seccomp_exec_rules[];

/* What both builtin profiles allow whatever the arguments. */
extern const char *const seccomp_usual_files[];
extern const char *const seccomp_usual_memory[];
extern const char *const seccomp_usual_processes[];
extern const char *const seccomp_usual_time[];
extern const char *const seccomp_usual_sockets[];

/* builtin:moby: Docker's default list for a container without capabilities. */
extern const struct seccomp_profile seccomp_moby;

/*
 * For `bartizan seccomp record`: builtin:moby, the widest list that a service may name anyway, with
 * everything logged but what every program does all the time (seccomp_recording.quiet).
 */
extern const struct seccomp_profile seccomp_recording;

extern const struct seccomp_profile seccomp_helpers[];
extern const size_t seccomp_helper_count;

/*
 * Profile to filter by libseccomp, then seccomp_profile_prove(). -EINVAL: a name that no
 * architecture has; -E2BIG: more than SECCOMP_FILTER_MAX instructions; -ENOMEM.
 */
int seccomp_profile_translate(const struct seccomp_profile *profile,
			      const struct seccomp_values *values, enum policy_arch arch,
			      struct seccomp_filter *filter, struct err *err);

/* The same, in fewer instructions where that is proven to be equivalent (compact.h). */
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
uint64_t seccomp_compare_value(const struct seccomp_compare *compare,
			       const struct seccomp_values *values);

/* SECCOMP_RET_* that @refuse of a rule or a profile stands for; 0 is ALLOW in a rule. */
uint32_t seccomp_action(uint16_t refuse);

/* SECCOMP_RET_ALLOW, or SECCOMP_RET_LOG where @profile logs what it allows of @name. */
uint32_t seccomp_allowed(const struct seccomp_profile *profile, const char *name);

/* The newest number that @profile knows. */
uint32_t seccomp_newest(const struct seccomp_profile *profile);

#define CLONE_NEW_ALL 0x7e020000u /* CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET} */

/* Number of @name on @arch: -ENOENT when that architecture has no such call, -EINVAL when none has.
 */
int seccomp_number(const char *name, enum policy_arch arch);

/* Name of @number on @arch; "" when no call has it. */
const char *seccomp_number_name(int number, enum policy_arch arch);

/* ioctl commands that push input into a terminal or load a line discipline; refused whatever the
 * profile says. */
#define SECCOMP_IOCTLS 3
extern const uint32_t seccomp_ioctls_refused[SECCOMP_IOCTLS];

#endif

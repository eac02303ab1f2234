#ifndef SECCOMP_DOCKER_READER_H
#define SECCOMP_DOCKER_READER_H

#include "seccomp/docker.h"
#include "seccomp/json.h"

/* What docker.c and docker_rule.c share: the state of reading one profile. */
#define WORD_MAX 40

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

struct word {
	const char *name;
	uint32_t value;
};

/* A member of an object. */
struct member {
	const char *name;
	int (*read)(struct reader *r);
};

/* As json_fail(), at the beginning of the last word or number. */
#define fail_word(r, ...) json_fail((const struct json[]){json_back(&(r)->json)}, __VA_ARGS__)

/* One of a list of words, else "NAME is no WHAT". */
int reader_word(struct reader *r, const char *what, const struct word *words, size_t count,
		uint32_t *value);

/* An object whose every member is known and stands there once. */
int reader_object(struct reader *r, const struct member *members, size_t count);

/* includes, excludes: may clear r->entry.applies. */
int reader_includes(struct reader *r);
int reader_excludes(struct reader *r);

/* "args" into r->entry.arg. */
int reader_args(struct reader *r);

/* One argument as a comparison of a rule that allows, or refuses. */
struct seccomp_compare reader_compare(const struct argument *a, bool allows);

#endif

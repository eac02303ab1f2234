#ifndef SECCOMP_DOCKER_H
#define SECCOMP_DOCKER_H

#include "policy/policy.h"
#include "seccomp/profile.h"

/*
 * A profile in Docker's JSON: the current format ("names", archMap, includes, excludes) and the old
 * one ("name", architectures). Anything that the reader does not know is an error, never skipped.
 */
#define SECCOMP_JSON_MAX    (256 * 1024)
#define SECCOMP_LISTING_MAX 1000 /* rules; with those of W^X and E below what can be proven */
#define SECCOMP_NAME_SIZE   32

struct seccomp_text {
	const char *name; /* for messages */
	const char *text;
	size_t size;
};

/* What came out of a file: @profile points into the rest, so it is never copied. */
struct seccomp_listing {
	struct seccomp_profile profile;
	unsigned int count;
	unsigned int name_count;
	unsigned int never; /* names that the file allows and the never-list forbids */
	struct seccomp_rule rules[SECCOMP_LISTING_MAX + 1];
	struct seccomp_compare compares[SECCOMP_LISTING_MAX][SECCOMP_COMPARES]; /* of each rule */
	char names[SECCOMP_LISTING_MAX][SECCOMP_NAME_SIZE];
};

/*
 * Read @text for @arch. Services have no capabilities, so includes.caps never holds; minKernel is
 * compared with the oldest kernel we run on (6.1), the same everywhere. What the never-list forbids
 * is left out of what the file allows, clone loses new namespaces, clone3 answers ENOSYS, and W^X
 * (@mdwe) is laid over mmap and mprotect. -EINVAL with "file:line:column: reason" and a hint;
 * -EFBIG: more than SECCOMP_JSON_MAX; -E2BIG: more than SECCOMP_LISTING_MAX rules.
 */
int seccomp_docker_read(const struct seccomp_text *text, enum policy_arch arch, bool mdwe,
			struct seccomp_listing *listing, struct err *err);

#endif

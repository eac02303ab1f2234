#ifndef SECCOMP_COMPACT_H
#define SECCOMP_COMPACT_H

#include <stdbool.h>

#include "seccomp/filter.h"

/*
 * The same filter in fewer instructions: numbers that get the same answer become ranges, found by
 * halving; what depends on arguments is kept as it is. The result is a proposal: who uses it has
 * seccomp_same() say that it is equivalent. -ENOTSUP: @from does something that this does not
 * follow; -E2BIG. @to is written in any case.
 */
int seccomp_compact(const struct seccomp_filter *from, struct seccomp_filter *to);

/*
 * Do both answer every call alike: every architecture, every number, every argument value? Shares
 * no code with seccomp_compact(). False when that cannot be shown.
 */
bool seccomp_same(const struct seccomp_filter *one, const struct seccomp_filter *other);

/* @proposal in place of @filter if it is shorter and seccomp_same(), otherwise nothing changes.
 * True: it was taken. */
bool seccomp_prefer(struct seccomp_filter *filter, const struct seccomp_filter *proposal);

#endif

#ifndef SECCOMP_HELPER_FILTERS_H
#define SECCOMP_HELPER_FILTERS_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Filters of our own helpers: made, checked and written out as C by programs/filtergen when the
 * launcher is built, so no device ever compiles them. Loaded with SECCOMP_FILTER_FLAG_LOG.
 */
#define HELPER_NOFILE  62 /* hard RLIMIT_NOFILE of a helper */
#define HELPER_EXEC_FD 62 /* E of sandbox.md, "Launch order" step 11 */
#define HELPER_GATE_FD 63 /* G */

struct helper_filter {
	const char *name; /* as helper_name() of ipc/proto.h */
	uint16_t count;
	const struct sock_filter *code;
};

extern const struct helper_filter helper_filters[];
extern const size_t helper_filter_count;

const struct helper_filter *helper_filter_find(const char *name); /* NULL: no such helper */

#endif

#ifndef SECCOMP_HELPER_FILTERS_H
#define SECCOMP_HELPER_FILTERS_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "generated/autoconf.h"

/*
 * Filters of our own helpers: made, checked and written out as C by programs/filtergen when the
 * launcher is built, so no device ever compiles them. Loaded with SECCOMP_FILTER_FLAG_LOG.
 */
/* Hard RLIMIT_NOFILE of a helper. The recorder has most: for each service two pipes, those of its
 * last life too until they are empty, and a directory and a segment of the spool. */
#define HELPER_NOFILE  (30 + 6 * CONFIG_SERVICES_MAX)
#define HELPER_EXEC_FD HELPER_NOFILE       /* E of sandbox.md, "Launch order" step 11 */
#define HELPER_GATE_FD (HELPER_NOFILE + 1) /* G */

struct helper_filter {
	const char *name; /* as helper_name() of ipc/proto.h */
	uint16_t count;
	const struct sock_filter *code;
};

extern const struct helper_filter helper_filters[];
extern const size_t helper_filter_count;

const struct helper_filter *helper_filter_find(const char *name); /* NULL: no such helper */

#endif

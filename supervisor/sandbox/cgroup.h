#ifndef SANDBOX_CGROUP_H
#define SANDBOX_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sandbox/plan.h"

/* The limits of a service or helper; 0 = the kernel's default. */
struct cgroup_limits {
	uint64_t memory;
	uint64_t memory_high;
	uint64_t memory_low;
	uint64_t swap;
	uint32_t pids;
	uint32_t cpus_thousandths;
	uint32_t cpu_weight;
	char cpuset[64]; /* "0,2-3"; empty: all */
};

/*
 * Make (or find) the directory @path below bartizan/ ("services/web"), write every limit, read each
 * back and compare; then hand the controllers on to its leaves. -errno with file and value in @err.
 */
int cgroup_prepare(const char *path, const struct cgroup_limits *limits, struct err *err);

/* The filter of devices on that directory (device_filter.h). */
int cgroup_devices(const char *path, const struct plan *plan, uint32_t *program, struct err *err);

/* A fresh leaf @path/@leaf: after cgroup.kill a directory kills whatever is cloned into it
 * (sandbox.md, kernel facts), so none is used twice. Returns its descriptor or -errno. */
int cgroup_leaf(const char *path, const char *leaf, struct err *err);

/* Remove an empty leaf. -EBUSY: somebody lives in it; a leaf that is not there is no error. */
int cgroup_remove_leaf(const char *path, const char *leaf);

/* True when nobody lives anywhere below @path: one instance per uid. */
bool cgroup_is_empty(const char *path);

/* True when nobody lives below @path but in its @leaf. */
bool cgroup_has_only(const char *path, const char *leaf);

/* cpu-shares of Docker to cpu.weight (services.md, facts): 2 -> 1, 1024 -> 100, 262144 -> 10000. */
uint32_t cgroup_weight_of_shares(uint32_t shares);

#endif

#ifndef SANDBOX_CGROUP_H
#define SANDBOX_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sandbox/plan.h"

/*
 * Make (or find) the directory @path below bartizan/ ("services/web"), write every limit, read each
 * back and compare; then hand the controllers on to its leaves. -errno with file and value in @err.
 */
int cgroup_prepare(const char *path, const struct cgroup_limits *limits, struct err *err);

/* The filter of devices on that directory (device_filter.h). */
int cgroup_devices(const char *path, const struct plan *plan, uint32_t *program, struct err *err);

/* Do those limits of @path hold now? Reads only. -EPERM with file, value and what it should be. */
enum cgroup_part { CGROUP_MEMORY, CGROUP_PIDS, CGROUP_CPU };
int cgroup_hold(const char *path, const struct cgroup_limits *limits, enum cgroup_part part,
		struct err *err);

/* Does exactly the filter of devices that @plan makes stand on @path? */
int cgroup_devices_hold(const char *path, const struct plan *plan, struct err *err);

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

#ifndef SANDBOX_DEVICE_FILTER_H
#define SANDBOX_DEVICE_FILTER_H

#include <stdint.h>

#include "base/err.h"
#include "sandbox/plan.h"

/*
 * Let the processes of a cgroup (and of those below it) open null, zero, full, random, urandom, tty
 * and the devices of @plan, and no other device, whatever node they get hold of. Attached without
 * override: nothing below can widen it. *@program is the kernel's number of the program that was
 * put there, 0 at first; when it is there still, that is the proof. -errno with the reason in @err.
 */
int device_filter_apply(int cgroup_fd, const struct plan *plan, uint32_t *program, struct err *err);

/* Is what stands on the cgroup now, and alone, the very program that @plan makes? Compared by the
 * kernel's digest of the instructions. -EPERM when not; nothing is changed. */
int device_filter_hold(int cgroup_fd, const struct plan *plan, struct err *err);

#endif

#ifndef SANDBOX_ATTEST_H
#define SANDBOX_ATTEST_H

#include "base/err.h"
#include "sandbox/child.h"
#include "sandbox/plan.h"

/*
 * Read back from the kernel, from outside, what a parked child really is, and compare with its
 * plan: ids, groups, capability sets, no_new_privs, filter count, every namespace, cgroup, mounts
 * with their attributes, resource limits, user namespace maps, open descriptors. The child has no
 * say in it.
 * *@proofs counts what was compared. -EPERM with what differs; -errno when /proc cannot be read.
 */
int sandbox_attest(int proc_fd, const struct plan *plan, const struct child *child,
		   unsigned int *proofs, struct err *err);

#endif

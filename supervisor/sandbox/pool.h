#ifndef SANDBOX_POOL_H
#define SANDBOX_POOL_H

#include "base/err.h"
#include "sandbox/plan.h"

/*
 * What is dear to make and the same for every life of a service is made once, by the same rows
 * (apply and prove) that a start without a pool runs, in a process that ends at once: the network
 * namespace with its sysctls and loopback, and a mount namespace with the image as root and the
 * mounts marked pooled. A start enters the first and copies the second; what it proves is the same
 * as ever. A procfs of its own comes with them: the kernel keeps one entry per namespace for a file
 * such as sys/net/ipv4/ip_unprivileged_port_start under one name and looks through all of them
 * (fs/proc/proc_sysctl.c, proc_sys_compare), so in one procfs for all a start would cost the more
 * the more services there are. @plan carries root_fd, the mounts with their descriptors, proc_fd;
 * its own pool is ignored. -errno with the reason in @err; @pool is untouched then.
 */
int pool_make(const struct plan *plan, struct pool *pool, struct err *err);

void pool_close(struct pool *pool);

#endif

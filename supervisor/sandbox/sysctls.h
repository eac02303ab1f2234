#ifndef SANDBOX_SYSCTLS_H
#define SANDBOX_SYSCTLS_H

#include "base/err.h"
#include "policy/sysctls.h"
#include "sandbox/plan.h"

/*
 * The settings that the service asks for in one kind of namespace: written through p->proc_fd by a
 * process that is in it, and read back. -errno with the setting in @err.
 */
int sysctls_write(const struct plan *p, enum sysctl_place place, struct err *err);
int sysctls_prove(const struct plan *p, enum sysctl_place place, struct err *err);

#endif

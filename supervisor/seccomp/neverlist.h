#ifndef SECCOMP_NEVERLIST_H
#define SECCOMP_NEVERLIST_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "policy/policy.h"

/* One system call that no filter may let pass, with its number per architecture (-1: not there). */
struct seccomp_never {
	const char *name;
	int16_t number[ARCH_COUNT];
};

extern const struct seccomp_never seccomp_nevers[];
extern const size_t seccomp_never_count;

/* AUDIT_ARCH_* of @arch (linux/audit.h). */
uint32_t seccomp_audit_arch(enum policy_arch arch);

/*
 * -EBADMSG: not a legal program. -EPERM: some arguments let a call of the never-list, a namespace
 * by clone(2), a foreign architecture or an x32 call pass. Proven for all argument values.
 */
int seccomp_check_never(const struct sock_filter *code, size_t count, enum policy_arch arch,
			struct err *err);

#endif

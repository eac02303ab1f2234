#ifndef SECCOMP_FILTER_H
#define SECCOMP_FILTER_H

#include <linux/filter.h>
#include <stdint.h>

#include "base/err.h"
#include "policy/policy.h"

/*
 * A compiled filter as `compile` hands it to the launcher: fixed size, no pointers, in a sealed
 * memfd. The launcher loads @code with SECCOMP_FILTER_FLAG_LOG, without which the kernel writes no
 * record of a refused call (the flag is not part of the program), after seccomp_filter_validate().
 */
#define SECCOMP_FILTER_MAGIC 0x42465431u /* "BFT1" */
#define SECCOMP_FILTER_MAX   4096        /* BPF_MAXINSNS of linux/bpf_common.h */

struct seccomp_filter {
	uint32_t magic;
	uint32_t size; /* sizeof(struct seccomp_filter) */
	uint32_t arch; /* enum policy_arch */
	uint32_t count;
	struct sock_filter code[SECCOMP_FILTER_MAX]; /* zero behind @count */
};

/*
 * Is @filter something the launcher may load for @arch? Head in order, a legal program, and nothing
 * of the never-list reachable. -EBADMSG: malformed; -EPERM: would allow what must never be allowed.
 */
int seccomp_filter_validate(const struct seccomp_filter *filter, enum policy_arch arch,
			    struct err *err);

#endif

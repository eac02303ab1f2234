#ifndef SECCOMP_PREFIX_H
#define SECCOMP_PREFIX_H

#include "seccomp/filter.h"

/*
 * The instructions in front of libseccomp's: what it cannot say. Foreign architecture and x32: kill
 * the process; newer than @newest: ENOSYS; refused ioctl commands: EPERM, compared on 32
 * bits (comparing 64, as "not equal" of libseccomp does, lets TIOCSTI with a set upper half
 * through). Writes to the start of @code and returns the number of instructions.
 */
#define SECCOMP_PREFIX_MAX 24
uint32_t seccomp_prefix(struct sock_filter *code, enum policy_arch arch, uint32_t newest);

#endif

#ifndef SECCOMP_BUILD_H
#define SECCOMP_BUILD_H

#include "seccomp/docker.h"
#include "seccomp/filter.h"

/*
 * The filter of a service. E, the descriptor that execveat(2) may run, is the hard RLIMIT_NOFILE of
 * @policy, and G, the gate, is E + 1: the launcher puts them there before it lowers the limit, and
 * no later call can make those numbers again. @file: the content of policy->seccomp_file, NULL for
 * a builtin profile. -ENOTSUP: the profile is not built in; -EINVAL: the limit leaves no room for E
 * and G; -EPERM: the never-list would be broken (a bug of the profile). Links libseccomp.
 */
int seccomp_build(const struct policy *policy, const struct seccomp_text *file,
		  enum policy_arch arch, struct seccomp_filter *filter, struct err *err);

#endif

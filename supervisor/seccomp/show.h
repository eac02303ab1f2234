#ifndef SECCOMP_SHOW_H
#define SECCOMP_SHOW_H

#include "base/text.h"
#include "seccomp/profile.h"

/*
 * What a profile says of one call, for people: "allow", "EPERM", "allow if arg0 == 0x1; EACCES if
 * ...". The words come from the tables that seccomp_profile_prove() compares the filter with.
 */
void seccomp_describe(const struct seccomp_profile *profile, const struct seccomp_values *values,
		      enum policy_arch arch, int number, struct text *out);

/* `bartizan seccomp show|diff`, on the build host and in `compile` of the device. The exit code. */
int seccomp_command(int argc, char **argv);

#endif

#ifndef POLICY_RESOLVE_H
#define POLICY_RESOLVE_H

#include "policy/key.h"

/*
 * After the last line of a service file: values that follow from others (memory_high is 90 % of
 * memory) and what must hold between two keys. @policy is a struct policy. -EINVAL.
 */
int policy_resolve(void *policy, struct policy_culprit *culprit, struct err *err);

/* Before the first line: what no row can say, the sixteen resource limits. */
void policy_defaults(struct policy *policy);

/* What must hold between keys; also for a struct from another process. -EINVAL, and @culprit is the
 * value that is wrong. */
int policy_check_relations(const struct policy *policy, struct policy_culprit *culprit,
			   struct err *err);

/* Bounds that are no plain maximum (check.c); used by the rows of keys.c. */
int policy_check_nofile(const struct policy *policy, const struct device_policy *device,
			const struct device_service *service, struct err *err);
int policy_check_tmpfs(const struct policy *policy, const struct device_policy *device,
		       const struct device_service *service, struct err *err);
int policy_check_shm(const struct policy *policy, const struct device_policy *device,
		     const struct device_service *service, struct err *err);
int policy_check_sysfs(const struct policy *policy, const struct device_policy *device,
		       const struct device_service *service, struct err *err);
int policy_check_volumes(const struct policy *policy, const struct device_policy *device,
			 const struct device_service *service, struct err *err);
int policy_check_seccomp(const struct policy *policy, const struct device_policy *device,
			 const struct device_service *service, struct err *err);
int policy_check_apparmor(const struct policy *policy, const struct device_policy *device,
			  const struct device_service *service, struct err *err);
int policy_check_jit(const struct policy *policy, const struct device_policy *device,
		     const struct device_service *service, struct err *err);
int policy_check_cpuset(const struct policy *policy, const struct device_policy *device,
			const struct device_service *service, struct err *err);
int policy_check_caps(const struct policy *policy, const struct device_policy *device,
		      const struct device_service *service, struct err *err);
int policy_check_devices(const struct policy *policy, const struct device_policy *device,
			 const struct device_service *service, struct err *err);

#endif

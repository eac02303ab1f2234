/* A policy that passes policy_validate(), for tests of what comes after. */
#ifndef TESTS_SERVICE_POLICY_H
#define TESTS_SERVICE_POLICY_H

#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "base/str.h"
#include "policy/policy.h"

static inline const struct policy *valid_policy(const char *name)
{
	static struct policy policy;

	policy = (struct policy){
		.magic = POLICY_MAGIC,
		.size = sizeof(struct policy),
		.version = "1.0",
		.epoch = 1,
		.command = {.count = 1, .used = sizeof("/bin/web")},
		.argv = "/bin/web",
		.working_dir = "/",
		.umask = 077,
		.memory = 64u << 20,
		.memory_high = 57u << 20,
		.memory_high_lifts = 1,
		.memory_swap = 64u << 20,
		.cpus_thousandths = 1000,
		.cpu_shares = 1024,
		.pids_limit = 64,
		.mdwe = true,
		.restart = RESTART_ON_FAILURE,
		.restart_max = 5,
		.stop_signal = SIGTERM,
		.stop_timeout_ms = 10000,
		.health_interval_ms = 30000,
		.health_timeout_ms = 5000,
		.health_retries = 3,
		.log_rate = 1000,
		.log_burst = 5000,
		.log_max_size = 1u << 20,
		.log_max_file = 3,
		.log_facility = 3,
	};
	for (unsigned int i = 0; i < POLICY_RLIMITS; i++)
		policy.rlimits[i] = (struct policy_rlimit){1024, 4096};
	policy.rlimits[RLIMIT_CORE] = (struct policy_rlimit){0, 0};
	policy.rlimits[RLIMIT_NICE] = (struct policy_rlimit){0, 0};
	policy.rlimits[RLIMIT_RTPRIO] = (struct policy_rlimit){0, 0};
	(void)str_copy(policy.name, sizeof(policy.name), name);
	return &policy;
}

#endif

#include "policy/resolve.h"

#include <errno.h>
#include <sys/resource.h>

#include "policy/capabilities.h"
#include "policy/log_tag.h"
#include "policy/mount_point.h"

#define TMPFS_DEFAULT (8ULL << 20)
#define UNLIMITED     UINT64_MAX
#define PAGE          4096ULL

/* What a service gets for the limits that it does not name (services.md, row 38), in kernel
 * numbering. */
static const struct policy_rlimit limits[POLICY_RLIMITS] = {
	[RLIMIT_CPU] = {UNLIMITED, UNLIMITED},
	[RLIMIT_FSIZE] = {UNLIMITED, UNLIMITED},
	[RLIMIT_DATA] = {UNLIMITED, UNLIMITED},
	[RLIMIT_STACK] = {8 << 20, UNLIMITED},
	[RLIMIT_CORE] = {0, 0},
	[RLIMIT_RSS] = {UNLIMITED, UNLIMITED},
	[RLIMIT_NPROC] = {0, 0}, /* pids_limit + 1 */
	[RLIMIT_NOFILE] = {1024, 4096},
	[RLIMIT_MEMLOCK] = {64 << 10, 64 << 10},
	[RLIMIT_AS] = {UNLIMITED, UNLIMITED},
	[RLIMIT_LOCKS] = {UNLIMITED, UNLIMITED},
	[RLIMIT_SIGPENDING] = {1024, 1024},
	[RLIMIT_MSGQUEUE] = {819200, 819200},
	[RLIMIT_NICE] = {0, 0},
	[RLIMIT_RTPRIO] = {0, 0},
	[RLIMIT_RTTIME] = {UNLIMITED, UNLIMITED},
};

void policy_defaults(struct policy *policy)
{
	for (unsigned int i = 0; i < POLICY_RLIMITS; i++)
		policy->rlimits[i] = limits[i];
}

static void fill_memory(struct policy *p)
{
	p->memory_high_lifts = !p->memory_high;
	if (!p->memory_high)
		p->memory_high = p->memory / 10 * 9 / PAGE * PAGE;
	if (!p->memory_swap)
		p->memory_swap = p->memory;
	for (unsigned int i = 0; i < p->tmpfs_count; i++)
		if (!p->tmpfs[i].size)
			p->tmpfs[i].size = p->memory / 4 < TMPFS_DEFAULT
						   ? p->memory / 4 / PAGE * PAGE
						   : TMPFS_DEFAULT;
}

static bool was_set(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < policy_service_table.count; i++)
		if (str_equal(policy_service_table.keys[i].name, name))
			return p->lines[i] != 0;
	return false;
}

/* Which value it is, and why. */
static int blame(struct policy_culprit *culprit, const char *key, unsigned int index)
{
	*culprit = (struct policy_culprit){.key = key, .index = index};
	return EINVAL;
}

static int check_memory(const struct policy *p, struct policy_culprit *culprit, struct err *err)
{
	if (p->memory_high > p->memory)
		return err_set(err, blame(culprit, "memory_high", 0), "above memory");
	if (was_set(p, "memory_swap") && !was_set(p, "memory")) {
		(void)err_set(err, blame(culprit, "memory_swap", 0), "stands without memory");
		return err_hint(err, "it counts memory and swap together: say both");
	}
	if (p->memory_swap < p->memory) {
		(void)err_set(err, blame(culprit, "memory_swap", 0), "below memory");
		return err_hint(err,
				"it is memory and swap together; the same as memory means no swap");
	}
	if (p->memory_reservation > p->memory)
		return err_set(err, blame(culprit, "memory_reservation", 0), "above memory");
	if (p->shm_size > p->memory)
		return err_set(err, blame(culprit, "shm_size", 0),
			       "larger than memory, which it is charged to");
	for (unsigned int i = 0; i < p->tmpfs_count; i++)
		if (p->tmpfs[i].size > p->memory)
			return err_set(err, blame(culprit, "tmpfs", i),
				       "larger than memory, which it is charged to");
	return 0;
}

static int check_standby(const struct policy *p, struct policy_culprit *culprit, struct err *err)
{
	if (!p->standby)
		return 0;
	if (p->restart == RESTART_NO) {
		(void)err_set(err, blame(culprit, "standby", 0),
			      "restart = no starts no next life");
		return err_hint(err, "restart = on-failure");
	}
	if (p->ready != READY_EXEC) {
		(void)err_set(err, blame(culprit, "standby", 0),
			      "not built in beside ready = notify or fd:N");
		return err_hint(err, "ready = exec: a parked life has nobody to tell yet");
	}
	if (p->pids_limit < 2 || p->rlimits[RLIMIT_NPROC].hard < 2) {
		(void)err_set(err, blame(culprit, "standby", 0), "counts as one process");
		return err_hint(err, "pids_limit and ulimit nproc of 2 at least");
	}
	return 0;
}

static int check_log(const struct policy *p, struct policy_culprit *culprit, struct err *err)
{
	struct policy_culprit found;
	int r = policy_log_check(p, &found.key, &found.index, err);

	if (r)
		*culprit = found;
	return r;
}

int policy_check_relations(const struct policy *policy, struct policy_culprit *culprit,
			   struct err *err)
{
	int r = check_memory(policy, culprit, err);

	r = r ? r : policy_mount_points_check(policy, err);
	r = r ? r : check_standby(policy, culprit, err);
	r = r ? r : check_log(policy, culprit, err);
	if (r)
		return r;
	if (policy->cpu_weight && was_set(policy, "cpu_shares")) {
		(void)err_set(err, blame(culprit, "cpu_weight", 0), "stands beside cpu_shares");
		return err_hint(err, "both say the same in two scales: keep one");
	}
	if (!(policy->caps & POLICY_CAP_SYS_NICE) &&
	    (policy->rlimits[RLIMIT_NICE].hard || policy->rlimits[RLIMIT_RTPRIO].hard)) {
		(void)err_set(
			err,
			blame(culprit, "ulimit",
			      policy->rlimits[RLIMIT_NICE].hard ? RLIMIT_NICE : RLIMIT_RTPRIO),
			"priority needs cap_add = SYS_NICE");
		return err_hint(err, "the device must grant it");
	}
	if (policy->health.count && policy->health_timeout_ms > policy->health_interval_ms)
		return err_set(err, blame(culprit, "health_timeout", 0),
			       "longer than health_interval");
	for (unsigned int i = 0; i < policy->volume_count; i++)
		if (*policy->volumes[i].owner && str_equal(policy->volumes[i].owner, policy->name))
			return err_set(err, blame(culprit, "volume", i),
				       "its own volume is written without the service's name");
	for (unsigned int i = 0; i < policy->depends_count; i++)
		if (str_equal(policy->depends[i].name, policy->name))
			return err_set(err, blame(culprit, "depends_on", i),
				       "names the service itself");
	return 0;
}

int policy_resolve(void *policy, struct policy_culprit *culprit, struct err *err)
{
	struct policy *p = policy;

	fill_memory(p);
	/* One more than the cgroup allows: that one comes first, is counted and becomes a record.
	 */
	if (!p->rlimits[RLIMIT_NPROC].hard)
		p->rlimits[RLIMIT_NPROC] =
			(struct policy_rlimit){p->pids_limit + 1, p->pids_limit + 1};
	return policy_check_relations(p, culprit, err);
}

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "programs/launcher/launcher.h"
#include "sandbox/cgroup.h"

/*
 * The health command of a running service: the same filter, ids, limits and proofs, inside the
 * service's own namespaces, in a leaf of its own below the service's limits.
 */
static int prepare(struct service *s, struct plan *plan, struct err *err)
{
	char parent[64];
	char leaf[24];

	plan->exec_fd = start_program(s->template_fd, s->policy.health_argv, err);
	if (plan->exec_fd < 0)
		return plan->exec_fd;
	plan->program = s->policy.health_argv;
	str_join(parent, sizeof(parent), "services/", s->name, "");
	(void)snprintf(leaf, sizeof(leaf), "probe-%u", plan->generation);
	(void)snprintf(plan->cgroup, sizeof(plan->cgroup), "%s/%s", parent, leaf);
	process_sweep(parent);
	plan->cgroup_fd = cgroup_leaf(parent, leaf, err);
	return plan->cgroup_fd < 0 ? plan->cgroup_fd : 0;
}

static int split(struct service *s, struct plan *plan, struct err *err)
{
	const char *at = s->policy.health_argv;

	if (s->policy.health.count == 0)
		return err_set(err, ENOENT, "%s has no health_cmd", s->name);
	if (s->policy.health.count >= PLAN_ARGS_MAX)
		return err_set(err, E2BIG, "health_cmd has more than %d words", PLAN_ARGS_MAX - 1);
	for (unsigned int i = 0; i < s->policy.health.count; i++) {
		plan->argv[i] = (char *)(uintptr_t)at;
		at += strlen(at) + 1;
	}
	return 0;
}

int probe_service(struct service *s, uint32_t request, struct child *child, char step[24],
		  struct err *err)
{
	static struct plan plan;
	int r;

	(void)str_copy(step, 24, "plan");
	if (!s->admitted || !start_is_alive(s))
		return err_set(err, ESRCH, "%s does not run", s->name);
	if (hold_of(s) != HOLD_NONE)
		return err_set(err, EBUSY, "%s is %s", s->name, hold_name(hold_of(s)));
	r = start_plan(s, &plan, err);
	plan.subject = SUBJECT_OF_PROBE(s->slot);
	plan.generation = request;
	plan.join_pidfd = s->pidfd;
	plan.join_pid = start_pid(s->pidfd);
	r = r ? r : split(s, &plan, err);
	/* It finds them in place: named, so that it gets the same rules. */
	plan.described = true;
	r = r ? r : start_mounts(s, &plan, err);
	r = r ? r : prepare(s, &plan, err);
	r = r ? r : process_start(&plan, child, step, err);
	process_close_mounts(&plan);
	return r;
}

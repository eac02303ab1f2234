#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "programs/launcher/launcher.h"
#include "sandbox/attest.h"
#include "sandbox/cgroup.h"
#include "sys/board.h"

#define CGROUPS "/sys/fs/cgroup/bartizan/"

void process_defaults(struct plan *plan)
{
	*plan = (struct plan){
		.cgroup_fd = -1,
		.join_pidfd = -1,
		.userns_fd = -1,
		.pool = POOL_NONE,
		.proc_fd = launcher.proc_fd,
		.root_fd = -1,
		.image_fd = -1,
		.rules_fd = -1,
		.label_fd = -1,
		.landlock_abi = board.landlock_abi,
		.exec_fd = -1,
		.stdio = {launcher.null_fd, launcher.null_fd, launcher.null_fd},
		.working_dir = "/",
		.umask = 0077,
	};
	for (int i = 0; i < POLICY_RLIMITS; i++)
		plan->rlimits[i] = (struct policy_rlimit){UINT64_MAX, UINT64_MAX};
}

void process_close_mounts(struct plan *plan)
{
	for (unsigned int i = 0; i < plan->mount_count; i++)
		fd_close(&plan->mounts[i].fd);
	fd_close(&plan->root_fd);
	fd_close(&plan->exec_fd);
	fd_close(&plan->cgroup_fd);
}

void process_sweep(const char *cgroup)
{
	char path[160];
	struct dirent *entry;
	DIR *directory;

	str_join(path, sizeof(path), CGROUPS, cgroup, "");
	directory = opendir(path);
	if (!directory)
		return;
	while ((entry = readdir(directory)) != NULL)
		/* Busy ones stay: rmdir(2) of a populated cgroup fails. */
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			(void)unlinkat(dirfd(directory), entry->d_name, AT_REMOVEDIR);
	(void)closedir(directory);
}

static int set_oom_score(const struct plan *plan, const struct child *child, struct err *err)
{
	char path[48];
	char value[16];
	int r;

	(void)snprintf(path, sizeof(path), "%d/oom_score_adj", child->pid);
	(void)snprintf(value, sizeof(value), "%d", plan->oom_score_adj);
	r = fd_write_file(launcher.proc_fd, path, value);
	return r ? err_sys(err, -r, "oom_score_adj = %s", value) : 0;
}

/* Between its last step and exec: what the kernel says of it. */
static int judge(struct plan *plan, struct child *child, char step[24], struct err *err)
{
	unsigned int proofs = 0;
	int r = sandbox_wait_ready(child, step, READY_MS, err);

	if (r)
		return r;
	(void)str_copy(step, 24, "attest");
	r = sandbox_attest(launcher.proc_fd, plan, child, &proofs, err);
	if (r)
		return r;
	audit_emit(EVENT_ATTESTED, AUDIT_S(plan->name), AUDIT_N(plan->generation),
		   AUDIT_N(child->pid), AUDIT_N(proofs));
	return 0;
}

static int lead(struct plan *plan, struct child *child, char step[24], struct err *err)
{
	int r;

	(void)str_copy(step, 24, "announce");
	r = init_announce(plan, child, err);
	if (r)
		return r;
	/* Before the gate opens: a launcher that dies right after exec leaves a successor that
	 * knows the process, not just its number. */
	if (plan->subject < CONFIG_SERVICES_MAX)
		init_store(plan->subject, STORE_PIDFD, child->pidfd);
	if (sandbox_release(child))
		return err_set(err, ECHILD, "the process died before it began");
	/* While it takes its steps; attest.c reads it back before the gate opens. */
	r = set_oom_score(plan, child, err);
	return r ? r : judge(plan, child, step, err);
}

/* It would exit by itself at the closed gate; a child that hangs in a step would not. */
static int give_up(struct child *child, int r)
{
	(void)syscall(SYS_pidfd_send_signal, child->pidfd, SIGKILL, NULL, 0);
	sandbox_child_close(child);
	return r;
}

int process_park(struct plan *plan, struct child *child, char step[24], struct err *err)
{
	int r;

	(void)str_copy(step, 24, "clone");
	r = sandbox_clone(plan, child, err);
	if (r)
		return r;
	r = lead(plan, child, step, err);
	return r ? give_up(child, r) : 0;
}

int process_execute(struct child *child, char step[24], struct err *err)
{
	int r;

	(void)str_copy(step, 24, "exec");
	r = sandbox_exec(child, step, READY_MS, err);
	return r ? give_up(child, r) : 0;
}

int process_start(struct plan *plan, struct child *child, char step[24], struct err *err)
{
	int r = process_park(plan, child, step, err);

	return r ? r : process_execute(child, step, err);
}

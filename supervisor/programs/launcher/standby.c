#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "programs/launcher/launcher.h"
#include "sandbox/cgroup.h"

/*
 * The next life of a service that runs (standby = yes): cloned, announced, proven and attested like
 * every other, and then left waiting at its gate, so that what is still to be done when it is
 * needed is the exec.
 *
 * One instance per uid holds: a parked process has not executed, does not run, and its gate opens
 * only when the life before it has ended and nobody else is left in the service's cgroup. It has a
 * leaf of its own (cgroup.kill of the dying life does not reach it) below the service's limits,
 * which its memory and its one process count against. Nobody but this process holds the other end
 * of its gate: it ends when this process does, and init's store knows it only by its secrets, which
 * any later launcher overwrites.
 */
#define GOODBYE_MS 1000

static bool is_gone(const struct standby *n, int timeout_ms)
{
	struct pollfd end = {.fd = n->child.pidfd, .events = POLLIN};

	return poll(&end, 1, timeout_ms) == 1;
}

void standby_drop(struct service *s)
{
	struct standby *n = &s->standby;
	char parent[64];

	if (!n->generation)
		return;
	n->generation = 0;
	/* End of file at the gate. */
	fd_close(&n->child.gate_fd);
	if (!is_gone(n, GOODBYE_MS)) {
		(void)syscall(SYS_pidfd_send_signal, n->child.pidfd, SIGKILL, NULL, 0);
		(void)is_gone(n, GOODBYE_MS);
	}
	sandbox_child_close(&n->child);
	fd_close(&n->output_fd[0]);
	fd_close(&n->output_fd[1]);
	secrets_wipe(s, true);
	str_join(parent, sizeof(parent), "services/", s->name, "");
	process_sweep(parent);
}

void standby_secrets_changed(const char *name)
{
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++) {
		struct service *s = &launcher.services[i];

		if (str_equal(s->name, name) && s->policy.secret_count)
			standby_drop(s);
	}
}

static int check(const struct service *s, uint32_t generation, struct err *err)
{
	if (!s->admitted || *launcher.locked)
		return err_set(err, EPERM, "%s is not admitted", s->name);
	if (s->note.trial)
		return err_set(err, EAGAIN, "%s is on trial", s->policy.version);
	if (!s->policy.standby)
		return err_set(err, EPERM, "%s has no standby = yes", s->name);
	if (!start_is_alive(s))
		return err_set(err, ESRCH, "%s does not run", s->name);
	if (hold_check_start(s, err))
		return -EACCES;
	if (generation == s->generation || generation == s->begun)
		return err_set(err, ESTALE, "generation %u has been begun before", generation);
	return 0;
}

static int park(struct service *s, struct plan *plan, char step[24], struct err *err)
{
	struct standby *n = &s->standby;
	int write_fds[2] = {-1, -1};
	int r;

	/* From here on this generation is never begun again, by no launcher. */
	s->note.generation = s->begun;
	r = note_store(s, err);
	r = r ? r : start_pipes(n->output_fd, write_fds, err);
	if (!r) {
		plan->stdio[1] = write_fds[0];
		plan->stdio[2] = write_fds[1];
		r = process_park(plan, &n->child, step, err);
	}
	fd_close(&write_fds[0]);
	fd_close(&write_fds[1]);
	if (!r)
		n->generation = plan->generation;
	return r;
}

int standby_park(struct service *s, uint32_t generation, char step[24], struct err *err)
{
	static struct plan plan;
	int r;

	/* Asked again, because the supervisor died in between. */
	if (s->standby.generation == generation && !is_gone(&s->standby, 0))
		return 0;
	(void)str_copy(step, 24, "standby");
	r = check(s, generation, err);
	if (r)
		return r;
	standby_drop(s);
	s->begun = generation;
	r = start_build(s, &plan, true, step, err);
	r = r ? r : park(s, &plan, step, err);
	process_close_mounts(&plan);
	if (r) {
		fd_close(&s->standby.output_fd[0]);
		fd_close(&s->standby.output_fd[1]);
		secrets_wipe(s, true);
		/* As after a start that failed: nothing that was kept is met again. */
		prepared_drop(s);
	}
	return r;
}

/* What must be with init before the gate opens: a launcher that dies right after leaves a successor
 * that knows the process, its output and its secrets. */
static void take(struct service *s, struct child *child)
{
	struct standby *n = &s->standby;

	s->generation = n->generation;
	n->generation = 0;
	*child = n->child;
	n->child = (struct child)CHILD_NONE;
	for (unsigned int i = 0; i < 2; i++) {
		fd_close(&s->output_fd[i]);
		s->output_fd[i] = take_fd(&n->output_fd[i]);
		init_store(s->slot, i == 0 ? STORE_STDOUT : STORE_STDERR, s->output_fd[i]);
	}
	init_store(s->slot, STORE_PIDFD, child->pidfd);
	if (n->secrets_fd < 0)
		return;
	secrets_wipe(s, false);
	s->secrets_fd = take_fd(&n->secrets_fd);
	init_store(s->slot, STORE_SECRETS, s->secrets_fd);
	init_drop(s->slot, STORE_STANDBY_SECRETS);
}

static int ready(struct service *s, struct err *err)
{
	char parent[64];
	char leaf[16];

	if (!s->admitted || *launcher.locked)
		return err_set(err, EPERM, "%s is not admitted", s->name);
	if (start_is_alive(s))
		return err_set(err, EBUSY, "%s runs", s->name);
	if (hold_check_start(s, err))
		return -EACCES;
	if (is_gone(&s->standby, 0)) {
		standby_drop(s);
		return err_set(err, ESTALE, "the parked process has ended");
	}
	str_join(parent, sizeof(parent), "services/", s->name, "");
	(void)snprintf(leaf, sizeof(leaf), "%u", s->standby.generation);
	if (!cgroup_has_only(parent, leaf))
		return err_set(err, EBUSY, "processes of %s are still there", s->name);
	/* Lifted for the life that has ended. */
	return s->note.limits_told[LIMIT_MEMORY_HIGH] ? start_limits(s, true, err) : 0;
}

/* Its gate is open: what the next launcher has to know and what others do not wait for. */
static void settle(struct service *s, struct child *child)
{
	struct err err = {0};

	init_started(s->slot, s->generation);
	fd_close(&s->pidfd);
	s->pidfd = take_fd(&child->pidfd);
	sandbox_child_close(child);
	peers_output(s);
	limits_begin(s);
	if (note_store(s, &err))
		log_line("launcher: %s: %s", s->name, err.msg);
}

int standby_start(struct service *s, char step[24], struct err *err)
{
	struct child child;
	int r;

	(void)str_copy(step, 24, "standby");
	r = ready(s, err);
	if (r)
		return r;
	take(s, &child);
	init_promote(s->slot, s->generation);
	r = process_execute(&child, step, err);
	if (!r)
		settle(s, &child);
	return start_conclude(s, r, err);
}

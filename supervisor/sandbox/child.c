#include "sandbox/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/str.h"
#include "sandbox/step.h"

#define EXIT_REFUSED   125 /* as Docker: the sandbox, not the program, failed */
#define NEW_NAMESPACES (CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

/* What the child says; one write(2) below PIPE_BUF, so it comes whole or not at all. */
struct report {
	uint32_t ready;
	char step[24];
	struct err err;
};

/* The child's own ends; a process has at most one set. */
static int gate_fd = -1;
static int report_fd = -1;
static const struct plan *own_plan;

/* ---- in the child */

int child_lift(int least)
{
	int gate = fd_duplicate(gate_fd, least);
	int report = fd_duplicate(report_fd, least);

	if (gate < 0 || report < 0)
		return gate < 0 ? gate : report;
	gate_fd = gate;
	report_fd = report;
	return 0;
}

int child_place(void)
{
	if (dup3(gate_fd, plan_gate_number(own_plan), O_CLOEXEC) < 0 ||
	    dup3(report_fd, plan_report_number(own_plan), O_CLOEXEC) < 0)
		return -errno;
	gate_fd = plan_gate_number(own_plan);
	report_fd = plan_report_number(own_plan);
	return 0;
}

static _Noreturn void fail(const char *step, const struct err *err)
{
	struct report report = {.err = *err};

	str_join(report.step, sizeof(report.step), step, "", "");
	(void)fd_write_all(report_fd, &report, sizeof(report));
	_exit(EXIT_REFUSED);
}

static void wait_for_gate(void)
{
	struct err err = {0};
	char go;
	ssize_t n = read(gate_fd, &go, 1);

	/* End of file: the launcher is dead, and nobody else may let this process go on. It is
	 * told, in case it lives: an end without a word is what a successful exec looks like to it.
	 */
	if (n != 1)
		fail("gate", (err_sys(&err, n < 0 ? errno : EPIPE, "gate"), &err));
}

static bool is_wanted(const struct step *s, const struct plan *p)
{
	return p->join_pidfd >= 0 ? s->join : s->create;
}

static void run_steps(struct plan *p)
{
	struct err err = {0};

	for (size_t i = 0; i < sandbox_step_count; i++) {
		const struct step *s = &sandbox_steps[i];

		if (!is_wanted(s, p))
			continue;
		/* The last descriptors of the launcher go before the filter comes. */
		if (s->apply == step_filter_apply &&
		    syscall(SYS_close_range, plan_report_number(p) + 1, ~0u, 0))
			fail("close", (err_sys(&err, errno, "close_range"), &err));
		if (s->apply(p, &err) || (s->prove && s->prove(p, &err)))
			fail(s->name, &err);
	}
}

static _Noreturn void child_main(const struct plan *plan, int gate, int report)
{
	static struct plan own;
	struct report ready = {.ready = 1};
	struct err err = {0};
	sigset_t none;

	own = *plan;
	own_plan = &own;
	gate_fd = gate;
	report_fd = report;
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	wait_for_gate();
	run_steps(&own);
	if (fd_write_all(report_fd, &ready, sizeof(ready)))
		_exit(EXIT_REFUSED);
	wait_for_gate();
	(void)syscall(SYS_execveat, plan_exec_number(&own), "", own.argv, own.envp, AT_EMPTY_PATH);
	fail("exec", (err_sys(&err, errno, "%s cannot be executed", own.argv[0]), &err));
}

/* ---- in the launcher */

int sandbox_open(struct err *err)
{
	if (mkdir("/run/bartizan", 0755) && errno != EEXIST)
		return err_sys(err, errno, "/run/bartizan");
	if (mkdir(SANDBOX_ROOT, 0700) && errno != EEXIST)
		return err_sys(err, errno, SANDBOX_ROOT);
	return 0;
}

/*
 * The launcher has many descriptors, some for each service, and a child that is given all of them
 * has to close all of them again: most of what a launch cost with a thousand services. So the child
 * is born into the launcher's table and takes leave of it as the first thing it does, keeping those
 * below @limit (close_range(2), CLOSE_RANGE_UNSHARE); until it says that it is ready, none of these
 * may be closed here. What it needs and lies higher gets a second, low number for so long.
 */
#define LENT_MAX (PLAN_MOUNTS_MAX + PLAN_FDS_MAX + 16)
#define LOW      128

static struct lent {
	int fds[LENT_MAX];
	unsigned int count;
	int limit;
	int witness; /* one that the child must not have any more */
} lent;

static void take_back(void)
{
	while (lent.count)
		fd_close(&lent.fds[--lent.count]);
}

/* @fd is the child's until it is ready: then it is closed here. */
static void lend(int *fd)
{
	if (*fd >= lent.limit)
		lent.limit = *fd + 1;
	lent.fds[lent.count++] = take_fd(fd);
}

static int lower(int *fd)
{
	int low = *fd;

	if (low >= LOW) {
		low = fd_duplicate(*fd, 3);
		if (low < 0)
			return low;
		*fd = low;
		lend(&low);
	} else if (low >= lent.limit) {
		lent.limit = low + 1;
	}
	return 0;
}

static int lower_all(struct plan *p)
{
	int *const one[] = {&p->userns_fd,    &p->proc_fd,  &p->pool.network_fd, &p->pool.mounts_fd,
			    &p->pool.proc_fd, &p->root_fd,  &p->image_fd,        &p->exec_fd,
			    &p->stdio[0],     &p->stdio[1], &p->stdio[2]};
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(one); i++)
		r = lower(one[i]);
	for (unsigned int i = 0; !r && i < p->mount_count; i++)
		r = lower(&p->mounts[i].fd);
	for (unsigned int i = 0; !r && i < p->fd_count; i++)
		r = lower(&p->fds[i]);
	return r;
}

/* In the child. Nothing else may happen before, and nothing at all if it did not work. */
static void leave_table(void)
{
	if (syscall(SYS_close_range, lent.limit, ~0u, CLOSE_RANGE_UNSHARE) ||
	    fcntl(lent.witness, F_GETFD) >= 0)
		_exit(EXIT_REFUSED);
}

static long clone_child(const struct plan *plan, uint64_t flags, int *pidfd)
{
	/* exit_signal 0: with CLONE_PARENT the launcher's own, SIGCHLD, is inherited (clone(2)). */
	struct clone_args args = {
		.flags = flags | CLONE_PARENT | CLONE_PIDFD | CLONE_CLEAR_SIGHAND |
			 CLONE_INTO_CGROUP,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		.cgroup = (uint64_t)(unsigned int)plan->cgroup_fd,
	};

	return syscall(SYS_clone3, &args, sizeof(args));
}

struct ends {
	int gate[2];
	int report[2];
};

static void close_ends(struct ends *e)
{
	for (int i = 0; i < 2; i++) {
		fd_close(&e->gate[i]);
		fd_close(&e->report[i]);
	}
}

static int born(const struct plan *plan, struct ends *e, struct child *child, struct err *err)
{
	const uint64_t own = (plan->pool.mounts_fd < 0 ? CLONE_NEWNS : 0) |
			     (plan->pool.network_fd < 0 ? CLONE_NEWNET : 0);
	const int gate = e->gate[0];
	const int report = e->report[1];
	long pid;

	lend(&e->gate[0]);
	lend(&e->report[1]);
	lent.witness = fd_duplicate(gate, lent.limit);
	if (lent.witness < 0)
		return err_sys(err, -lent.witness, "descriptors");
	pid = clone_child(plan, NEW_NAMESPACES | own | CLONE_FILES, &child->pidfd);
	if (pid == 0) {
		leave_table();
		fd_close(&e->gate[1]);
		fd_close(&e->report[0]);
		child_main(plan, gate, report);
	}
	if (pid < 0)
		return err_sys(err, errno, "clone3");
	child->pid = (pid_t)pid;
	return 0;
}

static int new_child(const struct plan *plan, struct ends *e, struct child *child, struct err *err)
{
	static struct plan low;
	int r;

	take_back();
	lent = (struct lent){.limit = 3, .witness = -1};
	low = *plan;
	r = lower_all(&low);
	r = r ? err_sys(err, -r, "descriptors") : born(&low, e, child, err);
	/* It is looked for by the child alone, and a high number is not used up for long. */
	if (lent.witness >= 0)
		lent.fds[lent.count++] = lent.witness;
	if (r)
		take_back();
	return r;
}

/*
 * setns(2) of a pid namespace concerns only children: a process in between joins it and clones the
 * probe with CLONE_PARENT, so that the probe's parent is init as for every other; the one in
 * between is init's too and exits at once.
 */
static _Noreturn void join_and_clone(const struct plan *plan, struct ends *e, int pid_fd)
{
	int unused = -1;
	long pid;

	if (setns(plan->join_pidfd, CLONE_NEWPID))
		_exit(EXIT_REFUSED);
	pid = clone_child(plan, 0, &unused);
	if (pid == 0) {
		fd_close(&pid_fd);
		fd_close(&e->gate[1]);
		fd_close(&e->report[0]);
		child_main(plan, e->gate[0], e->report[1]);
	}
	if (pid < 0 || write(pid_fd, &pid, sizeof(pid)) != (ssize_t)sizeof(pid))
		_exit(EXIT_REFUSED);
	_exit(0);
}

static int joined_child(const struct plan *plan, struct ends *e, struct child *child,
			struct err *err)
{
	struct clone_args args = {.flags = CLONE_PARENT};
	int pair[2];
	long pid = 0;
	long between;
	ssize_t n;

	if (pipe2(pair, O_CLOEXEC))
		return err_sys(err, errno, "pipe");
	between = syscall(SYS_clone3, &args, sizeof(args));
	if (between == 0) {
		fd_close(&pair[0]);
		join_and_clone(plan, e, pair[1]);
	}
	fd_close(&pair[1]);
	n = between < 0 ? -1 : fd_read_up_to(pair[0], &pid, sizeof(pid));
	fd_close(&pair[0]);
	if (n != (ssize_t)sizeof(pid) || pid <= 0)
		return err_set(err, ESRCH, "the service's pid namespace cannot be joined");
	/* It waits at its gate, so the number is still its own; init checks once more. */
	child->pidfd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (child->pidfd < 0)
		return err_sys(err, errno, "pidfd of the probe");
	child->pid = (pid_t)pid;
	return 0;
}

int sandbox_clone(const struct plan *plan, struct child *child, struct err *err)
{
	struct ends e = {{-1, -1}, {-1, -1}};
	int r;

	*child = (struct child)CHILD_NONE;
	r = plan->filter_tried ? 0 : sandbox_try_filter(plan, err);
	if (r)
		return r;
	if (pipe2(e.gate, O_CLOEXEC) || pipe2(e.report, O_CLOEXEC)) {
		r = err_sys(err, errno, "pipe");
		close_ends(&e);
		return r;
	}
	r = plan->join_pidfd >= 0 ? joined_child(plan, &e, child, err)
				  : new_child(plan, &e, child, err);
	if (!r) {
		child->gate_fd = take_fd(&e.gate[1]);
		child->report_fd = take_fd(&e.report[0]);
	}
	close_ends(&e);
	return r;
}

int sandbox_release(struct child *child)
{
	return fd_write_all(child->gate_fd, "r", 1);
}

/* 1: a report came; 0: end of file; -ETIMEDOUT, -errno. */
static int wait_report(const struct child *child, struct report *report, int timeout_ms)
{
	uint64_t deadline = clock_monotonic_ms() + (uint64_t)timeout_ms;
	/* It may be this process that keeps the other end of the pipe open (lend()): a child that
	 * died is seen by its pidfd then. */
	struct pollfd wait[] = {{.fd = child->report_fd, .events = POLLIN},
				{.fd = child->pidfd, .events = POLLIN}};
	uint64_t now;
	ssize_t n;

	do {
		now = clock_monotonic_ms();
		if (now >= deadline)
			return -ETIMEDOUT;
		n = poll(wait, ARRAY_SIZE(wait), (int)(deadline - now));
	} while (n == 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		return -errno;
	if (!wait[0].revents)
		return 0;
	n = fd_read_up_to(child->report_fd, report, sizeof(*report));
	if (n == 0)
		return 0;
	return n == (ssize_t)sizeof(*report) ? 1 : -EBADMSG;
}

static int explain(const struct report *report, int r, char step[24], struct err *err)
{
	if (r == -ETIMEDOUT)
		return err_set(err, ETIMEDOUT, "the sandbox was not ready in time");
	if (r <= 0)
		return err_set(err, ECHILD, "the process died before it was ready");
	str_join(step, 24, report->step, "", "");
	*err = report->err;
	err_sanitize(err);
	return -err->code;
}

int sandbox_wait_ready(struct child *child, char step[24], int timeout_ms, struct err *err)
{
	struct report report;
	int r = wait_report(child, &report, timeout_ms);

	/* It has a table of its own, or is killed now. */
	if (r != -ETIMEDOUT)
		take_back();
	if (r == 1 && report.ready)
		return 0;
	return explain(&report, r, step, err);
}

int sandbox_exec(struct child *child, char step[24], int timeout_ms, struct err *err)
{
	struct report report;
	int r = fd_write_all(child->gate_fd, "e", 1);

	if (r)
		return err_set(err, ECHILD, "the process died at the gate");
	r = wait_report(child, &report, timeout_ms);
	if (r ==
	    0) /* its end is close-on-exec: exec succeeded, or it was killed, which init tells */
		return 0;
	return explain(&report, r, step, err);
}

void sandbox_child_close(struct child *child)
{
	take_back();
	fd_close(&child->pidfd);
	fd_close(&child->gate_fd);
	fd_close(&child->report_fd);
}

#ifndef SANDBOX_CHILD_H
#define SANDBOX_CHILD_H

#include <sys/types.h>

#include "base/err.h"
#include "sandbox/plan.h"

/* Where every sandbox is put together, in its own mount namespace; made by sandbox_open(). */
#define SANDBOX_ROOT "/run/bartizan/root"

/*
 * A process between clone and exec. It stops three times: until init knows it (sandbox_release), at
 * the gate after its last proof (sandbox_wait_ready, then attest, then sandbox_exec), and for good
 * if anything fails: it reports {step, errno, text} and exits with 125 without having run one byte
 * of the service. When the launcher dies, the gate reads end of file and it exits too.
 */
struct child {
	pid_t pid; /* in init's pid namespace */
	int pidfd;
	int gate_fd;   /* write end */
	int report_fd; /* read end */
};

#define CHILD_NONE                                                                                 \
	{                                                                                          \
		.pid = -1, .pidfd = -1, .gate_fd = -1, .report_fd = -1                             \
	}

/* Once per launcher: the place for roots. -errno. */
int sandbox_open(struct err *err);

/*
 * Clone the child of @plan into its cgroup: parent is init (CLONE_PARENT). With join_pidfd it is
 * born into that process's pid namespace. -errno of clone3(2); @child's descriptors are the
 * caller's (sandbox_child_close).
 */
int sandbox_clone(const struct plan *plan, struct child *child, struct err *err);

/* Does this kernel, with this very filter, refuse what the filter refuses? Tried in a throw-away
 * process before the clone. -EPERM: no. */
int sandbox_try_filter(const struct plan *plan, struct err *err);

/* init has its row: let it run its steps. -errno: it is gone. */
int sandbox_release(struct child *child);

/* Until all steps are applied and proven, at most @timeout_ms. Otherwise what the child reported
 * (@step gets the row's name), -ETIMEDOUT, -ECHILD when it died without a word. */
int sandbox_wait_ready(struct child *child, char step[24], int timeout_ms, struct err *err);

/* Open the gate and wait until exec succeeded; as above. -EIO: the image could not be read. */
int sandbox_exec(struct child *child, char step[24], int timeout_ms, struct err *err);

void sandbox_child_close(struct child *child);

/* ---- for the steps, in the child only */

static inline int plan_gate_number(const struct plan *p)
{
	return plan_exec_number(p) + 1;
}

static inline int plan_report_number(const struct plan *p)
{
	return plan_exec_number(p) + 2;
}

int child_lift(int least); /* gate and report out of the way */
int child_place(void);     /* to their numbers */

#endif

#include "reap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/str.h"
#include "init.h"
#include "links.h"
#include "sys/process.h"

#define REAPS_PER_TURN 64
#define STRANGER_MS    10000 /* the launcher gives up on an announcement after that time */

static bool has_executed(pid_t pid)
{
	CLEAN_FD int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return proc_fd >= 0 && process_has_executed(proc_fd, pid);
}

void reap_tell_start(struct child *child)
{
	if (child->start_told || child->subject >= CONFIG_SERVICES_MAX ||
	    child->state != CHILD_ALIVE || !has_executed(child->pid))
		return;
	child->start_told = true;
	audit_emit(EVENT_START, AUDIT_S(child->name), AUDIT_N(child->generation),
		   AUDIT_N(child->pid), AUDIT_N(child->uid));
}

void reap_handle_exit(struct init *init, struct child *child)
{
	const struct message_exited *m = &child->exited;
	uint16_t helper = SUBJECT_SLOT(child->subject);

	if (!SUBJECT_IS_HELPER(child->subject)) {
		audit_emit(EVENT_EXIT, AUDIT_S(child->name), AUDIT_N(child->generation),
			   AUDIT_N(child->pid), AUDIT_N(m->code), AUDIT_N(m->status));
		return;
	}
	helpers_died(init, (enum helper)helper, m);
	children_free(child);
}

static struct stranger *find_stranger(struct init *init, pid_t pid)
{
	uint64_t now = clock_monotonic_ms();

	for (size_t i = 0; i < STRANGERS_MAX; i++)
		if (init->strangers[i].pid == pid && now - init->strangers[i].at_ms < STRANGER_MS)
			return &init->strangers[i];
	return NULL;
}

bool reap_was_reaped(struct init *init, pid_t pid)
{
	return find_stranger(init, pid) != NULL;
}

void reap_late(struct init *init, struct child *child)
{
	struct stranger *stranger = find_stranger(init, child->pid);

	if (!stranger)
		return;
	children_set_exited(child, stranger->status, &stranger->usage);
	stranger->pid = 0;
	reap_handle_exit(init, child);
}

static void keep_stranger(struct init *init, pid_t pid, int status, const struct rusage *usage)
{
	struct stranger *stranger = &init->strangers[init->next_stranger++ % STRANGERS_MAX];

	*stranger = (struct stranger){
		.pid = pid, .status = status, .usage = *usage, .at_ms = clock_monotonic_ms()};
}

static void more_due(struct loop *loop, struct timer *timer)
{
	(void)timer;
	reap_some(container_of(loop, struct init, loop));
}

void reap_some(struct init *init)
{
	for (int i = 0; i < REAPS_PER_TURN; i++) {
		struct rusage usage;
		struct child *child;
		siginfo_t info;
		int status;

		info.si_pid = 0;
		/* First a look: once it is reaped, nothing can be asked about it any more. */
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) || !info.si_pid)
			goto done;
		child = children_by_pid(&init->children, info.si_pid);
		if (child)
			reap_tell_start(child);
		if (wait4(info.si_pid, &status, WNOHANG, &usage) != info.si_pid)
			goto done;
		if (!child) {
			/* An orphan that came to PID 1, or one whose announcement is still on its
			 * way. */
			keep_stranger(init, info.si_pid, status, &usage);
			continue;
		}
		children_set_exited(child, status, &usage);
		reap_handle_exit(init, child);
	}
	init->reap_more.due = more_due;
	loop_timer_set(&init->loop, &init->reap_more, clock_monotonic_ms());
done:
	power_check(init);
	links_pump(init);
}

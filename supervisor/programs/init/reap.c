#include "reap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/str.h"
#include "init.h"
#include "links.h"

#define REAPS_PER_TURN 64
#define STRANGER_MS    10000 /* the launcher gives up on an announcement after that time */

/* include/linux/sched.h: set by fork, cleared by a successful execve(2); the same in every kernel
 * since 2.6, and what acct(5) calls AFORK. */
#define PF_FORKNOEXEC    0x40u
#define FLAGS_AFTER_NAME 7

/*
 * proc_pid_stat(5): the seventh field after the name, which may contain anything but ends with the
 * last parenthesis. Readable until the process is reaped.
 */
static bool has_executed(pid_t pid)
{
	char path[32];
	char text[512];
	const char *at;
	uint32_t flags = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (fd_read_file(AT_FDCWD, path, text, sizeof(text)) < 0)
		return false;
	at = strrchr(text, ')');
	for (int i = 0; i < FLAGS_AFTER_NAME && at; i++)
		at = strchr(at + 1, ' ');
	if (!at || at[1] < '0' || at[1] > '9')
		return false;
	for (at++; *at >= '0' && *at <= '9'; at++)
		flags = flags * 10 + (uint32_t)(*at - '0');
	return !(flags & PF_FORKNOEXEC);
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

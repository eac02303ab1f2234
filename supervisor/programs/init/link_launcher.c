#include "links.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "base/log.h"
#include "cgroups.h"
#include "init.h"
#include "reap.h"

/* ---- what the launcher says */

static int handle_store(struct init *init, struct received *received, struct err *err)
{
	const struct message_kind *m = &received->message.kind;
	int r = store_put(&init->store, m->head.subject, m->kind, &received->fds[0]);

	if (!r)
		return 0;
	(void)err_set(err, -r, "no place for kind %u of subject %#x", m->kind, m->head.subject);
	audit_emit(EVENT_STORE_REFUSED, AUDIT_S(err->msg));
	return r;
}

static int handle_drop(struct init *init, struct received *received, struct err *err)
{
	const struct message_kind *m = &received->message.kind;
	int r = store_drop(&init->store, m->head.subject, m->kind);

	return r ? err_set(err, -r, "no place for kind %u of subject %#x", m->kind, m->head.subject)
		 : 0;
}

/* The process behind a pidfd, 0 when it is gone, -1 when the descriptor is not a pidfd. proc(5):
 * /proc/self/fdinfo. */
static int pidfd_pid(int pidfd)
{
	char path[40];
	char text[512];
	const char *at;
	int pid = 0;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	if (fd_read_file(AT_FDCWD, path, text, sizeof(text)) < 0)
		return -1;
	at = strstr(text, "\nPid:\t");
	if (!at)
		return -1;
	for (at += 6; *at >= '0' && *at <= '9' && pid < 100000000; at++)
		pid = pid * 10 + (*at - '0');
	return pid;
}

/* Is it a child of ours, and the one that the message names? Then its exit is ours to reap and no
 * pid can be taken for another. */
static int check_process(struct init *init, const struct message_child *m, int pidfd,
			 struct err *err)
{
	siginfo_t info;
	int pid = pidfd_pid(pidfd);

	if (pid < 0)
		return err_set(err, EBADMSG, "child %s comes without a pidfd", m->name);
	if (pid == 0) {
		if (reap_was_reaped(init, m->pid))
			return 0;
		return err_set(err, ESRCH, "child %s, pid %d, is not known", m->name, m->pid);
	}
	if (pid != m->pid)
		return err_set(err, EBADMSG, "child %s: pidfd of %d instead of %d", m->name, pid,
			       m->pid);
	memset(&info, 0, sizeof(info));
	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT))
		return err_sys(err, errno, "child %s, pid %d, is not a child of init", m->name,
			       pid);
	return 0;
}

static int check_child(struct init *init, const struct message_child *m, int pidfd, struct err *err)
{
	uint16_t helper = SUBJECT_SLOT(m->head.subject);
	int r = children_check(&init->children, m, err);

	if (!r)
		r = check_process(init, m, pidfd, err);
	if (r || !SUBJECT_IS_HELPER(m->head.subject))
		return r;
	if (power_is_ending(init))
		return err_set(err, ESHUTDOWN, "no helper starts any more");
	if (!helper_is_resident((enum helper)helper)) {
		audit_emit(EVENT_HELPER_START, AUDIT_S(helper_name((enum helper)helper)),
			   AUDIT_N(m->head.generation), AUDIT_N(m->pid));
		return 0;
	}
	if (helpers_started(init, (enum helper)helper, m->head.generation, m->pid))
		return err_set(err, ESTALE, "%s of generation %u was not asked for",
			       helper_name((enum helper)helper), m->head.generation);
	return 0;
}

static int handle_child(struct init *init, struct received *received, struct err *err)
{
	const struct message_child *m = &received->message.child;
	int r = check_child(init, m, received->fds[0], err);
	struct child *child;

	/* Not acknowledged: it stays at its gate, and the launcher gives up on it. */
	if (r)
		return r;
	child = children_add(&init->children, m, take_fd(&received->fds[0]));
	child->ack_due = true;
	if (reap_was_reaped(init, child->pid))
		reap_late(init, child);
	return 0;
}

static int handle_started(struct init *init, struct received *received, struct err *err)
{
	const struct message_head *head = &received->message.head;
	struct child *child = children_find(&init->children, head->subject, head->generation);

	if (head->subject >= CONFIG_SERVICES_MAX)
		return err_set(err, EBADMSG, "subject %#x started, which is no service",
			       head->subject);
	/* Dead already: then its record was written when it was reaped. */
	if (child)
		reap_tell_start(child);
	return 0;
}

/*
 * The launcher opens the gate without waiting for an answer, so a parked life that cannot be the
 * service's is killed. It asks only when the life before this one has ended, and an honest
 * supervisor only when that end was told.
 */
static int handle_promote(struct init *init, struct received *received, struct err *err)
{
	const struct message_head *head = &received->message.head;
	struct child *parked;

	if (children_promote(&init->children, head->subject, head->generation, err) == 0)
		return 0;
	parked =
		children_find(&init->children, SUBJECT_OF_STANDBY(head->subject), head->generation);
	if (!parked || parked->state != CHILD_ALIVE)
		return -err->code;
	(void)cgroup_kill(parked->cgroup);
	(void)syscall(SYS_pidfd_send_signal, parked->pidfd, SIGKILL, NULL, 0);
	return -err->code;
}

static int handle_ready(struct init *init, struct received *received, struct err *err)
{
	const struct helper_row *launcher = &init->helpers.rows[HELPER_LAUNCHER];

	if (received->message.head.generation != launcher->generation || init->launcher_ready)
		return err_set(err, ESTALE, "launcher is ready as generation %u, generation %u is",
			       received->message.head.generation, launcher->generation);
	log_line("launcher ready, generation %u", launcher->generation);
	init->launcher_ready = true;
	init->launcher_up_due = true;
	/* What a dead launcher had begun and not announced is nobody's: it has no row, so nobody
	 * would ever stop it. */
	cgroups_kill_strays(&init->children);
	helpers_launcher_ready(init);
	return 0;
}

static int handle_failed(struct init *init, struct received *received, struct err *err)
{
	struct message_done *m = &received->message.done;
	uint16_t subject = m->head.subject;
	uint16_t helper = SUBJECT_SLOT(subject);

	err_sanitize(&m->err);
	if (helper >= HELPER_COUNT || subject != SUBJECT_OF_HELPER(helper) ||
	    helpers_failed(init, (enum helper)helper, m->head.generation, &m->err))
		return err_set(err, ESTALE, "a helper failed that was not asked for");
	return 0;
}

const struct link_handler launcher_handlers[] = {
	{M_STORE, handle_store},          {M_DROP, handle_drop},
	{M_CHILD, handle_child},          {M_LAUNCHER_READY, handle_ready},
	{M_HELPER_FAILED, handle_failed}, {M_STARTED, handle_started},
	{M_PROMOTE, handle_promote},      {0, NULL},
};

/* ---- what it is told */

static int send_plain(struct init *init, uint16_t type, const struct child *child)
{
	struct message_plain m = {.head = {.type = type}};

	if (child)
		m.head = (struct message_head){type, child->subject, child->generation,
					       child->request};
	return channel_send(&init->launcher.channel, &m, NULL, 0);
}

#define PLACES_OF_STORE (STORE_SUBJECTS * STORE_KIND_COUNT)

static bool is_told(const struct child *child)
{
	return child->state == CHILD_ALIVE && child->subject != SUBJECT_OF_HELPER(HELPER_LAUNCHER);
}

/* A new launcher takes over what the store holds and learns who lives: link.place walks over both
 * tables. */
static int send_greeting(struct init *init)
{
	struct link *link = &init->launcher;
	struct message_kind stored = {.head = {.type = M_STORED}};
	int fd;
	int r;

	if (link->greeted)
		return 0;
	fd = link->place < PLACES_OF_STORE
		     ? store_next(&init->store, &link->place, &stored.head.subject, &stored.kind)
		     : -1;
	if (fd >= 0) {
		r = channel_send(&link->channel, &stored, &fd, 1);
	} else {
		if (link->place < PLACES_OF_STORE)
			link->place = PLACES_OF_STORE;
		while (link->place < PLACES_OF_STORE + CHILDREN_MAX &&
		       !is_told(&init->children.rows[link->place - PLACES_OF_STORE]))
			link->place++;
		if (link->place == PLACES_OF_STORE + CHILDREN_MAX) {
			r = send_plain(init, M_STORED_END, NULL);
			link->greeted = r == 0;
			return r ? r : 1;
		}
		r = send_plain(init, M_LIVE, &init->children.rows[link->place - PLACES_OF_STORE]);
	}
	if (r)
		return r;
	link->place++;
	return 1;
}

static int send_child_ack(struct init *init)
{
	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		struct child *child = &init->children.rows[i];
		int r;

		if (child->state != CHILD_ALIVE || !child->ack_due)
			continue;
		r = send_plain(init, M_CHILD_ACK, child);
		if (r)
			return r;
		child->ack_due = false;
		return 1;
	}
	return 0;
}

const link_sender launcher_senders[] = {send_greeting, send_child_ack, helpers_ask_next, NULL};

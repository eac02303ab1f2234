#include "links.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "cgroups.h"
#include "init.h"
#include "sys/board.h"

#define YEAR_S (365ull * 24 * 3600)

/* ---- what the supervisor says */

static int handle_ack(struct init *init, struct received *received, struct err *err)
{
	const struct message_head *head = &received->message.head;
	struct child *child = children_find(&init->children, head->subject, head->generation);

	if (SUBJECT_IS_HELPER(head->subject))
		return err_set(err, EPERM, "acknowledges the exit of helper subject %#x",
			       head->subject);
	/* Twice is no harm: the exit is repeated until the acknowledgement arrives, so two can be
	 * on their way. */
	if (child && child->state == CHILD_ALIVE)
		return err_set(err, EPERM, "acknowledges the exit of %s, which lives", child->name);
	if (child)
		children_free(child);
	return 0;
}

static bool legal_signal(uint32_t number)
{
	static const uint32_t legal[] = {SIGTERM, SIGHUP,  SIGINT, SIGUSR1,
					 SIGUSR2, SIGQUIT, SIGKILL};

	for (size_t i = 0; i < ARRAY_SIZE(legal); i++)
		if (legal[i] == number)
			return true;
	return false;
}

/* The mask of signals on the line @name of a /proc/PID/status text; proc_pid_status(5). */
static uint64_t signal_mask(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	uint64_t mask = 0;

	for (at = at ? at + strlen(name) : ""; *at == '\t'; at++)
		continue;
	for (; (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'f'); at++)
		mask = mask << 4 | (uint64_t)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
	return mask;
}

/*
 * The first process of a pid namespace never sees a signal that it neither handles nor blocks
 * (pid_namespaces(7)): waiting for it to obey would only waste stop_timeout.
 */
static bool is_deaf(const struct child *child, uint32_t number)
{
	char path[32];
	char text[4096];
	uint64_t heard;

	if (number != SIGTERM && number != SIGINT && number != SIGQUIT)
		return false;
	(void)snprintf(path, sizeof(path), "/proc/%d/status", child->pid);
	if (fd_read_file(AT_FDCWD, path, text, sizeof(text)) < 0 || !strstr(text, "\nSigCgt:"))
		return false;
	heard = signal_mask(text, "\nSigCgt:") | signal_mask(text, "\nSigBlk:");
	return !(heard & 1ull << (number - 1));
}

static int handle_signal(struct init *init, struct received *received, struct err *err)
{
	const struct message_signal *m = &received->message.signal;
	struct child *child = children_find(&init->children, m->head.subject, m->head.generation);

	/* Its own fate and that of the other helpers is not the supervisor's business. */
	if (SUBJECT_IS_HELPER(m->head.subject))
		return err_set(err, EPERM, "wants to signal helper subject %#x", m->head.subject);
	if (!legal_signal(m->signal))
		return err_set(err, EINVAL, "wants to send signal %u", m->signal);
	/* Dead already: the two messages have crossed. */
	if (!child || child->state != CHILD_ALIVE)
		return 0;
	if (m->signal == SIGKILL || is_deaf(child, m->signal))
		(void)cgroup_kill(child->cgroup);
	/* Also for SIGKILL: the leaf may be gone, the process cannot be mistaken. */
	(void)syscall(SYS_pidfd_send_signal, child->pidfd, (int)m->signal, NULL, 0);
	return 0;
}

static int handle_power(struct init *init, struct received *received, struct err *err)
{
	uint32_t how = received->message.kind.kind;

	if (how >= POWER_COUNT)
		return err_set(err, EINVAL, "asks for power state %u", how);
	power_now(init, (enum power)how);
	return 0;
}

/* Never before the build: certificates would become valid again. Never more than a device's life
 * after it: none may expire. */
static int handle_clock(struct init *init, struct received *received, struct err *err)
{
	int64_t ns = received->message.clock.realtime_ns;
	uint64_t seconds = ns > 0 ? (uint64_t)ns / 1000000000u : 0;
	struct timespec to = {.tv_sec = (time_t)seconds,
			      .tv_nsec = (long)(ns > 0 ? ns % 1000000000 : 0)};
	uint64_t before = clock_real_us();

	(void)init;
	if (seconds < board.build_time_s || seconds > board.build_time_s + 20 * YEAR_S) {
		audit_emit(EVENT_CLOCK_REFUSED, AUDIT_N(seconds * 1000000u));
		return err_set(err, ERANGE, "asks for a clock outside the bounds");
	}
	if (clock_settime(CLOCK_REALTIME, &to))
		return err_sys(err, errno, "cannot set the clock");
	audit_emit(EVENT_CLOCK, AUDIT_N(before), AUDIT_N(seconds * 1000000u));
	return 0;
}

/* The last word stands while there is no supervisor: a crash of a helper is no illness. */
static int handle_vital(struct init *init, struct received *received, struct err *err)
{
	uint32_t well = received->message.kind.kind;

	if (well > 1)
		return err_set(err, EINVAL, "says %u of the critical services", well);
	init->unwell = !well;
	return 0;
}

const struct link_handler supervisor_handlers[] = {
	{M_ACK, handle_ack},     {M_SIGNAL, handle_signal}, {M_POWER, handle_power},
	{M_CLOCK, handle_clock}, {M_VITAL, handle_vital},   {0, NULL},
};

/* ---- what it is told */

static int send_alive(struct init *init, struct child *child)
{
	struct message_running m = {.head = {.type = M_ALIVE,
					     .subject = child->subject,
					     .generation = child->generation},
				    .pid = child->pid};

	return channel_send(&init->supervisor.channel, &m, &child->pidfd, 1);
}

/* A new supervisor learns first which services live; link.place walks over the table. */
static int send_greeting(struct init *init)
{
	struct link *link = &init->supervisor;
	struct message_plain end = {.head = {.type = M_ALIVE_END}};
	int r;

	if (link->greeted)
		return 0;
	for (; link->place < CHILDREN_MAX; link->place++) {
		struct child *child = &init->children.rows[link->place];

		/* What is parked does not live yet. */
		if (child->state != CHILD_ALIVE || SUBJECT_IS_HELPER(child->subject) ||
		    SUBJECT_IS_STANDBY(child->subject))
			continue;
		r = send_alive(init, child);
		if (r)
			return r;
		link->place++;
		return 1;
	}
	r = channel_send(&link->channel, &end, NULL, 0);
	link->greeted = r == 0;
	return r ? r : 1;
}

static int send_exited(struct init *init)
{
	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		struct child *child = &init->children.rows[i];
		int r;

		if (child->state != CHILD_EXITED || child->told)
			continue;
		r = channel_send(&init->supervisor.channel, &child->exited, NULL, 0);
		if (r)
			return r;
		child->told = true;
		return 1;
	}
	return 0;
}

static int send_launcher_up(struct init *init)
{
	struct message_plain m = {
		.head = {.type = M_LAUNCHER_UP,
			 .generation = init->helpers.rows[HELPER_LAUNCHER].generation}};
	int r;

	if (!init->launcher_up_due)
		return 0;
	r = channel_send(&init->supervisor.channel, &m, NULL, 0);
	init->launcher_up_due = r != 0;
	return r ? r : 1;
}

static int send_shutdown(struct init *init)
{
	struct message_kind m = {.head = {.type = M_SHUTDOWN}, .kind = init->power.how};
	int r;

	if (!init->power.shutdown_due)
		return 0;
	r = channel_send(&init->supervisor.channel, &m, NULL, 0);
	init->power.shutdown_due = r != 0;
	return r ? r : 1;
}

static int send_helper_died(struct init *init)
{
	for (size_t i = 0; i < HELPER_COUNT; i++) {
		struct helper_row *row = &init->helpers.rows[i];
		int r;

		if (!row->died_due)
			continue;
		r = channel_send(&init->supervisor.channel, &row->died, NULL, 0);
		if (r)
			return r;
		row->died_due = false;
		return 1;
	}
	return 0;
}

/* Deaths first: after M_ALIVE_END the supervisor decides about every service. */
const link_sender supervisor_senders[] = {send_exited,      send_greeting,    send_shutdown,
					  send_launcher_up, send_helper_died, NULL};

#include "children.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fd.h"

static bool legal_subject(uint16_t subject)
{
	uint16_t slot = SUBJECT_SLOT(subject);

	if (SUBJECT_IS_HELPER(subject))
		/* init itself makes the launcher and its row. */
		return slot < HELPER_COUNT && slot != HELPER_LAUNCHER &&
		       subject == SUBJECT_OF_HELPER(slot);
	return slot < CONFIG_SERVICES_MAX &&
	       (subject == SUBJECT_OF_SERVICE(slot) || subject == SUBJECT_OF_PROBE(slot) ||
		subject == SUBJECT_OF_STANDBY(slot));
}

/* Where cgroup.kill is going to be written: only below our own two directories, no way up. */
static bool legal_cgroup(const char *path, size_t size)
{
	if (!str_terminated(path, size))
		return false;
	if (!str_starts(path, "services/") && !str_starts(path, "helpers/"))
		return false;
	if (strstr(path, "..") || strstr(path, "//"))
		return false;
	return path[strspn(path, "abcdefghijklmnopqrstuvwxyz0123456789.-/")] == '\0';
}

static int check_room(const struct children *c, uint16_t subject, struct err *err)
{
	int alive = 0;
	int exited = 0;
	int helpers = 0;
	bool many = subject == SUBJECT_OF_HELPER(HELPER_VERIFY) ||
		    subject == SUBJECT_OF_HELPER(HELPER_COMPILE);

	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		const struct child *child = &c->rows[i];

		helpers += child->state != CHILD_FREE && SUBJECT_IS_HELPER(child->subject);
		if (child->subject != subject)
			continue;
		alive += child->state == CHILD_ALIVE;
		exited += child->state == CHILD_EXITED;
	}
	if (SUBJECT_IS_HELPER(subject) && helpers >= CHILDREN_HELPERS_MAX)
		return err_set(err, ENOSPC, "more than %d helpers", CHILDREN_HELPERS_MAX);
	if (many && alive >= CHILDREN_OF_ONE_HELPER_MAX)
		return err_set(err, ENOSPC, "more than %d helpers of one kind",
			       CHILDREN_OF_ONE_HELPER_MAX);
	if (!many && alive)
		return err_set(err, EEXIST, "subject %#x lives already", subject);
	/* One may be on its way: the acknowledgement and the next start travel on two sockets. */
	if (exited > 1)
		return err_set(err, ENOSPC, "exits of subject %#x are not acknowledged", subject);
	return 0;
}

int children_check(const struct children *c, const struct message_child *m, struct err *err)
{
	if (!legal_subject(m->head.subject))
		return err_set(err, EBADMSG, "subject %#x of a child is not legal",
			       m->head.subject);
	if (!str_terminated(m->name, sizeof(m->name)) || !str_is_name(m->name))
		return err_set(err, EBADMSG, "the name of a child is not legal");
	if (!legal_cgroup(m->cgroup, sizeof(m->cgroup)))
		return err_set(err, EBADMSG, "the cgroup of child %s is not legal", m->name);
	if (m->pid <= 1)
		return err_set(err, EBADMSG, "child %s has pid %d", m->name, m->pid);
	return check_room(c, m->head.subject, err);
}

struct child *children_add(struct children *c, const struct message_child *m, int pidfd)
{
	size_t i = 0;

	/* check_room() keeps at most two rows per subject and its bound of helpers, so a free row
	 * is there. */
	while (i + 1 < CHILDREN_MAX && c->rows[i].state != CHILD_FREE)
		i++;
	c->rows[i] = (struct child){.state = CHILD_ALIVE,
				    .subject = m->head.subject,
				    .generation = m->head.generation,
				    .request = m->head.request,
				    .uid = m->uid,
				    .stop_ms = m->stop_ms,
				    .pid = m->pid,
				    .pidfd = pidfd,
				    .since_ms = clock_monotonic_ms()};
	memcpy(c->rows[i].name, m->name, sizeof(m->name));
	memcpy(c->rows[i].cgroup, m->cgroup, sizeof(m->cgroup));
	return &c->rows[i];
}

struct child *children_find(struct children *c, uint16_t subject, uint32_t generation)
{
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		if (c->rows[i].state != CHILD_FREE && c->rows[i].subject == subject &&
		    c->rows[i].generation == generation)
			return &c->rows[i];
	return NULL;
}

int children_promote(struct children *c, uint16_t subject, uint32_t generation, struct err *err)
{
	struct child *parked = children_find(c, SUBJECT_OF_STANDBY(subject), generation);

	if (subject >= CONFIG_SERVICES_MAX)
		return err_set(err, EBADMSG, "subject %#x is no service", subject);
	if (!parked || parked->state != CHILD_ALIVE)
		return err_set(err, ESRCH, "no life %u of subject %#x is parked", generation,
			       subject);
	if (children_alive(c, subject))
		return err_set(err, EEXIST, "subject %#x lives already", subject);
	parked->subject = subject;
	return 0;
}

struct child *children_alive(struct children *c, uint16_t subject)
{
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		if (c->rows[i].state == CHILD_ALIVE && c->rows[i].subject == subject)
			return &c->rows[i];
	return NULL;
}

struct child *children_by_pid(struct children *c, pid_t pid)
{
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		if (c->rows[i].state == CHILD_ALIVE && c->rows[i].pid == pid)
			return &c->rows[i];
	return NULL;
}

struct child *children_by_cgroup(struct children *c, const char *cgroup)
{
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		if (c->rows[i].state == CHILD_ALIVE && str_equal(c->rows[i].cgroup, cgroup))
			return &c->rows[i];
	return NULL;
}

static uint64_t microseconds(const struct timeval *t)
{
	return (uint64_t)t->tv_sec * 1000000u + (uint64_t)t->tv_usec;
}

void children_set_exited(struct child *child, int status, const struct rusage *usage)
{
	struct message_exited *m = &child->exited;

	*m = (struct message_exited){.head = {.type = M_EXITED,
					      .subject = child->subject,
					      .generation = child->generation},
				     .unborn = !SUBJECT_IS_HELPER(child->subject) &&
					       !SUBJECT_IS_PROBE(child->subject) &&
					       !child->start_told};
	if (WIFEXITED(status)) {
		m->code = CLD_EXITED;
		m->status = WEXITSTATUS(status);
	} else {
		m->code = WCOREDUMP(status) ? CLD_DUMPED : CLD_KILLED;
		m->status = WTERMSIG(status);
	}
	m->user_us = microseconds(&usage->ru_utime);
	m->system_us = microseconds(&usage->ru_stime);
	m->peak_kib = (uint64_t)usage->ru_maxrss;
	child->state = CHILD_EXITED;
	child->told = false;
	child->ack_due = false;
	fd_close(&child->pidfd);
}

void children_free(struct child *child)
{
	fd_close(&child->pidfd);
	child->state = CHILD_FREE;
}

uint32_t children_stop_ms(const struct children *c)
{
	uint32_t most = 0;

	for (size_t i = 0; i < CHILDREN_MAX; i++)
		if (c->rows[i].state == CHILD_ALIVE && c->rows[i].stop_ms > most)
			most = c->rows[i].stop_ms;
	return most < CONFIG_STOP_TIMEOUT_MAX_S * 1000u ? most : CONFIG_STOP_TIMEOUT_MAX_S * 1000u;
}

bool children_services_alive(const struct children *c)
{
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		if (c->rows[i].state == CHILD_ALIVE && !SUBJECT_IS_HELPER(c->rows[i].subject))
			return true;
	return false;
}

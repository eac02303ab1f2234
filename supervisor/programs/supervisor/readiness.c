#include "supervisor.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "audit/audit.h"
#include "base/fd.h"

/*
 * Where services say that they are ready: a datagram socket each, made by the launcher for one
 * life. What comes through it was written by the service, so it is looked at here, in a process
 * without privilege, in pieces of bounded size and number, and only one thing is ever read out of
 * it.
 */
#define TEXT_MAX   512 /* of one datagram; the rest is cut off */
#define PIECES_MAX 256 /* that do not say it; then nobody listens any more */

struct readiness {
	struct watch watch;
	uint16_t slot;
	uint32_t generation;
	uint32_t kind; /* READY_NOTIFY, READY_FD */
	uint32_t pieces;
	bool open;
};

static struct readiness rows[CONFIG_SERVICES_MAX];

/* sd_notify(3): lines of NAME=VALUE. */
static bool has_line(const char *text, const char *line)
{
	size_t length = strlen(line);

	for (const char *at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		if (strncmp(at, line, length) == 0 && (at[length] == '\n' || !at[length]))
			return true;
	return false;
}

/* Whoever goes on writing gets EPIPE instead of a queue that nobody empties. */
static void hang_up(struct readiness *row)
{
	int fd = row->watch.fd;

	if (!row->open)
		return;
	row->open = false;
	(void)shutdown(fd, SHUT_RD);
	loop_remove(&supervisor.loop, &row->watch);
	fd_close(&fd);
}

static void listen_on(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct readiness *row = (struct readiness *)watch; /* its first member */
	struct service *s = &supervisor.table.services[row->slot];
	char text[TEXT_MAX];
	ssize_t n = recv(watch->fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	(void)loop;
	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	text[n < 0 ? 0 : n] = '\0';
	if (row->kind == READY_NOTIFY ? has_line(text, "READY=1") : strchr(text, '\n') != NULL) {
		hang_up(row);
		service_told_ready(&supervisor.table, s, row->generation);
	} else if (n < 0 || ++row->pieces >= PIECES_MAX) {
		hang_up(row);
		audit_emit(EVENT_MESSAGE_REFUSED, AUDIT_S(s->name),
			   AUDIT_S("says too much before it says that it is ready"));
	}
}

void supervisor_readiness_take(struct service *s, uint32_t generation, uint32_t kind, int *fd)
{
	struct readiness *row = &rows[s->slot];

	hang_up(row);
	*row = (struct readiness){.watch = {.fd = -1, .ready = listen_on},
				  .slot = s->slot,
				  .generation = generation,
				  .kind = kind};
	if (loop_add(&supervisor.loop, &row->watch, *fd, EPOLLIN))
		return;
	(void)take_fd(fd);
	row->open = true;
	/* An earlier supervisor heard it. */
	if (s->ready_generation == generation)
		hang_up(row);
}

void supervisor_readiness_changed(const struct service *s)
{
	bool lives = s->state == SERVICE_STARTING || s->state == SERVICE_RUNNING ||
		     s->state == SERVICE_STOPPING;

	if (supervisor.begun && !lives)
		hang_up(&rows[s->slot]);
}

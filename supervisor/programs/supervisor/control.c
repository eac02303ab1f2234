#include "control.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/str.h"
#include "service/depends.h"

/* More than any operator needs; one more is turned away at once instead of waiting for ever. */
#define CLIENTS_MAX 16
#define ASKING_MS   10000u

static struct client clients[CLIENTS_MAX];
static struct watch watch_listener = {.fd = -1};

static void drop(struct client *c)
{
	loop_remove(&supervisor.loop, &c->watch);
	loop_timer_clear(&supervisor.loop, &c->limit);
	fd_close(&c->channel.fd);
}

static void set_end(struct client *c, int exit, int code, const char *text, const char *more)
{
	c->end.exit = exit;
	(void)err_set(&c->end.err, code, "%s%s", text, more);
}

static void finish(struct client *c)
{
	int r;

	c->phase = CLIENT_ENDING;
	c->end.head = (struct message_head){.type = M_END, .subject = SUBJECT_NONE};
	r = channel_send(&c->channel, &c->end, NULL, 0);
	if (r == -EAGAIN) {
		(void)loop_change(&supervisor.loop, &c->watch, EPOLLIN | EPOLLOUT);
		return;
	}
	if (c->verb && c->verb->audited)
		audit_emit(EVENT_CONTROL, AUDIT_S(c->verb->name),
			   AUDIT_S(c->service ? c->service->name : ""), AUDIT_N(c->uid),
			   AUDIT_N(c->pid), AUDIT_N((uint32_t)c->end.exit));
	drop(c);
}

static void pump_rows(struct client *c)
{
	union message row;
	int r;

	while (c->verb->row && c->verb->row(c, c->next_row, &row)) {
		r = channel_send(&c->channel, &row, NULL, 0);
		if (r == -EAGAIN) {
			(void)loop_change(&supervisor.loop, &c->watch, EPOLLIN | EPOLLOUT);
			return;
		}
		if (r) {
			drop(c);
			return;
		}
		c->next_row++;
	}
	finish(c);
}

/* A row of progress; one that does not fit is not worth waiting for. */
static void show_progress(struct client *c)
{
	struct message_row_text row = {.head = {.type = M_ROW_TEXT, .subject = c->service->slot}};

	if (c->shown == c->service->state)
		return;
	c->shown = c->service->state;
	(void)str_copy(row.key, sizeof(row.key), service_state_name(c->service->state));
	(void)str_copy(row.value, sizeof(row.value), c->service->why.msg);
	(void)channel_send(&c->channel, &row, NULL, 0);
}

static void check_waiting(struct client *c)
{
	show_progress(c);
	if (c->verb->settled(c))
		finish(c);
}

void supervisor_control_changed(struct service *s)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = &clients[i];

		if (c->channel.fd >= 0 && c->phase == CLIENT_WAITING && c->service == s)
			check_waiting(c);
	}
}

/* False: c->end says why not. */
static bool find_service(struct client *c, const char *name)
{
	const struct stranger *stranger = control_stranger(name);

	c->service = service_find(&supervisor.table, name);
	/* Before everything that runs is known, a start could be a second one. */
	if (!supervisor.begun) {
		set_end(c, CONTROL_AWAY, EAGAIN, "the supervisor is still gathering what runs", "");
	} else if (c->service) {
		return true;
	} else if (stranger) {
		c->end.exit = CONTROL_REFUSED;
		c->end.err = stranger->why;
	} else {
		set_end(c, CONTROL_UNKNOWN, ENOENT, "no such service", "");
		(void)err_hint(&c->end.err, "`bartizan ps` lists them");
	}
	return false;
}

static void take_question(struct client *c, struct message_control *m)
{
	bool named;

	c->phase = CLIENT_ROWS;
	c->verb = control_verb(m->verb);
	c->number = m->number;
	str_sanitize(m->name, sizeof(m->name));
	named = str_is_name(m->name);
	if (!c->verb || (c->verb->needs_service ? !named : *m->name)) {
		c->verb = NULL;
		set_end(c, CONTROL_UNKNOWN, EINVAL,
			"not a service name, or a verb of another release", "");
		finish(c);
		return;
	}
	if (c->verb->needs_service && !find_service(c, m->name)) {
		finish(c);
		return;
	}
	if (c->verb->begin)
		c->verb->begin(c);
	if (c->phase != CLIENT_WAITING) {
		loop_timer_set(&supervisor.loop, &c->limit, clock_monotonic_ms() + ASKING_MS);
		pump_rows(c);
		return;
	}
	loop_timer_set(&supervisor.loop, &c->limit, clock_monotonic_ms() + c->verb->patience_ms(c));
	c->shown = SERVICE_STATE_COUNT;
	check_waiting(c);
}

static void refuse(struct client *c, const char *reason)
{
	audit_emit(EVENT_CONTROL_REFUSED, AUDIT_S(reason), AUDIT_N(c->uid), AUDIT_N(c->pid));
	drop(c);
}

static void client_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct client *c = container_of(watch, struct client, watch);
	CLEAN_RECEIVED struct received received = {.fd_count = 0};
	struct err err = {0};
	int r = channel_receive(&c->channel, &received, &err);

	(void)loop;
	if (r == 0 && c->phase == CLIENT_ASKING)
		take_question(c, &received.message.control);
	else if (r == 0)
		refuse(c, "a second question on one connection");
	else if (r == -EBADMSG)
		refuse(c, err.msg);
	else if (r != -EAGAIN)
		drop(c);
	else if ((events & EPOLLOUT) && c->phase == CLIENT_ROWS)
		pump_rows(c);
	else if ((events & EPOLLOUT) && c->phase == CLIENT_ENDING)
		finish(c);
}

static void client_late(struct loop *loop, struct timer *timer)
{
	struct client *c = container_of(timer, struct client, limit);

	(void)loop;
	if (c->phase != CLIENT_WAITING) {
		drop(c); /* it asked nothing, or reads nothing */
		return;
	}
	set_end(c, CONTROL_BUSY, ETIMEDOUT, "gave up waiting, it is still ",
		service_state_name(c->service->state));
	loop_timer_set(&supervisor.loop, &c->limit, clock_monotonic_ms() + ASKING_MS);
	finish(c);
}

static struct client *free_client(void)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (clients[i].channel.fd < 0)
			return &clients[i];
	return NULL;
}

/* Only root may ask. The socket's mode says the same; this says it again, of the process that
 * called connect(2). */
static int check_peer(int fd, struct ucred *peer)
{
	socklen_t size = sizeof(*peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &size) || size != sizeof(*peer))
		return -errno;
	return peer->uid == 0 ? 0 : -EACCES;
}

static void admit_client(struct client *c, int *fd, const struct ucred *peer)
{
	*c = (struct client){.channel = {.fd = -1, .self = PEER_SUPERVISOR, .peer = PEER_CONTROL},
			     .watch = {.fd = -1, .ready = client_ready},
			     .limit = {.due = client_late},
			     .uid = peer->uid,
			     .pid = (uint32_t)peer->pid};
	if (loop_add(&supervisor.loop, &c->watch, *fd, EPOLLIN))
		return;
	c->channel.fd = take_fd(fd);
	loop_timer_set(&supervisor.loop, &c->limit, clock_monotonic_ms() + ASKING_MS);
}

static void listener_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	CLEAN_FD int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *c = free_client();
	struct ucred peer = {.uid = UINT32_MAX};

	(void)loop;
	(void)events;
	if (fd < 0)
		return;
	if (check_peer(fd, &peer))
		audit_emit(EVENT_CONTROL_REFUSED, AUDIT_S("not root"), AUDIT_N(peer.uid),
			   AUDIT_N((uint32_t)peer.pid));
	else if (!c)
		audit_emit(EVENT_CONTROL_REFUSED, AUDIT_S("too many connections"),
			   AUDIT_N(peer.uid), AUDIT_N((uint32_t)peer.pid));
	else
		admit_client(c, &fd, &peer);
}

int supervisor_control_open(int listener_fd, struct loop *loop)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		clients[i].channel.fd = -1;
	watch_listener.ready = listener_ready;
	return loop_add(loop, &watch_listener, listener_fd, EPOLLIN);
}

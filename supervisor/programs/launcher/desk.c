#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "programs/launcher/launcher.h"

/*
 * A socket of the launcher's own, for what the supervisor must not see or must not answer: secrets,
 * and how the sandboxes are. Root only; one client at a time, one question each, with a deadline.
 */
#define PATIENCE_MS 5000 /* for the question, and from one row that is read to the next */

static void listen_again(void);
static void client_ready(struct loop *loop, struct watch *watch, uint32_t events);
static void client_late(struct loop *loop, struct timer *timer);

static struct client {
	struct channel channel;
	struct watch watch;
	struct timer limit;
	struct ucred peer;
	int (*more)(void); /* of a question that is being answered */
} client = {
	.channel = {.fd = -1, .self = PEER_LAUNCHER, .peer = PEER_CONTROL},
	.watch = {.fd = -1, .ready = client_ready},
	.limit = {.due = client_late},
};
static struct watch listener = {.fd = -1};

/* clang-format off */
static const struct question {
	uint16_t type;
	void (*handle)(struct received *received);
	int (*more)(void); /* NULL: answered at once */
} questions[] = {
	{M_SECRET_ADD, provision_secret, NULL},
	{M_SECRET_RM, provision_secret, NULL},
	{M_SECRET_LS, provision_secret, NULL},
	{M_TRUST_SHOW, provision_trust, NULL},
	{M_TRUST_INSTALL, provision_trust, NULL},
	{M_CHECK, report_handle, report_more},
	{M_HOLD, hold_handle, NULL},
	{M_RECORD, recording_handle, NULL},
};
/* clang-format on */

int desk_send(const void *message)
{
	int r = channel_send(&client.channel, message, NULL, 0);

	if (!r)
		loop_timer_set(&launcher.loop, &client.limit, clock_monotonic_ms() + PATIENCE_MS);
	return r;
}

int desk_end(int exit_code, const struct err *err)
{
	struct message_end end = {
		.head = {.type = M_END, .subject = SUBJECT_NONE}, .exit = exit_code, .err = *err};

	return desk_send(&end);
}

const struct ucred *desk_peer(void)
{
	return &client.peer;
}

static void hang_up(void)
{
	client.more = NULL;
	loop_timer_clear(&launcher.loop, &client.limit);
	loop_remove(&launcher.loop, &client.watch);
	fd_close(&client.channel.fd);
	listen_again();
}

static void refuse(const char *reason)
{
	audit_emit(EVENT_CONTROL_REFUSED, AUDIT_S(reason), AUDIT_N(client.peer.uid),
		   AUDIT_N((uint32_t)client.peer.pid));
}

/* Until everything is said, or the client has to read first. */
static void go_on(void)
{
	int r = client.more ? client.more() : 0;

	if (r == -EAGAIN)
		(void)loop_change(&launcher.loop, &client.watch, EPOLLIN | EPOLLOUT);
	else
		hang_up();
}

static void take_question(struct received *received)
{
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
		if (questions[i].type != received->message.head.type)
			continue;
		questions[i].handle(received);
		client.more = questions[i].more;
	}
	go_on();
}

static void client_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	CLEAN_RECEIVED struct received received = {.fd_count = 0};
	struct err err = {0};
	int r = channel_receive(&client.channel, &received, &err);

	(void)loop;
	(void)watch;
	if (r == -EAGAIN && client.more && (events & EPOLLOUT)) {
		go_on();
	} else if (r == 0 && !client.more) {
		take_question(&received);
	} else if (r != -EAGAIN) {
		if (r == 0 || r == -EBADMSG)
			refuse(r ? err.msg : "a second question on one connection");
		hang_up();
	}
}

static void client_late(struct loop *loop, struct timer *timer)
{
	(void)loop;
	(void)timer;
	hang_up();
}

static void listener_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	CLEAN_FD int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	socklen_t size = sizeof(client.peer);

	(void)events;
	if (fd < 0)
		return;
	/* The socket's mode says the same; this says it again, of who called connect(2). */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &client.peer, &size) || client.peer.uid) {
		refuse("not root");
		return;
	}
	if (loop_add(loop, &client.watch, fd, EPOLLIN))
		return;
	client.channel.fd = take_fd(&fd);
	loop_remove(loop, watch);
	loop_timer_set(loop, &client.limit, clock_monotonic_ms() + PATIENCE_MS);
}

static void listen_again(void)
{
	listener.ready = listener_ready;
	(void)loop_add(&launcher.loop, &listener, launcher.desk_fd, EPOLLIN);
}

void desk_open(void)
{
	if (launcher.desk_fd >= 0)
		listen_again();
}

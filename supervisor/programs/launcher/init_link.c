#include "programs/launcher/launcher.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"

/* Messages that came while an acknowledgement was awaited. init asks for one helper at a time of
 * each kind, so there are never more than a handful. */
#define PENDING_MAX 16

static struct received pending[PENDING_MAX];
static unsigned int pending_count;
static uint32_t last_request;

void init_send(const void *message, const int *fds, int fd_count)
{
	uint64_t deadline = clock_monotonic_ms() + ANSWER_MS;
	struct pollfd wait = {.fd = launcher.init.channel.fd, .events = POLLOUT};
	int r;

	while ((r = channel_send(&launcher.init.channel, message, fds, fd_count)) == -EAGAIN &&
	       clock_monotonic_ms() < deadline)
		(void)poll(&wait, 1, 100);
	if (!r)
		return;
	/* Without init nothing may be started, and what was started could not be told: a new
	 * launcher takes over from the store. */
	log_line("launcher: init does not take a message: %s", err_text(-r));
	_exit(1);
}

void init_store(uint16_t subject, enum store_kind kind, int fd)
{
	struct message_kind m = {.head = {.type = M_STORE, .subject = subject}, .kind = kind};

	init_send(&m, &fd, 1);
}

void init_drop(uint16_t subject, enum store_kind kind)
{
	struct message_kind m = {.head = {.type = M_DROP, .subject = subject}, .kind = kind};

	init_send(&m, NULL, 0);
}

int init_receive(struct received *received, struct err *err)
{
	int r = channel_wait(&launcher.init.channel, received, ANSWER_MS, err);

	if (r != -ECONNRESET)
		return r;
	_exit(1); /* init is gone: so is the machine */
}

static void keep(struct received *received)
{
	if (pending_count == PENDING_MAX) {
		audit_emit(EVENT_MESSAGE_REFUSED, AUDIT_S("init"), AUDIT_S("too many at once"));
		channel_message_close(received);
		return;
	}
	pending[pending_count++] = *received;
}

static int wait_for_ack(const struct message_head *asked, struct err *err)
{
	uint64_t deadline = clock_monotonic_ms() + ANSWER_MS;

	while (clock_monotonic_ms() < deadline) {
		struct received received;
		int r = init_receive(&received, err);

		if (r)
			return r;
		if (received.message.head.type != M_CHILD_ACK)
			keep(&received);
		else if (received.message.head.request == asked->request)
			return 0;
	}
	return err_set(err, ETIMEDOUT, "init did not acknowledge the process");
}

int init_announce(const struct plan *plan, const struct child *child, struct err *err)
{
	struct message_child m = {
		.head = {.type = M_CHILD,
			 .subject = plan->subject,
			 .generation = plan->generation,
			 .request = ++last_request},
		.pid = child->pid,
		.uid = plan->uid,
		.stop_ms = plan->stop_ms,
	};

	str_join(m.name, sizeof(m.name), plan->name, "", "");
	str_join(m.cgroup, sizeof(m.cgroup), plan->cgroup, "", "");
	init_send(&m, &child->pidfd, 1);
	return wait_for_ack(&m.head, err);
}

static void send_plain(uint16_t type, uint16_t subject, uint32_t generation)
{
	struct message_plain m = {
		.head = {.type = type, .subject = subject, .generation = generation}};

	init_send(&m, NULL, 0);
}

void init_started(uint16_t subject, uint32_t generation)
{
	send_plain(M_STARTED, subject, generation);
}

void init_promote(uint16_t subject, uint32_t generation)
{
	send_plain(M_PROMOTE, subject, generation);
}

static void dispatch(struct received *received)
{
	switch (received->message.head.type) {
	case M_HELPER:
	case M_HELPER_SUPERVISOR:
	case M_HELPER_RECORDER:
		helpers_handle(received);
		break;
	default: /* a late acknowledgement: its child was given up and has exited at its gate */
		break;
	}
	channel_message_close(received);
}

void init_run_pending(void)
{
	while (pending_count) {
		struct received received = pending[0];

		pending_count--;
		memmove(&pending[0], &pending[1], pending_count * sizeof(pending[0]));
		dispatch(&received);
	}
}

static void ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct received received;
	struct err err = {0};
	int r = channel_receive(&launcher.init.channel, &received, &err);

	(void)loop;
	(void)watch;
	(void)events;
	if (r == -ECONNRESET)
		_exit(1);
	if (r == -EBADMSG)
		audit_emit(EVENT_MESSAGE_REFUSED, AUDIT_S("init"), AUDIT_S(err.msg));
	if (r)
		return;
	dispatch(&received);
	init_run_pending();
}

int init_link_open(int fd)
{
	launcher.init.channel =
		(struct channel){.fd = fd, .self = PEER_LAUNCHER, .peer = PEER_INIT};
	launcher.init.watch.ready = ready;
	return loop_add(&launcher.loop, &launcher.init.watch, fd, EPOLLIN);
}

#include "supervisor.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>

#include "audit/audit.h"
#include "base/str.h"

/* What could not be sent at once; message_signal is the largest of the three kinds. While it is
 * half full nothing more is read, so an acknowledgement always finds room; signals are repeated by
 * timers. */
#define QUEUE_MAX (4 * CONFIG_SERVICES_MAX)

static struct channel link_init = {.fd = -1, .self = PEER_SUPERVISOR, .peer = PEER_INIT};
static struct watch watch_init = {.fd = -1};
static struct message_signal queue[QUEUE_MAX];
static uint32_t queue_count;

static void flush_queue(void)
{
	uint32_t events = 0;
	uint32_t sent = 0;

	while (sent < queue_count && channel_send(&link_init, &queue[sent], NULL, 0) != -EAGAIN)
		sent++;
	queue_count -= sent;
	memmove(queue, queue + sent, queue_count * sizeof(queue[0]));
	if (queue_count < QUEUE_MAX / 2)
		events |= EPOLLIN;
	if (queue_count)
		events |= EPOLLOUT;
	(void)loop_change(&supervisor.loop, &watch_init, events);
}

static void post(const void *message, size_t size)
{
	if (queue_count == QUEUE_MAX)
		return;
	memset(&queue[queue_count], 0, sizeof(queue[0]));
	memcpy(&queue[queue_count], message, size);
	queue_count++;
	flush_queue();
}

void supervisor_init_signal(uint16_t subject, uint32_t generation, uint32_t signal)
{
	struct message_signal m = {
		.head = {.type = M_SIGNAL, .subject = subject, .generation = generation},
		.signal = signal};

	post(&m, sizeof(m));
}

void supervisor_init_power(enum power how)
{
	struct message_kind m = {.head = {.type = M_POWER, .subject = SUBJECT_NONE}, .kind = how};

	post(&m, sizeof(m));
}

void supervisor_init_vital(bool well)
{
	struct message_kind m = {.head = {.type = M_VITAL, .subject = SUBJECT_NONE}, .kind = well};

	post(&m, sizeof(m));
}

static void acknowledge(const struct message_head *head)
{
	struct message_plain m = {.head = {.type = M_ACK,
					   .subject = head->subject,
					   .generation = head->generation,
					   .request = head->request}};

	post(&m, sizeof(m));
}

static void handle_exited(const union message *m)
{
	const struct message_head *head = &m->head;
	struct service_exit how = {
		.code = m->exited.code, .status = m->exited.status, .unborn = m->exited.unborn};
	struct service *s = supervisor_service(SUBJECT_SLOT(head->subject));

	if (s && !SUBJECT_IS_HELPER(head->subject)) {
		if (SUBJECT_IS_PROBE(head->subject)) {
			supervisor_launcher_forget(s, M_PROBE);
			service_probe_exited(&supervisor.table, s, head->generation, &how);
		} else if (SUBJECT_IS_STANDBY(head->subject)) {
			service_standby_exited(&supervisor.table, s, head->generation, &how);
		} else {
			/* It died while nobody was here: an ordinary death all the same. */
			if (!supervisor.begun && supervisor.starting[s->slot] &&
			    s->generation == head->generation)
				service_adopt(&supervisor.table, s, head->generation, 0);
			service_exited(&supervisor.table, s, head->generation, &how);
		}
	}
	/* After it is on record in the state memfd, never before. */
	acknowledge(head);
}

static void handle_died(const union message *m)
{
	uint16_t which = SUBJECT_SLOT(m->head.subject);

	if (!SUBJECT_IS_HELPER(m->head.subject) || which >= HELPER_COUNT)
		return;
	supervisor.helpers[which].deaths++;
	supervisor.helpers[which].last =
		(struct service_exit){.code = m->exited.code, .status = m->exited.status};
}

static void handle_launcher_up(const union message *m)
{
	(void)m;
	supervisor_launcher_repeat();
}

static void handle_alive(const union message *m)
{
	struct service *s = supervisor_service(SUBJECT_SLOT(m->head.subject));

	if (!s || SUBJECT_IS_HELPER(m->head.subject) || supervisor.begun)
		return;
	if (SUBJECT_IS_PROBE(m->head.subject)) {
		/* Its question is forgotten, so its answer has no meaning. */
		supervisor_init_signal(m->head.subject, m->head.generation, SIGKILL);
		return;
	}
	if (!supervisor.had_record[s->slot])
		s->wanted = true;
	service_adopt(&supervisor.table, s, m->head.generation, m->running.pid);
}

static void handle_alive_end(const union message *m)
{
	(void)m;
	supervisor.alive_known = true;
	supervisor_begin();
}

static void handle_shutdown(const union message *m)
{
	supervisor_power_begin(m->kind.kind < POWER_COUNT ? (enum power)m->kind.kind : POWER_OFF);
}

static const struct {
	uint16_t type;
	void (*handle)(const union message *m);
} handlers[] = {
	{M_EXITED, handle_exited},           {M_HELPER_DIED, handle_died},
	{M_LAUNCHER_UP, handle_launcher_up}, {M_ALIVE, handle_alive},
	{M_ALIVE_END, handle_alive_end},     {M_SHUTDOWN, handle_shutdown},
};

static void dispatch(const union message *m)
{
	for (size_t i = 0; i < ARRAY_SIZE(handlers); i++)
		if (handlers[i].type == m->head.type)
			handlers[i].handle(m);
}

static void ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	CLEAN_RECEIVED struct received received = {.fd_count = 0};
	struct err err = {0};
	int r;

	(void)watch;
	if (events & EPOLLOUT)
		flush_queue();
	if (!(events & ~(uint32_t)EPOLLOUT))
		return;
	r = channel_receive(&link_init, &received, &err);
	if (r == 0)
		dispatch(&received.message);
	else if (r == -EBADMSG)
		audit_emit(EVENT_MESSAGE_REFUSED, AUDIT_S("init"), AUDIT_S(err.msg));
	else if (r != -EAGAIN)
		loop->stop = true; /* without init there is nothing to supervise: it starts another
				      supervisor */
}

int supervisor_init_open(int fd)
{
	link_init.fd = fd;
	watch_init.ready = ready;
	return loop_add(&supervisor.loop, &watch_init, fd, EPOLLIN);
}

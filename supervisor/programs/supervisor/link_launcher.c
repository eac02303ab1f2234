#include "supervisor.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "base/str.h"
#include "policy/validate.h"

/* Questions without an answer yet: at most one of each type per service. */
#define REQUESTS_MAX (7 * CONFIG_SERVICES_MAX)

struct request {
	uint32_t number; /* 0: free */
	uint16_t type;
	uint16_t slot;
	uint32_t generation;
	bool sent;
};

static struct channel link_launcher = {.fd = -1, .self = PEER_SUPERVISOR, .peer = PEER_LAUNCHER};
static struct watch watch_launcher = {.fd = -1};
static struct request requests[REQUESTS_MAX];
static uint32_t last_number;

static int send_release(const struct message_head *head, const struct service *s)
{
	struct message_release m = {.head = *head, .code = s->last.code, .status = s->last.status};

	str_join(m.why, sizeof(m.why), s->why.msg, "", "");
	return channel_send(&link_launcher, &m, NULL, 0);
}

static int send_request(const struct request *request)
{
	struct message_head head = {.type = request->type,
				    .subject = SUBJECT_OF_SERVICE(request->slot),
				    .generation = request->generation,
				    .request = request->number};
	struct message_plain plain = {.head = head};
	struct message_name name = {.head = head};

	if (request->type == M_RELEASE)
		return send_release(&head, &supervisor.table.services[request->slot]);
	if (request->type != M_ADMIT)
		return channel_send(&link_launcher, &plain, NULL, 0);
	memcpy(name.name, supervisor.table.services[request->slot].name, sizeof(name.name));
	return channel_send(&link_launcher, &name, NULL, 0);
}

int supervisor_launcher_resend(uint64_t n)
{
	const struct message_shipped m = {.head = {.type = M_RESEND, .subject = SUBJECT_NONE},
					  .n = n};

	return link_launcher.fd < 0 ? -ENOTCONN : channel_send(&link_launcher, &m, NULL, 0);
}

/* Nothing is asked before the launcher has said which name has which slot, and init what runs. */
void supervisor_launcher_flush(void)
{
	bool full = false;

	for (size_t i = 0; supervisor.begun && i < REQUESTS_MAX && !full; i++) {
		if (!requests[i].number || requests[i].sent)
			continue;
		full = send_request(&requests[i]) == -EAGAIN;
		requests[i].sent = !full;
	}
	(void)loop_change(&supervisor.loop, &watch_launcher, full ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static struct request *find_open(uint16_t slot, uint16_t type)
{
	for (size_t i = 0; i < REQUESTS_MAX; i++)
		if (requests[i].number && requests[i].slot == slot && requests[i].type == type)
			return &requests[i];
	return NULL;
}

static struct request *find_free(void)
{
	for (size_t i = 0; i < REQUESTS_MAX; i++)
		if (!requests[i].number)
			return &requests[i];
	return NULL; /* cannot be: seven types, seven places per service */
}

void supervisor_launcher_forget(const struct service *s, uint16_t type)
{
	struct request *open = find_open(s->slot, type);

	if (open)
		open->number = 0;
}

uint32_t supervisor_launcher_request(struct service *s, uint16_t type, uint32_t generation)
{
	struct request *open = find_open(s->slot, type);

	/* Every probe and every admission is a question of its own: the answer to one that was
	 * given up by a stop in between must not decide about the start that follows. */
	if (open && type != M_PROBE && type != M_ADMIT && open->generation == generation)
		return open->number;
	if (!open)
		open = find_free();
	if (!open)
		return 0;
	*open = (struct request){
		.number = ++last_number, .type = type, .slot = s->slot, .generation = generation};
	supervisor_launcher_flush();
	return open->number;
}

void supervisor_launcher_repeat(void)
{
	for (size_t i = 0; i < REQUESTS_MAX; i++)
		requests[i].sent = false;
	supervisor_launcher_flush();
}

/* The open request that @head answers: number, service and type have to agree. */
static struct request *answered(const struct message_head *head, uint16_t type)
{
	for (size_t i = 0; i < REQUESTS_MAX; i++) {
		struct request *r = &requests[i];

		if (r->number && r->number == head->request &&
		    SUBJECT_OF_SERVICE(r->slot) == SUBJECT_SLOT(head->subject))
			return type == 0 || r->type == type ? r : NULL;
	}
	return NULL;
}

static void note_stranger(const struct message_name *m)
{
	for (size_t i = 0; i < STRANGERS_MAX; i++) {
		struct stranger *one = &supervisor.strangers[i];

		if (*one->name && !str_equal(one->name, m->name))
			continue;
		memcpy(one->name, m->name, sizeof(one->name));
		one->why = m->why;
		return;
	}
}

static void handle_named(struct received *received)
{
	struct message_name *m = &received->message.name;
	struct service *s = supervisor_service(m->head.subject);

	if (!str_terminated(m->name, sizeof(m->name)) || !str_is_name(m->name))
		return;
	if (m->why.code)
		err_sanitize(&m->why);
	if (!s) {
		if (m->why.code)
			note_stranger(m);
		return;
	}
	if (!s->known && *s->name && !str_equal(s->name, m->name)) {
		/* The saved state is about another name: it says nothing here. */
		supervisor.had_record[s->slot] = false;
		s->wanted = s->state == SERVICE_RUNNING;
	}
	memcpy(s->name, m->name, sizeof(s->name));
	s->known = true;
	s->autostart = m->autostart;
	s->critical = m->critical;
	if (m->why.code)
		service_forbid(&supervisor.table, s, &m->why);
}

static void handle_named_end(struct received *received)
{
	(void)received;
	supervisor.names_known = true;
	supervisor_begin();
}

static int take_policy(struct service *s, int fd, struct policy *policy, struct err *err)
{
	if (fd_read_sealed(fd, policy, sizeof(*policy)))
		return err_set(err, EBADMSG,
			       "the policy of %s is not a sealed copy of the agreed size", s->name);
	return policy_validate(policy, err);
}

static void handle_admitted(struct received *received)
{
	static struct policy policy; /* 16 KiB, and one at a time */
	struct message_admitted *m = &received->message.admitted;
	struct request *request = answered(&m->head, M_ADMIT);
	struct service_identity identity = {
		.epoch = m->epoch,
		.uid = m->uid,
		.trial = m->trial != 0,
		.verify_us = m->verify_us,
		.map_us = m->map_us,
	};
	struct service *s;

	if (!request)
		return;
	s = &supervisor.table.services[request->slot];
	if (take_policy(s, received->fds[0], &policy, &s->admission)) {
		audit_emit(EVENT_MESSAGE_REFUSED, AUDIT_S("launcher"), AUDIT_S(s->admission.msg));
		return;
	}
	str_sanitize(m->version, sizeof(m->version));
	memcpy(identity.version, m->version, sizeof(identity.version));
	memcpy(identity.root_hash, m->root_hash, sizeof(identity.root_hash));
	service_admitted(s, &identity, &policy);
	if (!s->admission.code)
		supervisor.policies[s->slot] = policy;
}

static void handle_running(struct received *received)
{
	const struct message_running *m = &received->message.running;
	struct request *request = answered(&m->head, M_START);

	/* The pidfd is closed with the message: signals go through init, which owns the process. */
	if (request)
		service_running(&supervisor.table, &supervisor.table.services[request->slot],
				request->generation, m->pid);
}

static void handle_readiness(struct received *received)
{
	const struct message_kind *m = &received->message.kind;
	struct service *s = supervisor_service(m->head.subject);

	if (s && (m->kind == READY_NOTIFY || m->kind == READY_FD))
		supervisor_readiness_take(s, m->head.generation, m->kind, &received->fds[0]);
}

static void handle_probing(struct received *received)
{
	struct request *request = answered(&received->message.head, M_PROBE);

	if (request)
		service_probing(&supervisor.table, &supervisor.table.services[request->slot],
				request->number);
}

static void handle_held(struct received *received)
{
	const struct message_kind *m = &received->message.kind;
	struct service *s = supervisor_service(m->head.subject);

	if (s && m->kind < HOLD_COUNT)
		service_held(&supervisor.table, s, (enum hold)m->kind, m->head.generation);
}

static void handle_done(struct received *received)
{
	struct message_done *m = &received->message.done;
	struct request *request = answered(&m->head, 0);
	struct request done;

	if (!request)
		return;
	done = *request;
	request->number = 0;
	if (m->err.code) {
		err_sanitize(&m->err);
		str_sanitize(m->step, sizeof(m->step));
		if (*m->step && done.type == M_START)
			(void)err_prefix(&m->err, "%s", m->step);
	}
	service_answer(&supervisor.table, &supervisor.table.services[done.slot], done.type,
		       done.type == M_PROBE ? done.number : done.generation, &m->err);
}

static void handle_renew(struct received *received)
{
	struct service *s = supervisor_service(received->message.head.subject);

	if (s && s->known)
		service_reversion(&supervisor.table, s);
}

static void handle_monitor_stop(struct received *received)
{
	struct service *s = supervisor_service(received->message.head.subject);

	if (s && s->known)
		service_unwant(&supervisor.table, s);
}

static const struct {
	uint16_t type;
	void (*handle)(struct received *received);
} handlers[] = {
	{M_NAMED, handle_named},         {M_NAMED_END, handle_named_end},
	{M_ADMITTED, handle_admitted},   {M_RUNNING, handle_running},
	{M_PROBING, handle_probing},     {M_DONE, handle_done},
	{M_READINESS, handle_readiness}, {M_HELD, handle_held},
	{M_RENEW, handle_renew},         {M_MONITOR_STOP, handle_monitor_stop},
};

static void dispatch(struct received *received)
{
	for (size_t i = 0; i < ARRAY_SIZE(handlers); i++)
		if (handlers[i].type == received->message.head.type)
			handlers[i].handle(received);
}

static void ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	CLEAN_RECEIVED struct received received = {.fd_count = 0};
	struct err err = {0};
	int r;

	(void)watch;
	if (events & EPOLLOUT)
		supervisor_launcher_flush();
	r = channel_receive(&link_launcher, &received, &err);
	if (r == 0)
		dispatch(&received);
	else if (r == -EBADMSG)
		audit_emit(EVENT_MESSAGE_REFUSED, AUDIT_S("launcher"), AUDIT_S(err.msg));
	else if (r != -EAGAIN)
		loop->stop = true; /* its end is kept by init: a link that is gone will not come
				      back, a new supervisor gets one */
}

int supervisor_launcher_open(int fd)
{
	/* Numbers differ from those of the supervisors before this one: the number of a probe is
	 * its generation at init. */
	last_number = (supervisor.generation & 0xfffu) << 20;
	link_launcher.fd = fd;
	watch_launcher.ready = ready;
	return loop_add(&supervisor.loop, &watch_launcher, fd, EPOLLIN);
}

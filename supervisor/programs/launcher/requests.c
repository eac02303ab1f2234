#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "policy/check.h"
#include "programs/launcher/images.h"
#include "programs/launcher/launcher.h"
#include "programs/launcher/slots.h"

/*
 * What the supervisor may ask. It names a slot and a generation, never what is done: all of that is
 * in the signed image and the device policy. It may repeat itself, and may be hostile.
 */

static const struct err not_named = {
	.code = EACCES,
	.msg = "the device policy does not name it",
	.hint = "add [service NAME] to supervisor.conf of the firmware",
};

static void done(const struct message_head *asked, const char *step, const struct err *err)
{
	struct message_done m = {.head = *asked};

	m.head.type = M_DONE;
	if (err) {
		m.err = *err;
		str_join(m.step, sizeof(m.step), step, "", "");
	}
	link_send(&launcher.supervisor, &m, NULL, 0);
}

static void handle_admit(struct service *s, struct received *received)
{
	const struct message_name *asked = &received->message.name;
	struct message_admitted m = {.head = asked->head};
	struct err err = {0};

	if (admit_service(s, &err)) {
		launcher_refuse_image(s->name, &err);
		done(&asked->head, "admit", &err);
		return;
	}
	m.head.type = M_ADMITTED;
	str_join(m.name, sizeof(m.name), s->name, "", "");
	str_join(m.version, sizeof(m.version), s->policy.version, "", "");
	m.epoch = s->note.epoch;
	m.uid = s->note.uid;
	m.trial = s->note.trial != 0;
	m.verify_us = s->note.verify_us;
	m.map_us = s->note.map_us;
	memcpy(m.root_hash, s->note.root_hash, sizeof(m.root_hash));
	link_send(&launcher.supervisor, &m, &s->policy_fd, 1);
	done(&asked->head, NULL, NULL);
}

/* Where this life says that it is ready; to every supervisor, until one has heard it. */
static void say_readiness(const struct service *s)
{
	struct message_kind m = {.head = {.type = M_READINESS,
					  .subject = SUBJECT_OF_SERVICE(s->slot),
					  .generation = s->generation},
				 .kind = s->policy.ready};

	if (s->ready_fd >= 0 && s->admitted && start_is_alive(s))
		link_send(&launcher.supervisor, &m, &s->ready_fd, 1);
}

static void say_running(const struct service *s, const struct message_head *asked)
{
	struct message_running m = {.head = *asked, .pid = start_pid(s->pidfd)};

	m.head.type = M_RUNNING;
	link_send(&launcher.supervisor, &m, &s->pidfd, 1);
	say_readiness(s);
	done(asked, NULL, NULL);
}

static void refuse_start(struct service *s, const struct message_head *asked, const char *step,
			 const struct err *err)
{
	log_line("%s: refused: %s: %s%s%s%s", s->name, step, err->msg, *err->hint ? " (" : "",
		 err->hint, *err->hint ? ")" : "");
	audit_emit(EVENT_START_REFUSED, AUDIT_S(s->name), AUDIT_N(asked->generation), AUDIT_S(step),
		   AUDIT_S(err->msg), AUDIT_S(err->hint));
	done(asked, step, err);
}

static void handle_start(struct service *s, struct received *received)
{
	const struct message_head *asked = &received->message.head;
	struct err err = {0};
	char step[24] = "";

	/* Asked again, because the launcher or the supervisor died in between. */
	if (s->pidfd >= 0 && s->generation == asked->generation) {
		say_running(s, asked);
		return;
	}
	if (s->standby.generation != asked->generation &&
	    (s->generation == asked->generation || s->begun == asked->generation)) {
		/* A launcher died over it, or it was parked and did not last. */
		(void)err_set(&err, ESTALE, "generation %u has been begun before",
			      asked->generation);
		done(asked, "start", &err);
		return;
	}
	if (s->admitted && s->note.trust_version != launcher.trust.version) {
		/* A bundle may have revoked its key since: an honest supervisor asks M_ADMIT first.
		 */
		(void)err_set(&err, ESTALE,
			      "the trust policy is a newer one since it was admitted");
		refuse_start(s, asked, "start", &err);
		return;
	}
	if (s->standby.generation == asked->generation
		    ? standby_start(s, step, &err)
		    : start_service(s, asked->generation, step, &err)) {
		refuse_start(s, asked, step, &err);
		return;
	}
	log_line("%s: running, pid %d", s->name, start_pid(s->pidfd));
	say_running(s, asked);
}

static void handle_probe(struct service *s, struct received *received)
{
	const struct message_head *asked = &received->message.head;
	struct message_running m = {.head = *asked};
	struct child child = CHILD_NONE;
	struct err err = {0};
	char step[24] = "";

	if (probe_service(s, asked->request, &child, step, &err)) {
		done(asked, step, &err);
		return;
	}
	m.head.type = M_PROBING;
	m.pid = child.pid;
	link_send(&launcher.supervisor, &m, &child.pidfd, 1);
	sandbox_child_close(&child);
	done(asked, NULL, NULL);
}

/* What the supervisor says of the life that is over is shown to people and decides nothing. */
static void note_end(struct service *s, const struct message_release *m)
{
	s->ended = (struct ended){
		.generation = m->head.generation, .code = m->code, .status = m->status};
	str_join(s->ended.why, sizeof(s->ended.why), m->why, "", "");
	str_sanitize(s->ended.why, sizeof(s->ended.why));
}

static void handle_release(struct service *s, struct received *received)
{
	note_end(s, &received->message.release);
	start_release(s);
	done(&received->message.head, NULL, NULL);
}

/* It costs nobody anything that there is none, so a refusal ends nothing: the supervisor asks again
 * later. */
static void handle_park(struct service *s, struct received *received)
{
	const struct message_head *asked = &received->message.head;
	struct err err = {0};
	char step[24] = "";

	if (!asked->generation) {
		standby_drop(s);
	} else if (standby_park(s, asked->generation, step, &err)) {
		log_line("%s: no standby: %s: %s", s->name, step, err.msg);
		audit_emit(EVENT_STANDBY_REFUSED, AUDIT_S(s->name), AUDIT_N(asked->generation),
			   AUDIT_S(step), AUDIT_S(err.msg));
		done(asked, step, &err);
		return;
	}
	done(asked, NULL, NULL);
}

static void handle_healthy(struct service *s, struct received *received)
{
	confirm_healthy(s, received->message.head.generation);
	done(&received->message.head, NULL, NULL);
}

/* The restart ladder has come to its end. A version on trial gives way to the one before it, which
 * it could have done by itself when all tries were used. */
static void handle_gave_up(struct service *s, struct received *received)
{
	const struct message_head *asked = &received->message.head;
	struct err err = {0};

	if (start_is_alive(s))
		(void)err_set(&err, EBUSY, "%s runs", s->name);
	else if (!slots_give_up(s, *s->ended.why ? s->ended.why : "it failed too often", &err))
		requests_renew(s);
	done(asked, "rollback", err.code ? &err : NULL);
}

/* ---- another version */

static void renew_due(struct loop *loop, struct timer *timer)
{
	struct service *s = container_of(timer, struct service, renew);
	struct message_plain m = {
		.head = {.type = M_RENEW, .subject = SUBJECT_OF_SERVICE(s->slot)}};

	(void)loop;
	link_send(&launcher.supervisor, &m, NULL, 0);
}

/* Not at once: the answer to what is being asked goes first, or the supervisor would take the news
 * for something older than that answer. */
void requests_renew(struct service *s)
{
	standby_drop(s); /* of the version that shall not run any more */
	s->renew.due = renew_due;
	loop_timer_set(&launcher.loop, &s->renew, clock_monotonic_ms());
}

static const struct {
	uint16_t type;
	void (*handle)(struct service *, struct received *);
} handlers[] = {
	{M_ADMIT, handle_admit},     {M_START, handle_start}, {M_PROBE, handle_probe},
	{M_RELEASE, handle_release}, {M_PARK, handle_park},   {M_HEALTHY, handle_healthy},
	{M_GAVE_UP, handle_gave_up},
};

static void dispatch_service(struct received *received)
{
	const struct message_head *head = &received->message.head;
	struct service *s = launcher_service(head->subject);
	const char *name = received->message.name.name;

	if (!s || (head->type == M_ADMIT &&
		   (!str_terminated(name, NAME_SIZE) || !str_equal(name, s->name)))) {
		link_refuse(&launcher.supervisor,
			    "asks for a service that the device policy does not name");
		done(head, "admit", &not_named);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(handlers); i++)
		if (handlers[i].type == head->type)
			handlers[i].handle(s, received);
}

static void dispatch(struct received *received)
{
	/* The recorder's business; it bounds how often. */
	if (received->message.head.type == M_RESEND)
		link_send(&launcher.recorder, &received->message.shipped, NULL, 0);
	else
		dispatch_service(received);
}

static void ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	CLEAN_RECEIVED struct received received = {.fd_count = 0};

	(void)loop;
	(void)watch;
	(void)events;
	if (link_take(&launcher.supervisor, &received))
		dispatch(&received);
	/* What init said while an acknowledgement was awaited. */
	init_run_pending();
}

/* ---- names */

struct stranger {
	bool tell;
};

static void send_name(const struct service *s)
{
	struct message_name m = {.head = {.type = M_NAMED, .subject = SUBJECT_OF_SERVICE(s->slot)},
				 .autostart = s->autostart,
				 .critical = s->critical};

	str_join(m.name, sizeof(m.name), s->name, "", "");
	link_send(&launcher.supervisor, &m, NULL, 0);
}

static void send_stranger(const char *name)
{
	struct message_name m = {.head = {.type = M_NAMED, .subject = SUBJECT_NONE},
				 .why = not_named};

	str_join(m.name, sizeof(m.name), name, "", "");
	link_send(&launcher.supervisor, &m, NULL, 0);
}

static int note_stranger(void *context, const char *name)
{
	const struct stranger *s = context;

	if (!launcher.policies || policy_device_service(&launcher.device, name))
		return 0;
	if (s->tell)
		launcher_refuse_image(name, &not_named);
	else
		send_stranger(name);
	return 0;
}

void requests_names(bool tell)
{
	struct stranger context = {.tell = tell};

	if (launcher.images_fd >= 0)
		(void)images_walk(launcher.images_fd, note_stranger, &context);
}

void requests_link(int fd)
{
	struct message_plain end = {.head = {.type = M_NAMED_END}};

	link_open(&launcher.supervisor, PEER_SUPERVISOR, fd, ready);
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++) {
		const struct service *s = &launcher.services[i];

		if (*s->name)
			send_name(s);
		if (*s->name && hold_of(s) != HOLD_NONE)
			hold_tell(s);
	}
	requests_names(false);
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++)
		say_readiness(&launcher.services[i]);
	link_send(&launcher.supervisor, &end, NULL, 0);
}

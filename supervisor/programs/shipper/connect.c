#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/fd.h"
#include "programs/shipper/shipper.h"

/*
 * A checkpoint is: open the next session, then close the current one and wait until the collector
 * closes, too. Only then is it known to have read everything; a write that succeeded says nothing.
 * The next session carries no record before that, so order holds at a collector with several
 * workers.
 */

static void line_close(struct line_out *line)
{
	loop_remove(&line->shipper->loop, &line->watch);
	export_session_close(line->session);
	line->session = NULL;
	line->open = false;
}

static void failed(struct shipper *s, struct target *t)
{
	uint32_t random = UINT32_MAX / 2;

	(void)!getrandom(&random, sizeof(random), 0);
	backoff_failed(&t->backoff, s->policy->syslog.retry_max_ms, clock_monotonic_ms(), random);
}

/* The first collector that may be tried now, else the one that may be soonest. */
static struct target *choose(struct shipper *s, uint64_t now)
{
	struct target *best = &s->targets[0];

	for (struct target *t = best; t < &s->targets[s->target_count]; t++) {
		if (t->backoff.not_before_ms <= now)
			return t;
		if (t->backoff.not_before_ms < best->backoff.not_before_ms)
			best = t;
	}
	return best;
}

static void dial_later(struct shipper *s)
{
	uint64_t at = choose(s, clock_monotonic_ms())->backoff.not_before_ms;

	at = at > s->dialed_ms + DIAL_GAP_MS ? at : s->dialed_ms + DIAL_GAP_MS;
	if (!s->dial_timer.armed && !s->stopping)
		loop_timer_set(&s->loop, &s->dial_timer, at);
}

static void dial(struct shipper *s)
{
	struct message_plain m = {.head.type = M_DIAL};
	uint64_t now = clock_monotonic_ms();
	struct target *t = choose(s, now);

	if (s->dialing || s->next->session)
		return;
	m.head.request = (uint32_t)(t - s->targets);
	if (t->backoff.not_before_ms > now || now < s->dialed_ms + DIAL_GAP_MS) {
		dial_later(s);
		return;
	}
	s->dialed_ms = now;
	if (channel_send(&s->launcher, &m, NULL, 0)) {
		dial_later(s);
		return;
	}
	s->next->target = t;
	s->dialing = true;
	loop_timer_set(&s->loop, &s->deadline_timer, now + HANDSHAKE_MS);
}

static void dial_due(struct loop *loop, struct timer *timer)
{
	(void)loop;
	dial(container_of(timer, struct shipper, dial_timer));
}

void connect_start(struct shipper *s)
{
	if (!s->dial_timer.armed)
		dial(s);
}

static void next_failed(struct shipper *s, const char *why)
{
	loop_timer_clear(&s->loop, &s->deadline_timer);
	line_close(s->next);
	s->dialing = false;
	if (!s->current)
		shipper_tell(s, s->next->target, false, why);
	failed(s, s->next->target);
	dial_later(s);
}

static void deadline_due(struct loop *loop, struct timer *timer)
{
	(void)loop;
	next_failed(container_of(timer, struct shipper, deadline_timer), "no answer within 10 s");
}

void connect_refused(struct shipper *s, const struct err *why)
{
	if (s->dialing)
		next_failed(s, why->msg);
}

static void use_next(struct shipper *s)
{
	struct line_out *old =
		s->current ? s->current : (s->next == &s->lines[0] ? &s->lines[1] : &s->lines[0]);

	s->current = s->next;
	s->next = old;
	s->closing = false;
	shipper_tell(s, s->current->target, true, "");
	pump_soon(s, true);
}

/* A session that is lost, or that does not end as it should: what it carried since the safe
 * checkpoint is sent again. */
void connect_fail_current(struct shipper *s, const char *why)
{
	struct target *target = s->current->target;

	loop_timer_clear(&s->loop, &s->close_timer);
	line_close(s->current);
	failed(s, target);
	pump_rewind(s, s->safe);
	s->closing = false;
	if (s->stopping) {
		s->loop.stop = true;
	} else if (s->next->open) {
		use_next(s);
	} else {
		s->current = NULL;
		shipper_tell(s, target, false, why);
		if (!s->dialing && !s->next->session)
			dial_later(s);
	}
}

static void closed(struct shipper *s)
{
	loop_timer_clear(&s->loop, &s->close_timer);
	line_close(s->current);
	pump_checkpoint(s);
	backoff_reset(&s->current->target->backoff);
	if (s->stopping) {
		s->loop.stop = true;
	} else if (s->next->open) {
		use_next(s);
	} else { /* the collector closed it meanwhile */
		s->current = NULL;
		connect_start(s);
	}
}

static void finish_current(struct shipper *s)
{
	bool proven = false;
	int r = export_session_finish(s->current->session, &proven);
	uint32_t events;

	/* A FIN without close_notify moves the cursor, too (rsyslog's gtls driver can do no
	 * better); the spool keeps the segments. */
	if (r == 0) {
		closed(s);
		return;
	}
	if (r != -EAGAIN) {
		connect_fail_current(s, "it reset the session with records unread");
		return;
	}
	events = export_session_events(s->current->session);
	if (events != s->current->events && loop_change(&s->loop, &s->current->watch, events) == 0)
		s->current->events = events;
}

void connect_close_current(struct shipper *s)
{
	if (s->closing)
		return;
	if (!s->next->open && !s->stopping) {
		connect_start(s);
		return;
	}
	s->closing = true;
	loop_timer_set(&s->loop, &s->close_timer,
		       clock_monotonic_ms() + (s->stopping ? STOP_MS : CLOSE_MS));
	finish_current(s);
}

static void close_due(struct loop *loop, struct timer *timer)
{
	struct shipper *s = container_of(timer, struct shipper, close_timer);

	(void)loop;
	connect_fail_current(s, "it did not close the session within 30 s");
}

static void step_next(struct shipper *s)
{
	struct err err = {0};
	uint32_t events;
	int r = s->next->open ? export_session_drain(s->next->session)
			      : export_session_handshake(s->next->session, &err);

	if (r == -EAGAIN) {
		events = export_session_events(s->next->session);
		if (events != s->next->events &&
		    loop_change(&s->loop, &s->next->watch, events) == 0)
			s->next->events = events;
		return;
	}
	if (r) {
		next_failed(s, err.code ? err.msg : "it closed the session");
		return;
	}
	if (s->next->open)
		return;
	s->next->open = true;
	expiry_peer(s, s->next->target, s->next->session);
	loop_timer_clear(&s->loop, &s->deadline_timer);
	if (s->next->events != EPOLLIN && loop_change(&s->loop, &s->next->watch, EPOLLIN) == 0)
		s->next->events = EPOLLIN;
	if (s->current)
		pump(s);
	else
		use_next(s);
}

void connect_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct line_out *line = container_of(watch, struct line_out, watch);
	struct shipper *s = line->shipper;
	int r;

	(void)loop;
	(void)events;
	if (line == s->next) {
		step_next(s);
	} else if (s->closing) {
		finish_current(s);
	} else {
		/* Unread tickets and alerts would turn our close into a reset: the read side is
		 * always emptied first. */
		r = export_session_drain(line->session);
		if (r)
			connect_fail_current(s,
					     r == -EPIPE ? "it closed the session" : err_text(-r));
		else
			pump(s);
	}
}

void connect_dialed(struct shipper *s, int *fd)
{
	struct line_out *line = s->next;
	struct err err = {0};

	if (!s->dialing || line->session)
		return; /* an answer after its deadline: the fd is closed with the message */
	s->dialing = false;
	line->session = export_session_open(take_fd(fd), &s->identity, &err);
	if (!line->session) {
		next_failed(s, err.msg);
		return;
	}
	expiry_own(s, line->session);
	line->events = EPOLLIN | EPOLLOUT;
	if (loop_add(&s->loop, &line->watch, export_session_fd(line->session), line->events))
		next_failed(s, "no room to watch it");
	else
		loop_timer_set(&s->loop, &s->deadline_timer, clock_monotonic_ms() + HANDSHAKE_MS);
}

void connect_init(struct shipper *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->lines); i++) {
		s->lines[i].shipper = s;
		s->lines[i].watch.fd = -1;
		s->lines[i].watch.ready = connect_ready;
	}
	s->next = &s->lines[0];
	for (size_t i = 0; i < ARRAY_SIZE(s->targets); i++)
		backoff_reset(&s->targets[i].backoff);
	s->dial_timer.due = dial_due;
	s->deadline_timer.due = deadline_due;
	s->close_timer.due = close_due;
}

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/fd.h"
#include "programs/recorder/recorder.h"

/* What a compromised shipper can make the recorder write: this many records a second. */
#define SHIPPER_RATE      1u
#define SHIPPER_BURST     20u
#define RESEND_BURST      5u /* a supervisor that was taken over cannot keep the collector busy */
#define MESSAGES_PER_TURN 64
#define NOTIFY_MS         20 /* the shipper gathers ten times as long */
#define REFUSED_MS        1000

/* What went unrecorded because there was too much of it, as a number: at the latest when there is
 * room again. */
static void refused_due(struct loop *loop, struct timer *timer)
{
	struct recorder *r = container_of(timer, struct recorder, refused_timer);
	char text[64];

	if (!bucket_take(&r->shipper_bucket, clock_monotonic_ms())) {
		loop_timer_set(loop, timer, clock_monotonic_ms() + REFUSED_MS);
		return;
	}
	(void)snprintf(text, sizeof(text), "%" PRIu64 " more, unrecorded", r->unrecorded);
	r->unrecorded = 0;
	store_event(&r->store, ORIGIN_RECORDER, EVENT_MESSAGE_REFUSED,
		    AUDIT_S(peer_name(PEER_SHIPPER)), AUDIT_S(text));
	(void)store_flush(&r->store);
}

static void refuse(struct recorder *r, enum peer from, const char *why)
{
	if (from == PEER_SHIPPER && !bucket_take(&r->shipper_bucket, clock_monotonic_ms())) {
		r->unrecorded++;
		if (!r->refused_timer.armed)
			loop_timer_set(&r->loop, &r->refused_timer,
				       clock_monotonic_ms() + REFUSED_MS);
		return;
	}
	store_event(&r->store, ORIGIN_RECORDER, EVENT_MESSAGE_REFUSED, AUDIT_S(peer_name(from)),
		    AUDIT_S(why));
}

static void drop_shipper(struct recorder *r)
{
	loop_remove(&r->loop, &r->shipper_watch);
	fd_close(&r->shipper.fd);
}

static void shipped(struct recorder *r, const struct message_shipped *m)
{
	/* The same number again is no offence: the shipper acknowledges one checkpoint back and
	 * starts over after a crash. */
	if (m->n != r->store.acked && store_acknowledge(&r->store, m->boot, m->n) == -EINVAL &&
	    m->n > r->store.acked)
		refuse(r, PEER_SHIPPER, "it acknowledges records that do not exist");
}

static void collector(struct recorder *r, struct message_collector *m)
{
	if (!bucket_take(&r->shipper_bucket, clock_monotonic_ms()))
		return;
	str_sanitize(m->collector, sizeof(m->collector));
	str_sanitize(m->protocol, sizeof(m->protocol));
	str_sanitize(m->suite, sizeof(m->suite));
	err_sanitize(&m->why);
	if (m->connected)
		store_event(&r->store, ORIGIN_SHIPPER, EVENT_SHIPPER_CONNECTED,
			    AUDIT_S(m->collector), AUDIT_S(m->protocol), AUDIT_S(m->suite));
	else
		store_event(&r->store, ORIGIN_SHIPPER, EVENT_SHIPPER_FAILED, AUDIT_S(m->collector),
			    AUDIT_S(m->why.msg));
}

static void certificate(struct recorder *r, struct message_certificate *m)
{
	if (!bucket_take(&r->shipper_bucket, clock_monotonic_ms()))
		return;
	str_sanitize(m->whose, sizeof(m->whose));
	store_event(&r->store, ORIGIN_SHIPPER, m->soon ? EVENT_CERTIFICATE_ENDS : EVENT_CERTIFICATE,
		    AUDIT_S(m->whose), AUDIT_N(m->until_s), AUDIT_N(m->days));
}

static void take_from_shipper(struct recorder *r, struct received *in)
{
	if (in->message.head.type == M_SHIPPED)
		shipped(r, &in->message.shipped);
	else if (in->message.head.type == M_COLLECTOR)
		collector(r, &in->message.collector);
	else if (in->message.head.type == M_CERTIFICATE)
		certificate(r, &in->message.certificate);
}

static void shipper_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct recorder *r = container_of(watch, struct recorder, shipper_watch);

	(void)loop;
	(void)events;
	producer_drain_all(r);
	for (int i = 0; i < MESSAGES_PER_TURN; i++) {
		CLEAN_RECEIVED struct received in;
		struct err err = {0};
		int e = channel_receive(&r->shipper, &in, &err);

		if (e == 0)
			take_from_shipper(r, &in);
		else if (e == -EBADMSG)
			refuse(r, PEER_SHIPPER, err.msg);
		else if (e != -EAGAIN)
			drop_shipper(r);
		if (e && e != -EBADMSG)
			break;
	}
	(void)store_flush(&r->store);
}

/* A shipper that is just being started may have read the cursor from before: it is told when it is
 * there. */
static void tell_resend(struct recorder *r)
{
	struct message_shipped m = {.head.type = M_RESEND, .n = r->store.acked};

	r->resend_due = r->shipper.fd < 0 || channel_send(&r->shipper, &m, NULL, 0) != 0;
}

static void link_shipper(struct recorder *r, struct received *in)
{
	drop_shipper(r);
	r->shipper = (struct channel){
		.fd = take_fd(&in->fds[0]), .self = PEER_RECORDER, .peer = PEER_SHIPPER};
	r->shipper_watch.ready = shipper_ready;
	if (loop_add(&r->loop, &r->shipper_watch, r->shipper.fd, EPOLLIN)) {
		fd_close(&r->shipper.fd);
		return;
	}
	if (r->resend_due)
		tell_resend(r);
	peers_notify(r, true);
}

/* The cursor goes back, here and at the shipper. */
static void resend(struct recorder *r, const struct message_shipped *m)
{
	uint64_t acked = r->store.acked;

	if (!bucket_take(&r->resend_bucket, clock_monotonic_ms()))
		return;
	if (store_go_back(&r->store, m->n))
		return;
	store_event(&r->store, ORIGIN_RECORDER, EVENT_RESEND, AUDIT_N(r->store.acked + 1),
		    AUDIT_N(acked));
	tell_resend(r);
}

static void take_from_launcher(struct recorder *r, struct received *in)
{
	struct err err = {0};
	int e = 0;

	bool device_log = in->message.head.type == M_DEVICE_LOG;

	if (device_log || in->message.head.type == M_OUTPUT)
		e = (in->message.output.stream == STREAM_DEVICE_LOG) == device_log
			    ? output_add(r, &in->message.output, &in->fds[0], &err)
			    : err_set(&err, EBADMSG, "a stream of another kind");
	else if (in->message.head.type == M_CONTEXT)
		r->context = in->message.context;
	else if (in->message.head.type == M_BOUND && in->message.kind.kind == BOUND_AUDIT_NETLINK)
		e = kernel_bind(r, &in->fds[0]);
	else if (in->message.head.type == M_LINK_SHIPPER)
		link_shipper(r, in);
	else if (in->message.head.type == M_RESEND)
		resend(r, &in->message.shipped);
	else
		e = err_set(&err, EBADMSG, "a bound descriptor of an unknown kind");
	if (e)
		refuse(r, PEER_LAUNCHER, err.code ? err.msg : err_text(-e));
}

static void launcher_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct recorder *r = container_of(watch, struct recorder, launcher_watch);

	(void)events;
	producer_drain_all(r);
	for (int i = 0; i < MESSAGES_PER_TURN; i++) {
		CLEAN_RECEIVED struct received in;
		struct err err = {0};
		int e = channel_receive(&r->launcher, &in, &err);

		if (e == 0)
			take_from_launcher(r, &in);
		else if (e == -EBADMSG)
			refuse(r, PEER_LAUNCHER, err.msg);
		else if (e != -EAGAIN)
			loop->stop = true; /* the link outlives a launcher in init's store: without
					      it there is a new recorder */
		if (e && e != -EBADMSG)
			break;
	}
	(void)store_flush(&r->store);
}

static void tell_spooled(struct recorder *r, bool hurry)
{
	struct message_plain m = {.head.type = M_SPOOLED, .head.request = hurry};

	loop_timer_clear(&r->loop, &r->notify_timer);
	r->notified_ms = clock_monotonic_ms();
	/* A full queue is full of the same news. */
	if (r->shipper.fd >= 0)
		(void)channel_send(&r->shipper, &m, NULL, 0);
}

static void notify_due(struct loop *loop, struct timer *timer)
{
	(void)loop;
	tell_spooled(container_of(timer, struct recorder, notify_timer), false);
}

int peers_open(struct recorder *r)
{
	r->notify_timer.due = notify_due;
	r->launcher_watch.ready = launcher_ready;
	r->refused_timer.due = refused_due;
	bucket_init(&r->resend_bucket, 1, RESEND_BURST, clock_monotonic_ms());
	bucket_init(&r->shipper_bucket, SHIPPER_RATE, SHIPPER_BURST, clock_monotonic_ms());
	return loop_add(&r->loop, &r->launcher_watch, r->launcher.fd, EPOLLIN);
}

void peers_notify(struct recorder *r, bool hurry)
{
	if (hurry || clock_monotonic_ms() >= r->notified_ms + NOTIFY_MS)
		tell_spooled(r, hurry);
	else if (!r->notify_timer.armed)
		loop_timer_set(&r->loop, &r->notify_timer, r->notified_ms + NOTIFY_MS);
}

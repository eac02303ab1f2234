#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "programs/recorder/recorder.h"

#define RING_BUDGET 256 /* records of one ring before the next one has its turn */
#define LOOK_MS     1000
#define BUSY        64 /* records in one go that more are expected to follow */
#define BUSY_MS     1
#define BELL_BUDGET 1024

void producer_release_all(struct recorder *r)
{
	for (unsigned int i = 0; i < RINGS; i++)
		ring_release(&r->producers[i].ring);
}

static void tell_drops(struct producer *p)
{
	struct store *store = &p->recorder->store;

	for (unsigned int lane = 0; lane < RING_LANES; lane++) {
		uint64_t drops;

		/* First room, then the question: the answer counts as told with the next release.
		 */
		if (store_prepare(store, NULL))
			return;
		drops = ring_drops(&p->ring, lane);
		if (drops)
			store_event(store, ORIGIN_RECORDER, EVENT_GAP,
				    AUDIT_S(spool_origin_name(p->origin)), AUDIT_N(lane),
				    AUDIT_N(drops));
	}
}

static void keep_record(struct producer *p, const void *bytes, size_t size)
{
	struct store *store = &p->recorder->store;
	static struct audit_decoded record; /* a kilobyte that is not cleared for each record */

	if (audit_decode(bytes, size, &record)) {
		store_event(store, ORIGIN_RECORDER, EVENT_MESSAGE_REFUSED,
			    AUDIT_S(spool_origin_name(p->origin)),
			    AUDIT_S("a record in its ring that no row explains"));
		return;
	}
	if (record.head.sn <= p->known_sn)
		return;
	/* From here on numbers are the producer's own business: what it writes is kept as it is. */
	p->known_sn = 0;
	store_add(store, p->origin, record.head.sn, &record);
}

/* Up to the budget. How many it took; RING_BUDGET: there may be more. */
static unsigned int drain(struct producer *p)
{
	static uint8_t bytes[RING_RECORD_MAX];
	struct store *store = &p->recorder->store;

	for (unsigned int i = 0; i < RING_BUDGET; i++) {
		int size;

		if (store_prepare(store, NULL))
			return i;
		size = ring_peek(&p->ring, bytes);
		if (size == 0)
			return i;
		if (size > 0)
			keep_record(p, bytes, (size_t)size);
		else
			store_event(store, ORIGIN_RECORDER, EVENT_MESSAGE_REFUSED,
				    AUDIT_S(spool_origin_name(p->origin)),
				    AUDIT_S("its ring is damaged: what it held is lost"));
	}
	return RING_BUDGET;
}

static void look_in(struct recorder *r, uint64_t delay_ms)
{
	uint64_t at = clock_monotonic_ms() + delay_ms;

	if (!r->look_timer.armed || r->look_timer.at_ms > at)
		loop_timer_set(&r->loop, &r->look_timer, at);
}

/*
 * After a look at all rings. Many records in one go are a flood, in which a bell per record and a
 * write per bell would cost more than the records: nobody rings, and the next look is in a
 * millisecond, when a ring is far from full. While the disk takes nothing, its timer looks.
 */
static void rest(struct recorder *r, unsigned int took)
{
	bool asleep = true;

	if (r->store.stuck)
		return;
	if (took >= BUSY) {
		look_in(r, BUSY_MS);
		return;
	}
	for (unsigned int i = 0; i < RINGS; i++)
		asleep &= ring_sleep(&r->producers[i].ring);
	if (!asleep)
		look_in(r, 0);
}

void producer_drain_all(struct recorder *r)
{
	unsigned int took = 0;
	unsigned int most = RING_BUDGET;

	for (unsigned int i = 0; i < RINGS; i++)
		ring_wake(&r->producers[i].ring);
	for (int turn = 0; turn < 64 && most == RING_BUDGET; turn++) {
		most = 0;
		for (unsigned int i = 0; i < RINGS; i++) {
			unsigned int count = drain(&r->producers[i]);

			took += count;
			most = count > most ? count : most;
		}
	}
	for (unsigned int i = 0; i < RINGS; i++)
		tell_drops(&r->producers[i]);
	(void)store_flush(&r->store);
	rest(r, took);
}

/* A bell is a hint. One that an earlier recorder shut down, or whose producer is gone, rings no
 * more (and is readable for ever): the rings are then looked at every second. */
static void bell_is_dead(struct recorder *r, struct watch *bell)
{
	loop_remove(&r->loop, bell);
	r->bell_lost = true;
	look_in(r, LOOK_MS);
}

static void look_due(struct loop *loop, struct timer *timer)
{
	struct recorder *r = container_of(timer, struct recorder, look_timer);

	(void)loop;
	producer_drain_all(r);
	if (r->bell_lost)
		look_in(r, LOOK_MS);
}

static void bell_rang(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct producer *p = container_of(watch, struct producer, bell);
	char byte[8];

	(void)loop;
	/* Bells first, rings after: a record put in between rings again. A producer that never
	 * stops ringing only gets its share. */
	for (int i = 0; i < BELL_BUDGET; i++)
		if (recv(watch->fd, byte, sizeof(byte), MSG_DONTWAIT) < 0)
			break;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		bell_is_dead(p->recorder, watch);
	producer_drain_all(p->recorder);
}

int producer_open(struct recorder *r, unsigned int index, int ring_fd, int cursor_fd, int bell_fd)
{
	struct producer *p = &r->producers[index];
	int e = ring_consumer_open(&p->ring, ring_fd, cursor_fd);

	if (e)
		return e;
	p->recorder = r;
	p->origin = (enum spool_origin)index;
	p->known_sn = r->store.found.sn[index];
	p->bell.ready = bell_rang;
	r->look_timer.due = look_due;
	return loop_add(&r->loop, &p->bell, bell_fd, EPOLLIN | EPOLLRDHUP);
}

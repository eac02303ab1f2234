#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "crypto/base64.h"
#include "crypto/ecies.h"
#include "programs/recorder/store.h"

static uint64_t real_us_of(const struct store *store, uint64_t boot_us)
{
	return (uint64_t)(store->stamp.offset_us + (int64_t)boot_us);
}

/* True with room for one more record; what waited may have been written by then. */
static bool can_add(struct store *store)
{
	return store_prepare(store, NULL) == 0;
}

void seals_put(struct store *store, const char *why)
{
	struct sealer *s = &store->sealer;
	struct seal seal = {.boot = store->boot};
	uint8_t tag[32];

	if (!s->on || !s->unsealed || !can_add(store))
		return;
	seal.n = store->n + 1;
	seal.epoch = s->epoch;
	seal.mono_us = clock_boot_us();
	seal.real_us = real_us_of(store, seal.mono_us);
	memcpy(seal.head, store->audit.head, sizeof(seal.head));
	memcpy(seal.previous, s->previous, sizeof(seal.previous));
	seal_tag(s->key, &seal, tag);
	/* Counted as sealed first: the record itself counts, too. */
	s->unsealed = 0;
	loop_timer_clear(store->loop, &s->timer);
	store_event(store, ORIGIN_RECORDER, EVENT_SEAL, AUDIT_S(why), AUDIT_N(seal.epoch),
		    AUDIT_H(seal.head), AUDIT_H(seal.previous), AUDIT_N(seal.mono_us),
		    AUDIT_N(seal.real_us), AUDIT_H(tag));
	s->unsealed = 0;
	loop_timer_clear(store->loop, &s->timer);
	memcpy(s->previous, tag, sizeof(s->previous));
	seal_evolve(s->key);
	s->epoch++;
	store->urgent = true;
	store->hurry = true;
}

void seals_count(struct store *store)
{
	struct sealer *s = &store->sealer;

	if (!s->on)
		return;
	if (++s->unsealed >= SEAL_RECORDS)
		seals_put(store, "records");
	else if (s->unsealed == 1)
		loop_timer_set(store->loop, &s->timer, clock_monotonic_ms() + SEAL_MS);
}

static void seal_due(struct loop *loop, struct timer *timer)
{
	struct store *store = container_of(timer, struct store, sealer.timer);

	(void)loop;
	seals_put(store, "time");
	(void)store_flush(store);
}

/* The key of the current epoch, for the auditor's eyes. */
static int put_key(struct store *store, enum seal_kind kind, uint64_t previous_n)
{
	struct sealer *s = &store->sealer;
	uint8_t context[SEAL_CONTEXT_SIZE];
	uint8_t box[ECIES_BOX_SIZE];
	uint8_t head[32];
	char text[SEAL_KEY_TEXT];
	int r;

	seal_context(store->boot, s->epoch, context);
	r = ecies_seal(store->facts.auditor, context, sizeof(context), s->key, box);
	if (r)
		return r;
	(void)base64_encode(text, box, sizeof(box));
	memcpy(head, store->audit.head, sizeof(head));
	store_event(store, ORIGIN_RECORDER, EVENT_SEAL_KEY, AUDIT_S(seal_kind_name(kind)),
		    AUDIT_N(s->boots), AUDIT_N(s->epoch), AUDIT_N(previous_n), AUDIT_H(head),
		    AUDIT_N(store->facts.firmware), AUDIT_N(store->facts.trust_version),
		    AUDIT_H(store->facts.cmdline), AUDIT_S(text));
	return 0;
}

void seals_turn(struct store *store, int (*write)(struct store *store))
{
	struct sealer *s = &store->sealer;
	uint64_t previous_n;

	if (!s->on || s->turning)
		return;
	s->turning = true;
	seals_put(store, "segment");
	previous_n = store->n;
	/* No new segment now: the old one has room for more, and the next write tries again. */
	if (write(store) == 0 &&
	    spool_rotate(&store->audit, store->acked, &store->audit_lost) == 0) {
		(void)put_key(store, SEAL_SEGMENT, previous_n);
		(void)write(store);
	}
	s->turning = false;
}

static const char *make_key(struct store *store)
{
	struct sealer *s = &store->sealer;

	if (!store->facts.has_auditor)
		return "no auditor's key: [audit] key of supervisor.conf names it";
	if (getrandom(s->key, sizeof(s->key), 0) != (ssize_t)sizeof(s->key))
		return "no random bytes for a seal key";
	s->on = true;
	return NULL;
}

void seals_begin(struct store *store)
{
	const struct spool_seals *found = &store->found.seals;
	struct sealer *s = &store->sealer;
	bool resumes = found->boots && found->key_boot == store->boot;
	const char *why = make_key(store);
	int r = 0;

	s->timer.due = seal_due;
	s->boots = found->boots + !resumes;
	s->epoch = found->epoch;
	memcpy(s->previous, found->previous, sizeof(s->previous));
	if (!why && can_add(store))
		r = put_key(store, resumes ? SEAL_RESUME : SEAL_BOOT, store->found.last_n);
	if (r)
		why = r == -EINVAL ? "the auditor's key is no point of the curve P-256"
				   : "the seal key cannot be encrypted";
	if (!why)
		return;
	explicit_bzero(s->key, sizeof(s->key));
	s->on = false;
	store_event(store, ORIGIN_RECORDER, EVENT_UNSEALED, AUDIT_S(why));
}

void seals_end(struct store *store)
{
	seals_put(store, "stop");
	(void)store_flush(store);
	explicit_bzero(store->sealer.key, sizeof(store->sealer.key));
	store->sealer.on = false;
}

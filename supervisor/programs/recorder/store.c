#include "programs/recorder/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"

#define RETRY_MS 1000u

struct service *store_find(struct store *store, uint16_t subject)
{
	for (struct service *s = store->services; s; s = s->next)
		if (s->subject == subject)
			return s;
	return NULL;
}

static struct spool *target_spool(struct store *store)
{
	return store->target ? &store->target->spool : &store->audit;
}

/* What is not shipped waits for no collector. */
static uint64_t acked_of(const struct store *store, const struct service *service)
{
	return service && service->local ? UINT64_MAX - 1 : store->acked;
}

bool store_make_room(struct store *store)
{
	struct service *widest = NULL;
	bool given = spool_give_back(&store->audit);

	for (struct service *s = store->services; s; s = s->next)
		given |= spool_give_back(&s->spool);
	if (given)
		return true;

	for (struct service *s = store->services; s; s = s->next)
		if (s->spool.range.count > 1 &&
		    (!widest || s->spool.range.count > widest->spool.range.count))
			widest = s;
	if (widest && spool_evict(&widest->spool, acked_of(store, widest), &widest->lost) == 0)
		return true;
	return spool_evict(&store->audit, store->acked, &store->audit_lost) == 0;
}

static int write_pending(struct store *store)
{
	uint64_t *lost = store->target ? &store->target->lost : &store->audit_lost;
	int r;

	do
		r = spool_write(target_spool(store), &store->pending,
				acked_of(store, store->target), lost);
	while ((r == -ENOSPC || r == -EDQUOT) && store_make_room(store));
	return r;
}

static uint64_t count_lines(const struct text *t)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < t->used; i++)
		lines += t->at[i] == '\n';
	return lines;
}

/*
 * A service's lines that no disk takes are given up and counted, so that its pipe is read on. Audit
 * lines stay: their hashes are made and the rings behind them keep what follows.
 */
static int give_up(struct store *store, int r)
{
	if (!store->target) {
		store->stuck = true;
		loop_timer_set(store->loop, &store->retry_timer, clock_monotonic_ms() + RETRY_MS);
		return r;
	}
	store->target->lost += count_lines(&store->pending);
	return 0;
}

/*
 * A flood fills a group sooner than a disk takes it. To wait for the disk after each would leave
 * the rings to overflow, which loses records for certain; so it is waited for a tenth of the time,
 * and the group is what came meanwhile. No record waits longer than STORE_GROUP_MS for that.
 */
static uint64_t next_sync(struct store *store, uint64_t now)
{
	uint64_t latest = now + STORE_GROUP_MS;
	uint64_t at = latest;

	if (target_spool(store)->unsynced >= STORE_GROUP_BYTES)
		at = store->synced_ms + STORE_SYNC_SHARE * store->sync_took_us / 1000;
	if (store->urgent && at > store->synced_ms + STORE_URGENT_MS)
		at = store->synced_ms + STORE_URGENT_MS;
	return at < latest ? at : latest;
}

static void plan_sync(struct store *store)
{
	uint64_t now = clock_monotonic_ms();
	uint64_t at = next_sync(store, now);

	store->urgent = false;
	if (at <= now)
		store_sync(store);
	else if (!store->sync_timer.armed || store->sync_timer.at_ms > at)
		loop_timer_set(store->loop, &store->sync_timer, at);
}

/* A sealed segment ends early enough for its seal and for the group that is written before that. */
static uint64_t turn_size(const struct spool *s)
{
	return s->max_size > 4 * STORE_GROUP_BYTES ? s->max_size - 2 * STORE_GROUP_BYTES
						   : s->max_size / 2;
}

static int write_out(struct store *store)
{
	int r;

	stamp_refresh(&store->stamp);
	if (!store->pending.used)
		return 0;
	r = write_pending(store);
	if (r) {
		r = give_up(store, r);
		if (r)
			return r;
	} else {
		plan_sync(store);
	}
	store->pending.used = 0;
	store->stuck = false;
	if (!store->target && store->audit.size >= turn_size(&store->audit))
		seals_turn(store, write_out);
	store->written(store, store->hurry);
	store->hurry = false;
	return store->stuck ? -ENOSPC : 0;
}

static void tell_loss(struct store *store, const char *who, enum audit_lane lane, uint64_t *lost)
{
	uint64_t count = *lost;

	if (!count || store->stuck)
		return;
	*lost = 0;
	store_event(store, ORIGIN_RECORDER, EVENT_GAP, AUDIT_S(who), AUDIT_N(lane), AUDIT_N(count));
}

int store_flush(struct store *store)
{
	int r = write_out(store);

	if (r)
		return r;
	tell_loss(store, "audit", LANE_DECISION, &store->audit_lost);
	tell_loss(store, "recorder", LANE_DECISION, &store->own_lost);
	for (struct service *s = store->services; s; s = s->next)
		tell_loss(store, s->name, LANE_OUTPUT, &s->lost);
	return write_out(store);
}

void store_sync(struct store *store)
{
	uint64_t began_us = clock_boot_us();
	bool failed = spool_sync(&store->audit) != 0;

	for (struct service *s = store->services; s; s = s->next)
		failed |= spool_sync(&s->spool) != 0;
	store->sync_took_us = clock_boot_us() - began_us;
	store->synced_ms = clock_monotonic_ms();
	loop_timer_clear(store->loop, &store->sync_timer);
	/* What the disk did not confirm stays unsynced and is asked for again. */
	if (failed)
		loop_timer_set(store->loop, &store->sync_timer, store->synced_ms + RETRY_MS);
}

int store_prepare(struct store *store, struct service *target)
{
	int r = 0;

	if (store->stuck)
		return -ENOSPC;
	if (store->target != target || store->pending.used >= STORE_GROUP_BYTES)
		r = write_out(store);
	if (!r)
		store->target = target;
	return r;
}

void store_add(struct store *store, enum spool_origin origin, uint64_t sn,
	       const struct audit_decoded *record)
{
	uint64_t *n = store->target && store->target->local ? &store->target->n : &store->n;
	struct spool_line line = {.n = *n + 1,
				  .boot = store->boot,
				  .origin = origin,
				  .sn = sn,
				  .facility = SPOOL_FACILITY_AUDIT};
	size_t start = store->pending.used;

	line.real_us = stamp_real(&store->stamp, record->head.boot_us);
	line.synced = line.real_us && store->stamp.synced;
	if (store->target) {
		line.facility = store->target->facility;
		line.context = store->target->context;
	}
	spool_line_format(&store->pending, &line, record);
	spool_chain(target_spool(store), &store->pending, start);
	++*n;
	store->urgent |= audit_severity_of(record) <= SEVERITY_ERROR;
	store->hurry |= audit_severity_of(record) <= SEVERITY_WARNING;
	if (store->target)
		return;
	seals_count(store);
	if (store->added)
		store->added(store, record);
}

void store_put(struct store *store, enum spool_origin origin, enum audit_event event,
	       const struct audit_value *values, size_t count)
{
	struct audit_decoded record = {.def = &audit_events[event],
				       .head.boot_us = clock_boot_us()};

	for (size_t i = 0; i < count && audit_field_type(record.def, i) != AUDIT_END; i++) {
		record.values[i].string = values[i].string ? values[i].string : "";
		record.values[i].length = strnlen(record.values[i].string, AUDIT_STRING_MAX);
		record.values[i].number = values[i].number;
		if (values[i].hash)
			memcpy(record.values[i].hash, values[i].hash,
			       sizeof(record.values[i].hash));
		record.count++;
	}
	if (store_prepare(store, NULL)) {
		store->own_lost++;
		return;
	}
	store_add(store, origin, ++store->sn[origin], &record);
}

int store_acknowledge(struct store *store, uint64_t boot, uint64_t n)
{
	/* It only grows, and nothing is acknowledged before it is written. */
	if (n <= store->acked || n > store->n)
		return -EINVAL;
	store->acked = n;
	return spool_cursor_write(store->root_fd, boot, n);
}

int store_go_back(struct store *store, uint64_t n)
{
	if (n >= store->acked)
		return -EINVAL;
	store->acked = n;
	return spool_cursor_write(store->root_fd, store->boot, n);
}

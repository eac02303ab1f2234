#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "programs/shipper/shipper.h"

#define BATCHES_PER_TURN 16

void pump_rewind(struct shipper *s, uint64_t n)
{
	spool_merge_close(&s->merge);
	spool_merge_open(&s->merge, s->spool_fd, n);
	s->batch.text = (struct text)TEXT_IN(s->batch.memory);
	s->batch.written = 0;
	s->batch.records = 0;
	s->part_offset = 0;
	s->part = 1;
	s->sent = n;
	s->good_checkpoints = 0;
	s->window_records = 0;
	s->window_bytes = 0;
	loop_timer_clear(&s->loop, &s->window_timer);
	loop_timer_clear(&s->loop, &s->haste_timer);
}

static bool is_older(const struct shipper *s, uint64_t age_ms)
{
	return clock_monotonic_ms() >= s->window_began_ms + age_ms;
}

static bool holds(const struct shipper *s, uint64_t records, uint64_t bytes)
{
	return s->window_records >= records || s->window_bytes >= bytes;
}

/* How often the window has doubled: not before the collector has stood a row of checkpoints. */
static unsigned int doublings(const struct shipper *s)
{
	return s->good_checkpoints < WINDOW_TRUST ? 0 : s->good_checkpoints - WINDOW_TRUST + 1;
}

static uint64_t byte_limit(const struct shipper *s)
{
	uint64_t limit = (uint64_t)WINDOW_BYTES << doublings(s);

	return limit < s->window_limit ? limit : s->window_limit;
}

static bool may_last(const struct shipper *s, uint64_t age_ms)
{
	return doublings(s) && !is_older(s, age_ms);
}

static bool window_is_full(const struct shipper *s)
{
	return s->window_bytes >= byte_limit(s) ||
	       (holds(s, WINDOW_RECORDS, WINDOW_BYTES) && !may_last(s, 2 * WINDOW_HASTE_MS));
}

/* Enough for a checkpoint: the next session is made while there is still room in the window, so
 * that sending hardly pauses. */
static bool holds_enough(const struct shipper *s)
{
	return holds(s, WINDOW_RECORDS / 5 * 4, WINDOW_BYTES / 5 * 4);
}

static bool window_fills(const struct shipper *s)
{
	return holds_enough(s) &&
	       (s->window_bytes >= byte_limit(s) / 2 || !may_last(s, WINDOW_HASTE_MS));
}

/* Records that the batch may hold, so that a window of WINDOW_RECORDS is exact. */
static uint64_t batch_limit(const struct shipper *s)
{
	return s->window_records < WINDOW_RECORDS && !may_last(s, 2 * WINDOW_HASTE_MS)
		       ? WINDOW_RECORDS - s->window_records
		       : UINT64_MAX;
}

/* The record under the cursor, or the rest of it. False: the batch is full. */
static bool add_record(struct shipper *s)
{
	const struct spool_view *v = &s->merge.current->view;

	while (s->part_offset < v->fields.size) {
		struct text message = TEXT_IN(s->message);
		size_t next =
			export_syslog_format(&message, v, s->policy->name, s->part_offset, s->part);

		if (!export_syslog_frame(&s->batch.text, &message))
			return false;
		s->part_offset = next;
		s->part++;
	}
	s->batch.last_n = v->n;
	s->batch.records++;
	s->part_offset = 0;
	s->part = 1;
	spool_merge_next(&s->merge);
	return true;
}

static void fill(struct shipper *s)
{
	uint64_t limit = batch_limit(s);

	s->batch.text = (struct text)TEXT_IN(s->batch.memory);
	s->batch.written = 0;
	s->batch.records = 0;
	s->batch.last_n = s->sent;
	s->batch.full = false;
	while (!s->batch.full && s->batch.records < limit && spool_merge_peek(&s->merge))
		s->batch.full = !add_record(s);
}

static void batch_done(struct shipper *s)
{
	if (!s->window_timer.armed) {
		s->window_began_ms = clock_monotonic_ms();
		loop_timer_set(&s->loop, &s->window_timer, s->window_began_ms + WINDOW_MS);
	}
	s->sent = s->batch.last_n;
	s->window_records += s->batch.records;
	s->window_bytes += s->batch.text.used;
	s->batch.text.used = 0;
	s->batch.written = 0;
	s->batch.records = 0;
}

/* 0: the batch is out. -EAGAIN, -errno. */
static int write_batch(struct shipper *s)
{
	while (s->batch.written < s->batch.text.used) {
		ssize_t n = export_session_write(
			s->current->session, s->batch.memory + s->batch.written,
			s->batch.text.used - s->batch.written, s->batch.full);

		if (n < 0)
			return (int)n;
		s->batch.written += (size_t)n;
	}
	batch_done(s);
	return 0;
}

static void watch_for(struct line_out *line, uint32_t events)
{
	if (events != line->events && loop_change(&line->shipper->loop, &line->watch, events) == 0)
		line->events = events;
}

/* True when there is more to send at once. */
static bool pump_once(struct shipper *s)
{
	int r;

	if (!s->batch.text.used) {
		/* A full window waits for its checkpoint; a stop and a session that is ready to
		 * take over close between batches. */
		if (s->stopping || window_is_full(s) || (s->next->open && window_fills(s))) {
			connect_close_current(s);
			return false;
		}
		fill(s);
		if (!s->batch.text.used)
			return false;
	}
	r = write_batch(s);
	if (r == -EAGAIN) {
		watch_for(s->current, EPOLLIN | EPOLLOUT);
		return false;
	}
	if (r) {
		connect_fail_current(s, r == -EPIPE ? "it closed the session" : err_text(-r));
		return false;
	}
	return true;
}

void pump(struct shipper *s)
{
	bool more = true;

	if (!s->current || s->closing)
		return;
	s->pumped_ms = clock_monotonic_ms();
	watch_for(s->current, EPOLLIN);
	for (int i = 0; i < BATCHES_PER_TURN && more && s->current && !s->closing; i++)
		more = pump_once(s);
	if (!s->current || s->closing)
		return;
	if (more)
		watch_for(s->current, EPOLLIN | EPOLLOUT);
	if (s->next->open || !holds_enough(s))
		return;
	if (window_fills(s))
		connect_start(s);
	else if (!s->haste_timer.armed)
		loop_timer_set(&s->loop, &s->haste_timer, s->window_began_ms + WINDOW_HASTE_MS);
}

/* A flood that ended before its window was old enough for a checkpoint. */
static void haste_due(struct loop *loop, struct timer *timer)
{
	(void)loop;
	pump(container_of(timer, struct shipper, haste_timer));
}

static void batch_due(struct loop *loop, struct timer *timer)
{
	(void)loop;
	pump(container_of(timer, struct shipper, batch_timer));
}

void pump_soon(struct shipper *s, bool hurry)
{
	uint64_t now = clock_monotonic_ms();

	if (!s->current || s->closing)
		return;
	/* By the timer even when it is due now: a session may be handed over in the middle of a
	 * pump. */
	if (hurry || now >= s->pumped_ms + BATCH_MS)
		loop_timer_set(&s->loop, &s->batch_timer, now);
	else if (!s->batch_timer.armed)
		loop_timer_set(&s->loop, &s->batch_timer, s->pumped_ms + BATCH_MS);
}

void pump_checkpoint(struct shipper *s)
{
	s->safe = s->acked;
	s->acked = s->sent;
	if (s->good_checkpoints < WINDOW_TRUST + WINDOW_DOUBLINGS - 1)
		s->good_checkpoints++;
	s->window_records = 0;
	s->window_bytes = 0;
	loop_timer_clear(&s->loop, &s->window_timer);
	loop_timer_clear(&s->loop, &s->haste_timer);
	shipper_acknowledge(s);
}

/* What was sent long ago is confirmed, too, when nothing more comes. */
static void window_due(struct loop *loop, struct timer *timer)
{
	struct shipper *s = container_of(timer, struct shipper, window_timer);

	(void)loop;
	if (s->window_records < WINDOW_RECORDS)
		s->window_records = s->window_records ? WINDOW_RECORDS : 0;
	pump(s);
}

static uint64_t window_limit(const struct device_policy *policy)
{
	uint64_t part = policy->audit_max_size * policy->audit_max_file / 5;

	if (part < WINDOW_BYTES)
		return WINDOW_BYTES;
	return part < WINDOW_BYTES_MAX ? part : WINDOW_BYTES_MAX;
}

void pump_init(struct shipper *s)
{
	s->window_limit = window_limit(s->policy);
	s->batch_timer.due = batch_due;
	s->window_timer.due = window_due;
	s->haste_timer.due = haste_due;
	spool_merge_open(&s->merge, s->spool_fd, s->safe);
	pump_rewind(s, s->safe);
}

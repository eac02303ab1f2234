#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "programs/recorder/recorder.h"

#define OUTPUT_LINE_MAX 16384u
#define READ_BUDGET     65536u /* of one pipe per turn */
#define READ_BLOCKING   4096u  /* overflow=block: little is read ahead of what may be kept */
#define TELL_MS         1000u  /* SUPPRESSED at most this often per pipe */

static const char *stream_name(uint32_t stream)
{
	static const char *const names[] = {"stdout", "stderr", "probe", "syslog"};

	_Static_assert(ARRAY_SIZE(names) == STREAM_COUNT, "one name per stream");
	return stream < STREAM_COUNT ? names[stream] : "?";
}

/*
 * How many pipes hold bytes that are read and not yet in a segment. If the recorder is killed now,
 * its successor finds the note and writes a GAP; zero means nothing can have been lost.
 */
static void note_held(struct recorder *r, bool reading)
{
	uint64_t held = reading;

	for (struct source *s = r->sources; s; s = s->next)
		held += s->partial != NULL;
	ring_set_note(&r->producers[0].ring, NOTE_HELD, held);
}

static void tell_suppressed(struct source *s)
{
	struct store *store = &s->recorder->store;

	if (!s->dropped_lines || store_prepare(store, NULL))
		return;
	store_event(store, ORIGIN_RECORDER, EVENT_SUPPRESSED, AUDIT_S(s->service->name),
		    AUDIT_N(s->dropped_lines), AUDIT_N(s->dropped_bytes));
	s->dropped_lines = 0;
	s->dropped_bytes = 0;
}

static void drop_line(struct source *s, size_t size)
{
	s->dropped_lines++;
	s->dropped_bytes += size;
	if (!s->timer.armed)
		loop_timer_set(&s->recorder->loop, &s->timer, clock_monotonic_ms() + TELL_MS);
}

bool output_admit(struct source *s, size_t size)
{
	uint64_t now = clock_monotonic_ms();
	uint64_t debt_ms = 0;

	if (s->overflow == OVERFLOW_BLOCK)
		debt_ms = bucket_owe(&s->bucket, now);
	else if (!bucket_take(&s->bucket, now)) {
		drop_line(s, size);
		return false;
	}
	if (debt_ms) {
		loop_remove(&s->recorder->loop, &s->watch);
		loop_timer_set(&s->recorder->loop, &s->timer, now + debt_ms);
	}
	if (store_prepare(&s->recorder->store, s->service)) {
		drop_line(s, size);
		return false;
	}
	return true;
}

static void keep_line(struct source *s, const char *line, size_t size)
{
	struct store *store = &s->recorder->store;
	struct audit_decoded record = {
		.def = &audit_events[EVENT_OUTPUT], .head.boot_us = clock_boot_us(), .count = 4};

	if (!output_admit(s, size))
		return;
	record.values[0].string = s->service->name;
	record.values[0].length = strlen(s->service->name);
	record.values[1].string = stream_name(s->stream);
	record.values[1].length = strlen(record.values[1].string);
	record.values[2].string = line;
	record.values[2].length = size;
	record.values[3].number = s->part;
	store_add(store, ORIGIN_COUNT, 0, &record);
}

/* The unfinished line is over, by a newline, by its length or by the end of the pipe. */
static void end_partial(struct source *s)
{
	keep_line(s, s->partial, s->partial_size);
	free(s->partial);
	s->partial = NULL;
	s->partial_size = 0;
}

static void gather(struct source *s, const char *bytes, size_t size)
{
	if (!s->partial)
		s->partial = malloc(OUTPUT_LINE_MAX);
	if (!s->partial) {
		drop_line(s, size);
		return;
	}
	while (size) {
		size_t room = OUTPUT_LINE_MAX - s->partial_size;
		size_t run = size < room ? size : room;

		memcpy(s->partial + s->partial_size, bytes, run);
		s->partial_size += run;
		bytes += run;
		size -= run;
		if (s->partial_size == OUTPUT_LINE_MAX && size) {
			s->part++;
			keep_line(s, s->partial, s->partial_size);
			s->partial_size = 0;
		}
	}
}

static void end_line(struct source *s)
{
	if (s->part)
		s->part++;
	end_partial(s);
	s->part = 0;
}

static void take_bytes(struct source *s, const char *bytes, size_t size)
{
	while (size) {
		const char *end = memchr(bytes, '\n', size);
		size_t run = end ? (size_t)(end - bytes) : size;

		if (end && !s->partial && run <= OUTPUT_LINE_MAX) {
			keep_line(s, bytes, run);
		} else {
			gather(s, bytes, run);
			if (end && s->partial)
				end_line(s);
		}
		run += end != NULL;
		bytes += run;
		size -= run;
	}
}

static void close_source(struct source *s)
{
	struct recorder *r = s->recorder;

	if (s->partial)
		end_line(s);
	tell_suppressed(s);
	for (struct source **at = &r->sources; *at; at = &(*at)->next) {
		if (*at != s)
			continue;
		*at = s->next;
		break;
	}
	loop_remove(&r->loop, &s->watch);
	loop_timer_clear(&r->loop, &s->timer);
	fd_close(&s->fd);
	free(s);
}

/* One read. Returns its size, 0 at the end of the pipe, -errno. */
static ssize_t read_some(struct source *s)
{
	static char bytes[READ_BUDGET];
	size_t budget = s->overflow == OVERFLOW_BLOCK ? READ_BLOCKING : READ_BUDGET;
	ssize_t n;

	note_held(s->recorder, true);
	n = read(s->fd, bytes, budget);
	if (n < 0)
		return -errno;
	take_bytes(s, bytes, (size_t)n);
	return n;
}

static void pipe_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct source *s = container_of(watch, struct source, watch);
	struct recorder *r = s->recorder;
	ssize_t n;

	(void)loop;
	(void)events;
	/* What was decided comes before what is printed. */
	producer_drain_all(r);
	n = read_some(s);
	if (n == 0 || (n < 0 && n != -EAGAIN && n != -EINTR))
		close_source(s);
	(void)store_flush(&r->store);
	note_held(r, false);
}

#define MESSAGES_PER_TURN 64

static void device_log_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct source *s = container_of(watch, struct source, watch);
	struct recorder *r = s->recorder;

	(void)loop;
	(void)events;
	producer_drain_all(r);
	note_held(r, true);
	/* overflow=block takes the watch away in the middle. */
	for (int i = 0; i < MESSAGES_PER_TURN && s->watch.fd >= 0; i++)
		if (device_log_read(s) < 0)
			break;
	(void)store_flush(&r->store);
	note_held(r, false);
}

/* The socket of another /dev: what still lies in the one before it is taken first. */
static void replace_device_log(struct recorder *r, const struct service *service)
{
	struct source *s = r->sources;

	while (s && (s->service != service || s->stream != STREAM_DEVICE_LOG))
		s = s->next;
	if (!s)
		return;
	for (int i = 0; i < MESSAGES_PER_TURN && device_log_read(s) >= 0;)
		i++;
	close_source(s);
}

static void source_due(struct loop *loop, struct timer *timer)
{
	struct source *s = container_of(timer, struct source, timer);

	tell_suppressed(s);
	(void)store_flush(&s->recorder->store);
	if (s->dropped_lines)
		loop_timer_set(loop, timer, clock_monotonic_ms() + TELL_MS);
	if (s->watch.fd < 0)
		(void)loop_add(loop, &s->watch, s->fd, EPOLLIN);
}

static struct source *find_pipe(struct recorder *r, uint64_t inode)
{
	for (struct source *s = r->sources; s; s = s->next)
		if (s->inode == inode)
			return s;
	return NULL;
}

static const char *context_of(const struct recorder *r, const struct message_output *message)
{
	const struct message_context *c = &r->context;

	return message->context && c->head.subject == message->head.subject &&
			       str_terminated(c->text, sizeof(c->text)) && spool_object_is(c->text)
		       ? c->text
		       : NULL;
}

int output_add(struct recorder *r, const struct message_output *message, int *pipe_fd,
	       struct err *err)
{
	struct service *service;
	struct source *s;
	struct stat st;
	int e;

	if (message->stream >= STREAM_COUNT || message->overflow >= OVERFLOW_COUNT ||
	    fstat(*pipe_fd, &st))
		return err_set(err, EINVAL, "output pipe of an unknown kind");
	/* The launcher tells all pipes again after its restart; a second reader of one pipe would
	 * tear lines apart. */
	if (find_pipe(r, st.st_ino))
		return 0;
	service = store_service(&r->store, message, err);
	if (!service)
		return err && err->code ? -err->code : -EINVAL;
	if (message->stream == STREAM_DEVICE_LOG)
		replace_device_log(r, service);
	store_context(service, context_of(r, message));
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_sys(err, ENOMEM, "output pipe of %s", service->name);
	*s = (struct source){.recorder = r,
			     .service = service,
			     .stream = message->stream,
			     .overflow = message->overflow,
			     .inode = st.st_ino};
	s->watch.fd = -1;
	s->watch.ready = s->stream == STREAM_DEVICE_LOG ? device_log_ready : pipe_ready;
	s->timer.due = source_due;
	bucket_init(&s->bucket, message->rate, message->burst, clock_monotonic_ms());
	e = loop_add(&r->loop, &s->watch, *pipe_fd, EPOLLIN);
	if (e) {
		free(s);
		return err_sys(err, -e, "output pipe of %s", service->name);
	}
	s->fd = take_fd(pipe_fd);
	memset(service->used, 0, sizeof(service->used)); /* another life */
	s->next = r->sources;
	r->sources = s;
	return 0;
}

void output_drain_all(struct recorder *r)
{
	for (struct source *s = r->sources; s; s = s->next) {
		int there = 0;

		for (int i = 0; s->stream == STREAM_DEVICE_LOG && i < MESSAGES_PER_TURN; i++)
			if (device_log_read(s) < 0)
				break;
		if (s->stream == STREAM_DEVICE_LOG) {
			tell_suppressed(s);
			continue;
		}

		/* One read is a whole pipe: whoever keeps writing now is not waited for. Reading an
		 * empty pipe could block. */
		if (s->watch.fd >= 0 && ioctl(s->fd, FIONREAD, &there) == 0 && there > 0)
			(void)read_some(s);
		if (s->partial)
			end_line(s);
		tell_suppressed(s);
	}
	(void)store_flush(&r->store);
	note_held(r, false);
}

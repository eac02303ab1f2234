#include "programs/launcher/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "programs/launcher/launcher.h"

/* After a look the kernel's notices rest: a service that runs into its limits all the time costs
 * four looks a second, and one that does not costs nothing. */
#define REST_MS 250

/*
 * Which counter of the kernel says that a service ran into a limit (cgroup-v2.rst). The directory
 * lasts as long as the limits do, so what the counters were before a life is noted. A change of
 * these files is a "file modified event", which inotify(7) delivers.
 */
static const char *const files[LIMIT_FILES] = {"memory.events", "pids.events"};

static const struct counter {
	const char *file;
	const char *key;
	const char *limit; /* of the record, as the option is called */
	bool told;         /* when it rises; the other is told when memory.high is lifted */
} counters[LIMIT_COUNT] = {
	[LIMIT_MEMORY] = {"memory.events", "oom_kill", "memory", true},
	[LIMIT_PIDS] = {"pids.events", "max", "pids_limit", true},
	[LIMIT_MEMORY_HIGH] = {"memory.events", "high", "memory_high", false},
};

static const char *root; /* directory of the services' cgroups */
static struct watch notices;
static struct timer rest;

/* "key 12" on a line of its own; 0 when there is none. */
static uint64_t value_of(char *text, const char *key)
{
	char *next = NULL;

	for (char *line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
		size_t length = strlen(key);
		uint64_t value;

		if (strncmp(line, key, length) == 0 && line[length] == ' ' &&
		    str_u64(line + length + 1, 0, UINT64_MAX, &value) == 0)
			return value;
	}
	return 0;
}

static void place(char path[160], const struct service *s, const char *file)
{
	(void)snprintf(path, 160, "%s/%s/%s", root, s->name, file);
}

static ssize_t read_text(const struct service *s, const char *file, char *text, size_t size)
{
	char path[160];

	place(path, s, file);
	return fd_read_file(AT_FDCWD, path, text, size);
}

/* Since the cgroup was made; 0 when it is gone. */
static uint64_t read_counter(const struct service *s, enum limit which)
{
	char text[512];

	if (read_text(s, counters[which].file, text, sizeof(text)) < 0)
		return 0;
	return value_of(text, counters[which].key);
}

/* Since this life began. */
static uint64_t count_of(const struct service *s, enum limit which)
{
	uint64_t count = read_counter(s, which);

	return count > s->note.counted[which] ? count - s->note.counted[which] : 0;
}

static void tell(struct service *s, enum limit which, uint64_t count)
{
	struct err err = {0};

	audit_emit(EVENT_LIMIT, AUDIT_S(s->name), AUDIT_S(counters[which].limit), AUDIT_N(count));
	/* A launcher that comes after this one must not say it again. */
	s->note.limits_told[which] = count;
	if (note_store(s, &err))
		log_line("launcher: %s: %s", s->name, err.msg);
}

/* The first time at once, then whenever it has doubled: a fork bomb counts thousands a second. What
 * is left is told when the life has @ended. */
static void tell_counters(struct service *s, bool ended)
{
	for (size_t i = 0; i < LIMIT_COUNT; i++) {
		uint64_t told = s->note.limits_told[i];
		uint64_t count = counters[i].told ? count_of(s, (enum limit)i) : 0;

		if (count > told && (ended || count / 2 >= told))
			tell(s, (enum limit)i, count);
	}
}

bool pressure_stays(struct pressure *pressure, bool above, uint64_t now_ms)
{
	if (!above || !pressure->since_ms || now_ms - pressure->last_ms > PRESSURE_GAP_MS)
		pressure->since_ms = above ? now_ms : 0;
	pressure->last_ms = now_ms;
	return above && now_ms - pressure->since_ms >= PRESSURE_MS;
}

/*
 * By more than 1/128: a service that only reads files goes over it by a few pages all the time, and
 * reclaim takes them back. Up to about 1/80 the kernel does not slow it down (mm/memcontrol.c,
 * calculate_high_delay), so one that keeps allocating is always further up.
 */
static bool is_above(const struct service *s)
{
	const struct policy *p = &s->policy;
	char text[32];
	uint64_t current;

	if (read_text(s, "memory.current", text, sizeof(text)) < 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	return str_u64(text, 0, UINT64_MAX, &current) == 0 &&
	       current > p->memory_high + p->memory_high / 128;
}

static void lift(struct service *s, uint64_t events)
{
	char path[160];
	int r;

	place(path, s, "memory.high");
	r = fd_write_file(AT_FDCWD, path, "max");
	if (r)
		log_line("launcher: %s: memory.high = max: %s", s->name, err_text(-r));
	else
		tell(s, LIMIT_MEMORY_HIGH, events);
}

/*
 * Above memory.high the kernel slows a service down so that it can reclaim. Where there is nothing
 * to reclaim but its own program text (anonymous memory without swap) it never reaches memory.max.
 * A default must not turn "killed" into "hangs", so it makes room for the limit; a memory_high that
 * the service file sets is what was asked for.
 */
static void judge_pressure(struct service *s)
{
	struct pressure *p = &s->limits.pressure;
	uint64_t events;

	if (s->note.limits_told[LIMIT_MEMORY_HIGH] || !s->policy.memory_high_lifts)
		return;
	events = count_of(s, LIMIT_MEMORY_HIGH);
	if (events == p->events)
		return;
	p->events = events;
	if (pressure_stays(p, is_above(s), clock_monotonic_ms()))
		lift(s, events);
}

static void look(struct service *s)
{
	s->limits.changed = false;
	tell_counters(s, false);
	judge_pressure(s);
}

static void rested(struct loop *loop, struct timer *timer)
{
	int r = loop_add(loop, &notices, launcher.limits_fd, EPOLLIN);

	(void)timer;
	if (r)
		log_line("launcher: limits are not watched any more: %s", err_text(-r));
}

static void mark(int file)
{
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++) {
		struct limit_watch *l = &launcher.services[i].limits;

		/* -1: notices were lost, so everybody is looked at. */
		if (file == -1 || l->files[0] == file || l->files[1] == file)
			l->changed = l->files[0] > 0 || l->files[1] > 0;
	}
}

/* The kernel joins equal notices only when they follow each other: all are taken, so that those of
 * one service cannot keep those of another waiting. */
static void ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct inotify_event got[64]; /* a watched file has no name behind its event */
	ssize_t size;

	(void)events;
	while ((size = read(launcher.limits_fd, got, sizeof(got))) > 0)
		for (size_t i = 0; i < (size_t)size / sizeof(*got); i++)
			mark(got[i].wd);
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++)
		if (launcher.services[i].limits.changed)
			look(&launcher.services[i]);
	loop_remove(loop, watch);
	rest.due = rested;
	loop_timer_set(loop, &rest, clock_monotonic_ms() + REST_MS);
}

int limits_open(const char *directory, struct err *err)
{
	root = directory;
	launcher.limits_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (launcher.limits_fd < 0)
		return err_sys(err, errno, "inotify");
	notices.ready = ready;
	return loop_add(&launcher.loop, &notices, launcher.limits_fd, EPOLLIN);
}

static void unwatch(struct service *s)
{
	for (size_t i = 0; i < LIMIT_FILES; i++)
		if (s->limits.files[i] > 0)
			(void)inotify_rm_watch(launcher.limits_fd, s->limits.files[i]);
	s->limits = (struct limit_watch){.files = {0}};
}

void limits_resume(struct service *s)
{
	char path[160];

	unwatch(s);
	for (size_t i = 0; i < LIMIT_FILES; i++) {
		place(path, s, files[i]);
		s->limits.files[i] = inotify_add_watch(launcher.limits_fd, path, IN_MODIFY);
		if (s->limits.files[i] < 0 && errno != ENOENT)
			log_line("launcher: %s is not watched: %s", path, err_text(errno));
	}
	look(s);
}

void limits_begin(struct service *s)
{
	for (size_t i = 0; i < LIMIT_COUNT; i++) {
		s->note.counted[i] = read_counter(s, (enum limit)i);
		s->note.limits_told[i] = 0;
	}
	limits_resume(s);
}

void limits_end(struct service *s)
{
	tell_counters(s, true);
	unwatch(s);
}

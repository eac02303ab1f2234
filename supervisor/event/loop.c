#include "event/loop.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>

#include "base/clock.h"

#define BATCH                                                                                      \
	32 /* events per turn: bounds how long timers can be kept waiting by busy descriptors */

int loop_open(struct loop *loop)
{
	*loop = (struct loop){.epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
	return loop->epoll_fd < 0 ? -errno : 0;
}

static int control(struct loop *loop, struct watch *watch, int operation, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	return epoll_ctl(loop->epoll_fd, operation, watch->fd, &event) ? -errno : 0;
}

int loop_add(struct loop *loop, struct watch *watch, int fd, uint32_t events)
{
	int r;

	watch->fd = fd;
	r = control(loop, watch, EPOLL_CTL_ADD, events);
	if (r)
		watch->fd = -1;
	return r;
}

int loop_change(struct loop *loop, struct watch *watch, uint32_t events)
{
	return control(loop, watch, EPOLL_CTL_MOD, events);
}

void loop_remove(struct loop *loop, struct watch *watch)
{
	if (watch->fd < 0)
		return;
	(void)control(loop, watch, EPOLL_CTL_DEL, 0);
	watch->fd = -1;
	/* Its event may already lie in the batch under way: an owner may free itself, so it must
	 * not be called any more. */
	for (int i = 0; i < loop->ready_count; i++)
		if (loop->ready_now[i] == watch)
			loop->ready_now[i] = NULL;
}

void loop_timer_clear(struct loop *loop, struct timer *timer)
{
	if (!timer->armed)
		return;
	for (struct timer **at = &loop->timers; *at; at = &(*at)->next) {
		if (*at != timer)
			continue;
		*at = timer->next;
		break;
	}
	timer->armed = false;
}

void loop_timer_set(struct loop *loop, struct timer *timer, uint64_t at_ms)
{
	struct timer **at = &loop->timers;

	loop_timer_clear(loop, timer);
	while (*at && (*at)->at_ms <= at_ms)
		at = &(*at)->next;
	timer->at_ms = at_ms;
	timer->next = *at;
	timer->armed = true;
	*at = timer;
}

static int wait_time(const struct loop *loop, int limit_ms)
{
	uint64_t now = clock_monotonic_ms();
	uint64_t left;

	if (!loop->timers)
		return limit_ms;
	left = loop->timers->at_ms > now ? loop->timers->at_ms - now : 0;
	if (limit_ms >= 0 && left > (uint64_t)limit_ms)
		return limit_ms;
	return left > 3600000 ? 3600000 : (int)left;
}

/* As many timers as were due at the start of the turn: those that callbacks arm anew, even for a
 * time that has passed, cannot keep the descriptors waiting. */
static void run_timers(struct loop *loop)
{
	uint64_t now = clock_monotonic_ms();
	int due = 0;

	for (const struct timer *timer = loop->timers; timer && timer->at_ms <= now;
	     timer = timer->next)
		due++;
	while (due-- > 0 && loop->timers && loop->timers->at_ms <= now && !loop->stop) {
		struct timer *timer = loop->timers;

		loop_timer_clear(loop, timer);
		timer->due(loop, timer);
	}
}

int loop_turn(struct loop *loop, int limit_ms)
{
	struct epoll_event events[BATCH];
	struct watch *batch[BATCH];
	uint32_t what[BATCH];
	int count = epoll_wait(loop->epoll_fd, events, BATCH, wait_time(loop, limit_ms));

	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < count; i++) {
		batch[i] = events[i].data.ptr;
		what[i] = events[i].events;
	}
	loop->ready_now = batch;
	loop->ready_count = count;
	for (int i = 0; i < count; i++)
		if (batch[i])
			batch[i]->ready(loop, batch[i], what[i]);
	loop->ready_count = 0;
	run_timers(loop);
	return 0;
}

int loop_run(struct loop *loop)
{
	int r = 0;

	while (!loop->stop && !r)
		r = loop_turn(loop, -1);
	return r;
}

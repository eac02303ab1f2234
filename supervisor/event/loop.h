#ifndef EVENT_LOOP_H
#define EVENT_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * One epoll loop per process. Watches and timers are embedded in the objects that own them
 * (container_of), so the loop never allocates. Single-threaded; a callback may add, change and
 * remove any watch or timer, its own included.
 */
struct loop;

struct watch {
	int fd; /* borrowed: the owner removes the watch before closing it; -1 while not added */
	void (*ready)(struct loop *loop, struct watch *watch, uint32_t events); /* EPOLLIN ... */
};

struct timer {
	uint64_t at_ms; /* CLOCK_MONOTONIC; see clock_monotonic_ms() */
	void (*due)(struct loop *loop, struct timer *timer);
	struct timer *next; /* list sorted by at_ms, owned by the loop */
	bool armed;
};

struct loop {
	int epoll_fd;
	bool stop;
	struct timer *timers;
	struct watch *
		*ready_now; /* the batch being dispatched: loop_remove() clears what it removes */
	int ready_count;
};

int loop_open(struct loop *loop); /* -errno */

/* Watch @fd for @events (EPOLLIN | ...; level-triggered). -errno of epoll_ctl(2). */
int loop_add(struct loop *loop, struct watch *watch, int fd, uint32_t events);
int loop_change(struct loop *loop, struct watch *watch, uint32_t events);
void loop_remove(struct loop *loop,
		 struct watch *watch); /* harmless when not added; does not close the fd */

void loop_timer_set(struct loop *loop, struct timer *timer, uint64_t at_ms); /* (re)arm */
void loop_timer_clear(struct loop *loop, struct timer *timer); /* harmless when not armed */

/* One turn: wait for events or the next timer, at most @limit_ms (-1: no limit), and run the
 * callbacks. -errno of epoll_wait(2) except EINTR. */
int loop_turn(struct loop *loop, int limit_ms);

/* Turns until loop->stop. -errno. */
int loop_run(struct loop *loop);

#define container_of(pointer, type, member)                                                        \
	((type *)(void *)((char *)(pointer) - __builtin_offsetof(type, member)))

#endif

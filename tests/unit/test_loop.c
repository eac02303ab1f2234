/* links: base event */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "event/loop.h"

static struct loop loop;

struct counter {
	struct watch watch;
	struct timer timer;
	int ready;
	int due;
	struct counter *other;
};

static int open_loop(void **state)
{
	(void)state;
	return loop_open(&loop);
}

static int close_loop(void **state)
{
	(void)state;
	fd_close(&loop.epoll_fd);
	return 0;
}

static void count_ready(struct loop *l, struct watch *watch, uint32_t events)
{
	(void)l;
	(void)events;
	container_of(watch, struct counter, watch)->ready++;
}

static void remove_other(struct loop *l, struct watch *watch, uint32_t events)
{
	struct counter *c = container_of(watch, struct counter, watch);

	(void)events;
	c->ready++;
	loop_remove(l, &c->other->watch);
	loop_remove(l, watch);
}

static void count_due(struct loop *l, struct timer *timer)
{
	(void)l;
	container_of(timer, struct counter, timer)->due++;
}

static void test_ready(void **state)
{
	struct counter c = {.watch = {.fd = -1, .ready = count_ready}};
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(loop_add(&loop, &c.watch, fds[0], EPOLLIN), 0);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(c.ready, 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(c.ready, 1);
	loop_remove(&loop, &c.watch);
	loop_remove(&loop, &c.watch);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(c.ready, 1);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

/* Whoever is removed by a callback of the same turn must not be called: it may be gone. */
static void test_removed_in_the_batch(void **state)
{
	struct counter a = {.watch = {.fd = -1, .ready = remove_other}};
	struct counter b = {.watch = {.fd = -1, .ready = remove_other}};
	int fds[4];

	(void)state;
	a.other = &b;
	b.other = &a;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pipe(fds + 2), 0);
	assert_int_equal(loop_add(&loop, &a.watch, fds[0], EPOLLIN), 0);
	assert_int_equal(loop_add(&loop, &b.watch, fds[2], EPOLLIN), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(write(fds[3], "x", 1), 1);
	assert_int_equal(loop_turn(&loop, 100), 0);
	assert_int_equal(a.ready + b.ready, 1);
	for (int i = 0; i < 4; i++)
		(void)close(fds[i]);
}

static void test_timers_in_order(void **state)
{
	struct counter c[3] = {{.timer = {.due = count_due}},
			       {.timer = {.due = count_due}},
			       {.timer = {.due = count_due}}};
	uint64_t now = clock_monotonic_ms();

	(void)state;
	loop_timer_set(&loop, &c[0].timer, now + 20);
	loop_timer_set(&loop, &c[1].timer, now);
	loop_timer_set(&loop, &c[2].timer, now + 60000);
	assert_ptr_equal(loop.timers, &c[1].timer);
	loop_timer_set(&loop, &c[2].timer, now);
	loop_timer_clear(&loop, &c[1].timer);
	loop_timer_clear(&loop, &c[1].timer);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(c[2].due, 1);
	assert_int_equal(c[1].due, 0);
	assert_int_equal(c[0].due, 0);
	assert_int_equal(loop_turn(&loop, 1000), 0);
	assert_int_equal(c[0].due, 1);
	assert_true(clock_monotonic_ms() - now < 900);
}

static void again_at_once(struct loop *l, struct timer *timer)
{
	container_of(timer, struct counter, timer)->due++;
	loop_timer_set(l, timer, clock_monotonic_ms());
}

static void test_timer_cannot_starve(void **state)
{
	struct counter greedy = {.timer = {.due = again_at_once}};
	struct counter c = {.watch = {.fd = -1, .ready = count_ready}};
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(loop_add(&loop, &c.watch, fds[0], EPOLLIN), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	loop_timer_set(&loop, &greedy.timer, 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(c.ready, 5);
	assert_int_in_range(greedy.due, 4, 5);
	loop_timer_clear(&loop, &greedy.timer);
	loop_remove(&loop, &c.watch);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void again_in_the_past(struct loop *l, struct timer *timer)
{
	container_of(timer, struct counter, timer)->due++;
	loop_timer_set(l, timer, 1);
}

/* Two that feed each other; alarm(5) ends the test if a turn has no end. */
static void test_turn_ends(void **state)
{
	struct counter c[2] = {{.timer = {.due = again_in_the_past}},
			       {.timer = {.due = again_in_the_past}}};

	(void)state;
	(void)alarm(5);
	loop_timer_set(&loop, &c[0].timer, 1);
	loop_timer_set(&loop, &c[1].timer, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(loop_turn(&loop, 0), 0);
	(void)alarm(0);
	assert_int_equal(c[0].due, 3);
	assert_int_equal(c[1].due, 3);
	loop_timer_clear(&loop, &c[0].timer);
	loop_timer_clear(&loop, &c[1].timer);
	assert_null(loop.timers);
}

static void clear_other(struct loop *l, struct timer *timer)
{
	struct counter *c = container_of(timer, struct counter, timer);

	c->due++;
	loop_timer_clear(l, &c->other->timer);
}

/* Due in the same turn, but cleared by the one before it. */
static void test_cleared_in_the_turn(void **state)
{
	struct counter a = {.timer = {.due = clear_other}};
	struct counter b = {.timer = {.due = clear_other}};

	(void)state;
	a.other = &b;
	b.other = &a;
	loop_timer_set(&loop, &a.timer, 1);
	loop_timer_set(&loop, &b.timer, 1);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(a.due, 1);
	assert_int_equal(b.due, 0);
}

static void stop_now(struct loop *l, struct timer *timer)
{
	container_of(timer, struct counter, timer)->due++;
	l->stop = true;
}

/* Whoever stops the loop is the last to be called. */
static void test_run_until_stopped(void **state)
{
	struct counter a = {.timer = {.due = count_due}};
	struct counter b = {.timer = {.due = stop_now}};
	struct counter c = {.timer = {.due = count_due}};

	(void)state;
	loop_timer_set(&loop, &a.timer, 1);
	loop_timer_set(&loop, &b.timer, 1);
	loop_timer_set(&loop, &c.timer, 1);
	assert_int_equal(loop_run(&loop), 0);
	assert_int_equal(a.due, 1);
	assert_int_equal(b.due, 1);
	assert_int_equal(c.due, 0);
}

static void test_change_of_interest(void **state)
{
	struct counter c = {.watch = {.fd = -1, .ready = count_ready}};
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(loop_add(&loop, &c.watch, fds[1], EPOLLIN), 0);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(c.ready, 0);
	assert_int_equal(loop_change(&loop, &c.watch, EPOLLOUT), 0);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(c.ready, 1);
	loop_remove(&loop, &c.watch);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

/* A descriptor that cannot be watched leaves the watch as if it had never been added. */
static void test_add_fails(void **state)
{
	struct counter c = {.watch = {.fd = -1, .ready = count_ready}};

	(void)state;
	assert_int_equal(loop_add(&loop, &c.watch, 1000000, EPOLLIN), -EBADF);
	assert_int_equal(c.watch.fd, -1);
	loop_remove(&loop, &c.watch);
	assert_int_not_equal(loop_change(&loop, &c.watch, EPOLLIN), 0);
}

int main(void)
{
#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, open_loop, close_loop)
	const struct CMUnitTest tests[] = {
		WITH_LOOP(test_ready),
		WITH_LOOP(test_removed_in_the_batch),
		WITH_LOOP(test_timers_in_order),
		WITH_LOOP(test_timer_cannot_starve),
		WITH_LOOP(test_turn_ends),
		WITH_LOOP(test_cleared_in_the_turn),
		WITH_LOOP(test_run_until_stopped),
		WITH_LOOP(test_change_of_interest),
		WITH_LOOP(test_add_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

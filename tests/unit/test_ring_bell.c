/* links: base ipc */
/* The doorbell of a ring: when it rings, and that no record is put into a sleep that nothing ends.
 */
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ring_fixture.h"

static uint32_t *sleeps_of(struct pair *p)
{
	return (uint32_t *)p->raw_cursor + SLEEPS;
}

static void hang_bell(struct pair *p, int bell[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, bell), 0);
	p->producer.doorbell_fd = bell[0];
}

static int bells(int fd)
{
	char byte;
	int count = 0;

	while (recv(fd, &byte, 1, MSG_DONTWAIT) == 1)
		count++;
	return count;
}

static void drain(struct ring_consumer *c)
{
	uint8_t buffer[RING_RECORD_MAX];

	while (ring_peek(c, buffer))
		ring_release(c);
}

static void test_one_bell_for_each_sleep(void **state)
{
	struct pair *p = *state;
	int bell[2];

	hang_bell(p, bell);
	assert_true(put(p, 0, "while it is awake"));
	assert_int_equal(bells(bell[1]), 0);
	assert_false(ring_sleep(&p->consumer)); /* there is a record */
	drain(&p->consumer);
	for (int sleep = 0; sleep < 3; sleep++) {
		assert_true(ring_sleep(&p->consumer));
		assert_int_equal(bells(bell[1]), 0);
		for (int i = 0; i < 3; i++)
			assert_true(put(p, 0, "into its sleep"));
		assert_int_equal(bells(bell[1]), 1);
		ring_wake(&p->consumer);
		drain(&p->consumer);
		assert_true(put(p, 0, "while it is awake"));
		assert_int_equal(bells(bell[1]), 0);
		drain(&p->consumer);
	}
	fd_close(&bell[0]);
	fd_close(&bell[1]);
}

/* A drop wakes, too, and one that was not told yet lets nobody sleep. */
static void test_drops_ring(void **state)
{
	struct pair *p = *state;
	int bell[2];

	hang_bell(p, bell);
	assert_true(ring_sleep(&p->consumer));
	assert_false(put(p, RING_LANES, "dropped"));
	assert_int_equal(bells(bell[1]), 1);
	assert_false(ring_sleep(&p->consumer));
	assert_int_equal(ring_drops(&p->consumer, RING_LANES - 1), 1);
	assert_true(ring_sleep(&p->consumer));
	fd_close(&bell[0]);
	fd_close(&bell[1]);
}

/* Whatever a consumer leaves behind, its successor is rung for: here one step before a sleep that
 * the producer has rung for. */
static void test_rings_for_a_successor(void **state)
{
	static const uint32_t left[] = {1, 7, (1u << 30) + 1, UINT32_MAX};
	struct pair *p = *state;
	struct ring_consumer again;
	int bell[2];

	hang_bell(p, bell);
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
		*sleeps_of(p) = left[i];
		assert_true(put(p, 0, "nobody reads"));
		assert_int_equal(bells(bell[1]), 1);
		*sleeps_of(p) = left[i] - 1;
		assert_int_equal(ring_consumer_open(&again, p->ring_fd, p->cursor_fd), 0);
		assert_true(put(p, 0, "it reads at its start"));
		assert_int_equal(bells(bell[1]), 0);
		drain(&again);
		assert_true(ring_sleep(&again));
		assert_true(put(p, 0, "and wakes then"));
		assert_int_equal(bells(bell[1]), 1);
		drain(&again);
	}
	fd_close(&bell[0]);
	fd_close(&bell[1]);
}

/* Two processes, and each record is put while the consumer goes to sleep: there is none that no
 * bell ends. */
static void test_no_sleep_is_missed(void **state)
{
	enum { RECORDS = 200000 };
	struct pair *p = *state;
	uint8_t buffer[RING_RECORD_MAX];
	int bell[2];
	int status;
	pid_t child;

	hang_bell(p, bell);
	child = fork();
	if (child == 0) {
		/* It waits for a reader: not longer than there is one. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int i = 0; i < RECORDS; i++) {
			while (__atomic_load_n(&p->raw_cursor[0], __ATOMIC_ACQUIRE) !=
			       p->producer.head)
				(void)sched_yield();
			(void)put(p, 0, "a record");
		}
		_exit(0);
	}
	for (int i = 0; i < RECORDS;) {
		struct pollfd wait = {.fd = bell[1], .events = POLLIN};
		int size = ring_peek(&p->consumer, buffer);

		if (size > 0) {
			ring_release(&p->consumer);
			i++;
			continue;
		}
		for (unsigned int lane = 0; lane < RING_LANES; lane++)
			(void)ring_drops(&p->consumer, lane);
		if (!ring_sleep(&p->consumer))
			continue;
		assert_int_equal(poll(&wait, 1, 20000), 1);
		(void)bells(bell[1]);
		ring_wake(&p->consumer);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	fd_close(&bell[0]);
	fd_close(&bell[1]);
}

/* A consumer that claims another sleep each time has itself rung to no end, and blocks nobody. */
static void test_full_doorbell_never_blocks(void **state)
{
	struct pair *p = *state;
	int bell[2];

	hang_bell(p, bell);
	for (uint32_t i = 0; i < 5000; i++) {
		*sleeps_of(p) = 2 * i + 1;
		assert_true(put(p, 0, "ring"));
	}
	assert_true(bells(bell[1]) > 1);
	fd_close(&bell[1]);
	*sleeps_of(p) += 2;
	assert_true(put(p, 0, "nobody listens"));
	fd_close(&bell[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_bell_for_each_sleep, open_pair,
						close_pair),
		cmocka_unit_test_setup_teardown(test_drops_ring, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(test_rings_for_a_successor, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(test_no_sleep_is_missed, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(test_full_doorbell_never_blocks, open_pair,
						close_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

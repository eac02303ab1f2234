/* links: base ipc */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ring_fixture.h"

static void set_head(struct pair *p, uint64_t head)
{
	memcpy(p->raw + AT_HEAD, &head, sizeof(head));
}

static void unmap(struct ring_producer *p)
{
	(void)munmap(p->shared, AT_DATA + RING_BYTES);
	(void)munmap((void *)(uintptr_t)p->cursor, 72);
}

static uint64_t get_head(const struct pair *p)
{
	uint64_t head;

	memcpy(&head, p->raw + AT_HEAD, sizeof(head));
	return head;
}

static void test_order_and_release(void **state)
{
	struct pair *p = *state;
	struct ring_consumer again;
	uint8_t buffer[RING_RECORD_MAX];

	assert_true(put(p, 0, "one"));
	assert_true(ring_put(&p->producer, 0, PIECES("t", 1, "wo", 2)));
	assert_int_equal(ring_peek(&p->consumer, buffer), 3);
	assert_memory_equal(buffer, "one", 3);
	ring_release(&p->consumer);
	assert_int_equal(ring_peek(&p->consumer, buffer), 3);
	assert_memory_equal(buffer, "two", 3);
	assert_int_equal(ring_peek(&p->consumer, buffer), 0);
	/* Not released: the next consumer, or this one after a rewind, sees it again. */
	assert_int_equal(ring_consumer_open(&again, p->ring_fd, p->cursor_fd), 0);
	assert_int_equal(ring_peek(&again, buffer), 3);
	ring_rewind(&p->consumer);
	assert_int_equal(ring_peek(&p->consumer, buffer), 3);
	assert_memory_equal(buffer, "two", 3);
}

static void test_wraps_with_all_sizes(void **state)
{
	struct pair *p = *state;
	uint8_t record[RING_RECORD_MAX];
	uint8_t buffer[RING_RECORD_MAX];

	for (size_t i = 0; i < 3000; i++) {
		size_t size = 1 + i * 37 % (RING_RECORD_MAX - 1);

		memset(record, (int)(i & 0xff), size);
		assert_true(ring_put(&p->producer, 0,
				     PIECES(record, size / 2, record + size / 2, size - size / 2)));
		assert_int_equal(ring_peek(&p->consumer, buffer), (int)size);
		assert_memory_equal(buffer, record, size);
		ring_release(&p->consumer);
	}
	assert_false(ring_put(&p->producer, 0, PIECES(record, RING_RECORD_MAX, record, 1)));
	assert_false(ring_put(&p->producer, RING_LANES, PIECES(record, 1, NULL, 0)));
}

/* A flood in a lower lane leaves room for the higher ones, and every drop is counted in its lane.
 */
static void test_lanes_and_drops(void **state)
{
	static const uint8_t record[1000];
	struct pair *p = *state;
	size_t stored[RING_LANES] = {0};

	for (unsigned int lane = RING_LANES; lane-- > 0;)
		for (size_t i = 0; i < 400; i++)
			stored[lane] += ring_put(&p->producer, lane,
						 PIECES(record, sizeof(record), NULL, 0));
	assert_true(stored[2] >= 129 && stored[2] <= 131);
	assert_true(stored[1] >= 60 && stored[1] <= 70);
	assert_true(stored[0] >= 60 && stored[0] <= 70);
	for (unsigned int lane = 0; lane < RING_LANES; lane++) {
		assert_int_equal(ring_drops(&p->consumer, lane), 400 - stored[lane]);
		assert_int_equal(ring_drops(&p->consumer, lane), 0);
	}
}

static void test_drops_told_once_over_restart(void **state)
{
	struct pair *p = *state;
	struct ring_consumer again;

	assert_false(ring_put(&p->producer, 1, PIECES(NULL, RING_RECORD_MAX + 1, NULL, 0)));
	assert_int_equal(ring_drops(&p->consumer, 1), 1);
	assert_int_equal(ring_consumer_open(&again, p->ring_fd, p->cursor_fd), 0);
	assert_int_equal(ring_drops(&again, 1), 1); /* told, but not released: told again */
	ring_release(&again);
	assert_int_equal(ring_consumer_open(&again, p->ring_fd, p->cursor_fd), 0);
	assert_int_equal(ring_drops(&again, 1), 0);
}

static void test_numbers_go_on(void **state)
{
	struct pair *p = *state;
	struct ring_producer again;

	for (uint64_t i = 1; i <= 5; i++) {
		assert_int_equal(ring_next_number(&p->producer), i);
		assert_int_equal(put(p, i == 4 ? RING_LANES : 0, "x"),
				 i != 4); /* number 4 is dropped and counts */
	}
	assert_int_equal(ring_producer_open(&again, p->ring_fd, p->cursor_fd, -1), 0);
	assert_int_equal(ring_next_number(&again), 6);
}

/* A producer killed after it counted and before it published: the record does not exist, so its
 * number is given again. */
static void test_number_of_unpublished(void **state)
{
	struct pair *p = *state;
	struct ring_producer again;
	uint64_t before;

	for (int drops = 0; drops < 2; drops++) {
		assert_true(put(p, 0, "kept"));
		if (drops)
			assert_false(put(p, RING_LANES, "dropped"));
		before = get_head(p);
		assert_true(put(p, 0, "never published"));
		set_head(p, before);
		assert_int_equal(ring_producer_open(&again, p->ring_fd, p->cursor_fd, -1), 0);
		assert_int_equal(ring_next_number(&again), ring_next_number(&p->producer) - 1);
		p->producer = again;
	}
}

/* Killed at any instruction of ring_put(): the numbers that a successor gives continue what was
 * published, none twice, none left out. */
static void step_through(struct pair *p, unsigned int lane)
{
	uint64_t head = get_head(p);
	uint64_t next = ring_next_number(&p->producer);
	pid_t child = fork();
	int steps = 0;
	int status;

	if (child == 0) {
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		(void)raise(SIGSTOP);
		(void)put(p, lane, "a record");
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	while (WIFSTOPPED(status)) {
		struct ring_producer again;

		assert_int_equal(ring_producer_open(&again, p->ring_fd, p->cursor_fd, -1), 0);
		if (lane < RING_LANES)
			assert_int_equal(ring_next_number(&again), next + (get_head(p) != head));
		else
			assert_true(ring_next_number(&again) - next <= 1);
		unmap(&again);
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		steps++;
	}
	assert_true(WIFEXITED(status) && steps > 50);
	assert_int_equal(ring_producer_open(&p->producer, p->ring_fd, p->cursor_fd, -1), 0);
	assert_int_equal(ring_next_number(&p->producer), next + 1);
}

static void test_killed_at_any_instruction(void **state)
{
	static const unsigned int lanes[] = {0, RING_LANES, 0, 0, RING_LANES, RING_LANES, 0};
	struct pair *p = *state;

	for (size_t i = 0; i < sizeof(lanes) / sizeof(lanes[0]); i++)
		step_through(p, lanes[i]);
}

/* Wild heads: never a read outside the data, never a loop; the consumer jumps to what is published.
 */
static void test_hostile_head(void **state)
{
	static const uint64_t heads[] = {
		1, 7, 9, RING_BYTES + 1, RING_BYTES * 5ull, UINT64_MAX, UINT64_MAX - 7, 1ull << 63};
	struct pair *p = *state;
	uint8_t buffer[RING_RECORD_MAX];

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		set_head(p, heads[i]);
		assert_int_equal(ring_peek(&p->consumer, buffer), -EBADMSG);
		assert_int_equal(ring_peek(&p->consumer, buffer), 0);
		ring_release(&p->consumer);
	}
}

static void test_hostile_entry(void **state)
{
	static const uint32_t sizes[] = {0, RING_RECORD_MAX + 1, UINT32_MAX, UINT32_MAX - 7, 4000};
	struct pair *p = *state;
	uint8_t buffer[RING_RECORD_MAX];

	/* The last one has a good size and a wrong check: torn, or forged without care. */
	for (size_t i = 0; i <= sizeof(sizes) / sizeof(sizes[0]); i++) {
		bool torn = i == sizeof(sizes) / sizeof(sizes[0]);
		uint32_t entry[2] = {torn ? 10 : sizes[i], torn ? 77 : ~sizes[i]};
		uint8_t *payload;

		assert_true(put(p, 0, "0123456789"));
		payload = memmem(p->raw + AT_DATA, RING_BYTES, "0123456789", 10);
		assert_non_null(payload);
		memcpy(payload - sizeof(entry), entry, sizeof(entry));
		memset(payload, 0, 10);
		assert_int_equal(ring_peek(&p->consumer, buffer), -EBADMSG);
		assert_int_equal(ring_peek(&p->consumer, buffer), 0);
		ring_release(&p->consumer);
	}
}

/* A size that lies within what was put, but not in the buffer of whoever reads: the buffer ends
 * there (ASan watches). */
static void test_hostile_size(void **state)
{
	static const uint8_t record[RING_RECORD_MAX];
	uint32_t entry[2] = {RING_RECORD_MAX + 512, ~(uint32_t)(RING_RECORD_MAX + 512)};
	uint8_t *buffer = malloc(RING_RECORD_MAX);
	struct pair *p = *state;

	assert_true(ring_put(&p->producer, 0, PIECES(record, sizeof(record), NULL, 0)));
	assert_true(ring_put(&p->producer, 0, PIECES(record, sizeof(record), NULL, 0)));
	memcpy(p->raw + AT_DATA, entry, sizeof(entry));
	assert_int_equal(ring_peek(&p->consumer, buffer), -EBADMSG);
	free(buffer);
}

/* A wild read index means "full": nothing that is unread is overwritten, and the producer goes on
 * counting. */
static void test_hostile_tail(void **state)
{
	static const uint64_t tails[] = {1000, UINT64_MAX, 1ull << 40};
	struct pair *p = *state;

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		p->raw_cursor[0] = tails[i];
		assert_false(put(p, 0, "x"));
		assert_int_equal(ring_drops(&p->consumer, 0), 1);
	}
	p->raw_cursor[0] = 0;
	assert_true(put(p, 0, "x"));
}

/* Memory that its maker could still shrink, or of another size, is not mapped. */
static void test_refuses_other_memory(void **state)
{
	struct pair *p = *state;
	struct ring_producer producer;
	struct ring_consumer consumer;
	int plain = memfd_create("plain", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(ftruncate(plain, 1 << 20), 0);
	assert_int_equal(ring_consumer_open(&consumer, plain, p->cursor_fd), -EBADMSG);
	assert_int_equal(ring_producer_open(&producer, plain, p->cursor_fd, -1), -EBADMSG);
	assert_int_equal(ring_producer_open(&producer, p->cursor_fd, p->cursor_fd, -1), -EBADMSG);
	assert_int_equal(ring_producer_open(&producer, p->ring_fd, p->ring_fd, -1), -EBADMSG);
	/* The right size is not enough. */
	assert_int_equal(ftruncate(plain, AT_DATA + RING_BYTES), 0);
	assert_int_equal(ring_consumer_open(&consumer, plain, p->cursor_fd), -EBADMSG);
	assert_int_equal(ring_producer_open(&producer, plain, p->cursor_fd, -1), -EBADMSG);
	fd_close(&plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order_and_release, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(test_wraps_with_all_sizes, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(test_lanes_and_drops, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(test_drops_told_once_over_restart, open_pair,
						close_pair),
		cmocka_unit_test_setup_teardown(test_numbers_go_on, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(test_number_of_unpublished, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(test_killed_at_any_instruction, open_pair,
						close_pair),
		cmocka_unit_test_setup_teardown(test_hostile_head, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(test_hostile_entry, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(test_hostile_size, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(test_hostile_tail, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(test_refuses_other_memory, open_pair, close_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#ifndef IPC_RING_H
#define IPC_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Single-producer, single-consumer ring of records between two processes that need not trust each
 * other.
 *
 * Two memfds, both made and sealed (SHRINK|GROW|SEAL) by init before anyone else has them, so that
 * nobody can shrink one under the other's feet (SIGBUS): the ring, which the producer maps
 * read-write and the consumer read-only; and the read index, the other way round. Each side clamps
 * every index it reads. A producer never waits: a record that does not fit is counted per lane.
 */
#define RING_BYTES      (256u * 1024u) /* data area; a power of two */
#define RING_RECORD_MAX 8192u          /* longest payload */
#define RING_LANES      3
#define RING_NOTES      4

struct ring_shared; /* the mapped ring */
struct ring_cursor; /* the mapped read index */

struct ring_producer {
	struct ring_shared *shared;
	const struct ring_cursor *cursor;
	int doorbell_fd; /* own end of a SOCK_DGRAM pair; -1: none */
	uint32_t rung;   /* the sleep of the consumer that a bell was sent for */
	uint64_t head;   /* private copy: what is mapped is only published, never read back */
	uint64_t number; /* records ever put into this ring, dropped ones included, over all lives
			    of its producer */
	uint64_t drops[RING_LANES];
};

struct ring_consumer {
	const struct ring_shared *shared;
	struct ring_cursor *cursor;
	uint64_t tail;   /* private copy */
	uint32_t sleeps; /* odd: asleep. Each sleep has a number of its own */
	uint64_t drops_seen[RING_LANES];
};

/* Make the two sealed memfds. -errno on failure; the fds are the caller's. */
int ring_create(int *ring_fd, int *cursor_fd);

/* A descriptor of the same memfd that can only be read and mapped read-only: what the consumer of a
 * ring gets. proc(5) must be at /proc. -errno on failure. */
int ring_read_only(int fd);

/* Map a producer's side: @ring_fd read-write, @cursor_fd read-only. Goes on where an earlier
 * producer of the same ring stopped. The fds stay the caller's and may be closed. -errno on
 * failure. */
int ring_producer_open(struct ring_producer *p, int ring_fd, int cursor_fd, int doorbell_fd);

/*
 * Append a record made of two pieces. @lane 0 may fill the whole ring, 1 three quarters, 2 half of
 * it, so that a flood of events that services cause cannot push out the supervisor's own decisions.
 * O(1), no system call but the doorbell, which rings once for each sleep of the consumer. False:
 * dropped and counted.
 */
struct ring_piece {
	const void *bytes;
	size_t size;
};
bool ring_put(struct ring_producer *p, unsigned int lane, const struct ring_piece pieces[2]);

/* The number that the next ring_put() gives its record, from 1. It goes on over a restart of the
 * producer, exactly: a producer that is killed at any instruction of ring_put() neither skips a
 * number nor gives one twice. */
uint64_t ring_next_number(const struct ring_producer *p);

/* Map a consumer's side; goes on where an earlier consumer of the same ring stopped: read index,
 * drops already told, notes. */
int ring_consumer_open(struct ring_consumer *c, int ring_fd, int cursor_fd);

/*
 * Copy the next record to @buffer (RING_RECORD_MAX bytes). Returns its size, 0 when the ring is
 * empty, -EBADMSG when the producer wrote nonsense (the consumer then jumps to the published head:
 * what lay between is lost and the caller records that). The record counts as consumed only after
 * ring_release().
 */
int ring_peek(struct ring_consumer *c, void *buffer);

/* Publish the read index up to everything peeked. Called after the records are safe (write(2) to
 * the segment returned). The drops told by ring_drops() so far count as told over a restart of the
 * consumer, too. */
void ring_release(struct ring_consumer *c);

/*
 * Before a wait for the doorbell: from now on the next record rings. False: something was put, or
 * dropped, that ring_peek() and ring_drops() have not told; the consumer stays awake and looks
 * again. A consumer is awake, and nobody rings for it, from ring_consumer_open() and ring_wake()
 * on.
 */
bool ring_sleep(struct ring_consumer *c);
void ring_wake(struct ring_consumer *c);

/* Undo every ring_peek() since the last ring_release(): what was peeked could not be kept and comes
 * again. */
void ring_rewind(struct ring_consumer *c);

/* Numbers of the consumer's own that outlive it together with the read index. @index < RING_NOTES.
 */
uint64_t ring_note(const struct ring_consumer *c, unsigned int index);
void ring_set_note(struct ring_consumer *c, unsigned int index, uint64_t value);

/* Records dropped in @lane since the last call. Monotonic in the producer; nonsense (going back)
 * reads as 0. */
uint64_t ring_drops(struct ring_consumer *c, unsigned int lane);

#endif

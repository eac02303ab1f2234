#include "ipc/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

#define MEMORY_SEALS  (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define ALIGN         8u
#define SLEEPS_PER_US 4 /* as a power of two: more than a consumer can have */

/* Positions count bytes since the ring was made and never wrap in practice (64 bits); the place is
 * position % RING_BYTES. */
struct ring_shared {
	uint64_t head; /* next byte to be written */
	uint64_t drops[RING_LANES];
	/*
	 * How many records were put, and the head after the last of them: number k lies in place k
	 * % 2. A producer that starts takes the greater number of the places that agree with the
	 * published head, so a kill between any two stores below leaves a state that says exactly
	 * whether the record of that number was published.
	 */
	struct {
		uint64_t number;
		uint64_t head;
	} counted[2];
	uint8_t data[RING_BYTES];
};

struct ring_cursor {
	uint64_t tail; /* first byte not yet consumed */
	uint64_t drops_told[RING_LANES];
	uint64_t notes[RING_NOTES];
	uint32_t sleeps; /* see struct ring_consumer */
};

struct ring_entry {
	uint32_t size;  /* of the payload that follows, padded to ALIGN */
	uint32_t check; /* ~size: tells a torn or forged entry from a good one */
};

static const uint64_t lane_room[RING_LANES] = {RING_BYTES, RING_BYTES / 4 * 3, RING_BYTES / 2};

static int make_memory(const char *name, size_t size)
{
	CLEAN_FD int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if (fchmod(fd, 0600) || ftruncate(fd, (off_t)size) || fcntl(fd, F_ADD_SEALS, MEMORY_SEALS))
		return -errno;
	return take_fd(&fd);
}

int ring_create(int *ring_fd, int *cursor_fd)
{
	CLEAN_FD int ring = make_memory("audit-ring", sizeof(struct ring_shared));
	CLEAN_FD int cursor = -1;

	if (ring < 0)
		return ring;
	cursor = make_memory("audit-cursor", sizeof(struct ring_cursor));
	if (cursor < 0)
		return cursor;
	*ring_fd = take_fd(&ring);
	*cursor_fd = take_fd(&cursor);
	return 0;
}

int ring_read_only(int fd)
{
	char path[32];
	int again;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC);
	return again < 0 ? -errno : again;
}

static int map(int fd, size_t size, int protection, void **at)
{
	struct stat st;

	/* Without the seals a peer could shrink the file and every access here would be SIGBUS. */
	if (fd_seals(fd) != MEMORY_SEALS || fstat(fd, &st) || st.st_size != (off_t)size)
		return -EBADMSG;
	/* MAP_POPULATE: no page fault, so no allocation that can fail, when a record is put. */
	*at = mmap(NULL, size, protection, MAP_SHARED | MAP_POPULATE, fd, 0);
	return *at == MAP_FAILED ? -errno : 0;
}

static uint64_t last_number(const struct ring_shared *shared)
{
	uint64_t number = 0;

	for (size_t i = 0; i < 2; i++)
		if (shared->counted[i].head == shared->head && shared->counted[i].number > number)
			number = shared->counted[i].number;
	return number;
}

int ring_producer_open(struct ring_producer *p, int ring_fd, int cursor_fd, int doorbell_fd)
{
	void *shared = NULL;
	void *cursor = NULL;
	int r = map(ring_fd, sizeof(struct ring_shared), PROT_READ | PROT_WRITE, &shared);

	if (r)
		return r;
	r = map(cursor_fd, sizeof(struct ring_cursor), PROT_READ, &cursor);
	if (r) {
		(void)munmap(shared, sizeof(struct ring_shared));
		return r;
	}
	p->shared = shared;
	p->cursor = cursor;
	p->doorbell_fd = doorbell_fd;
	p->rung = 0;
	p->head = p->shared->head;
	p->number = last_number(p->shared);
	memcpy(p->drops, p->shared->drops, sizeof(p->drops));
	return 0;
}

uint64_t ring_next_number(const struct ring_producer *p)
{
	return p->number + 1;
}

/* The place is made unbelievable first: its old head may equal the published one when records were
 * dropped. */
static void count_record(struct ring_producer *p, uint64_t head_after)
{
	uint64_t place = ++p->number % 2;

	__atomic_store_n(&p->shared->counted[place].head, UINT64_MAX, __ATOMIC_RELEASE);
	__atomic_store_n(&p->shared->counted[place].number, p->number, __ATOMIC_RELEASE);
	__atomic_store_n(&p->shared->counted[place].head, head_after, __ATOMIC_RELEASE);
}

static void copy_in(struct ring_shared *shared, uint64_t position, const void *bytes, size_t size)
{
	size_t place = (size_t)(position % RING_BYTES);
	size_t run = RING_BYTES - place;

	/* The second piece of a record may be absent: no pointer then. */
	if (!size)
		return;
	if (run > size)
		run = size;
	memcpy(shared->data + place, bytes, run);
	if (size > run)
		memcpy(shared->data, (const uint8_t *)bytes + run, size - run);
}

static void copy_out(const struct ring_shared *shared, uint64_t position, void *bytes, size_t size)
{
	size_t place = (size_t)(position % RING_BYTES);
	size_t run = RING_BYTES - place;

	if (run > size)
		run = size;
	memcpy(bytes, shared->data + place, run);
	if (size > run)
		memcpy((uint8_t *)bytes + run, shared->data, size - run);
}

static size_t padded(size_t size)
{
	return (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

/* The fence stands between our head and the consumer's sleep, as that of ring_sleep() stands
 * between its sleep and our head: one of us sees the other's. A number that a compromised consumer
 * writes costs a bell too few or too many, and nobody but itself the records. */
static void ring_bell(struct ring_producer *p)
{
	uint32_t sleeps;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	sleeps = __atomic_load_n(&p->cursor->sleeps, __ATOMIC_RELAXED);
	if (p->doorbell_fd < 0 || sleeps % 2 == 0 || sleeps == p->rung)
		return;
	p->rung = sleeps;
	(void)send(p->doorbell_fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool ring_put(struct ring_producer *p, unsigned int lane, const struct ring_piece pieces[2])
{
	size_t size = pieces[0].size + pieces[1].size;
	struct ring_entry entry = {.size = (uint32_t)size, .check = ~(uint32_t)size};
	size_t whole = sizeof(entry) + padded(size);
	uint64_t tail = __atomic_load_n(&p->cursor->tail, __ATOMIC_ACQUIRE);
	uint64_t used;

	/* A read index from another process: one that is ahead of us or too far behind means
	 * "full", never "free". */
	used = tail > p->head || p->head - tail > RING_BYTES ? RING_BYTES : p->head - tail;
	if (lane >= RING_LANES || size > RING_RECORD_MAX || used + whole > lane_room[lane]) {
		lane = lane < RING_LANES ? lane : RING_LANES - 1;
		__atomic_store_n(&p->shared->drops[lane], ++p->drops[lane], __ATOMIC_RELEASE);
		count_record(p, p->head);
		ring_bell(p);
		return false;
	}
	copy_in(p->shared, p->head, &entry, sizeof(entry));
	copy_in(p->shared, p->head + sizeof(entry), pieces[0].bytes, pieces[0].size);
	copy_in(p->shared, p->head + sizeof(entry) + pieces[0].size, pieces[1].bytes,
		pieces[1].size);
	p->head += whole;
	count_record(p, p->head);
	__atomic_store_n(&p->shared->head, p->head, __ATOMIC_RELEASE);
	ring_bell(p);
	return true;
}

int ring_consumer_open(struct ring_consumer *c, int ring_fd, int cursor_fd)
{
	void *shared = NULL;
	void *cursor = NULL;
	int r = map(ring_fd, sizeof(struct ring_shared), PROT_READ, &shared);

	if (r)
		return r;
	r = map(cursor_fd, sizeof(struct ring_cursor), PROT_READ | PROT_WRITE, &cursor);
	if (r) {
		(void)munmap(shared, sizeof(struct ring_shared));
		return r;
	}
	c->shared = shared;
	c->cursor = cursor;
	c->tail = c->cursor->tail;
	memcpy(c->drops_seen, c->cursor->drops_told, sizeof(c->drops_seen));
	/* Not near a sleep that somebody rang for, whatever an earlier consumer wrote in the end.
	 */
	c->sleeps = (uint32_t)clock_boot_us() << SLEEPS_PER_US;
	ring_wake(c);
	return 0;
}

void ring_wake(struct ring_consumer *c)
{
	c->sleeps += c->sleeps % 2;
	__atomic_store_n(&c->cursor->sleeps, c->sleeps, __ATOMIC_RELAXED);
}

bool ring_sleep(struct ring_consumer *c)
{
	bool more;

	c->sleeps |= 1;
	__atomic_store_n(&c->cursor->sleeps, c->sleeps, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	more = __atomic_load_n(&c->shared->head, __ATOMIC_RELAXED) != c->tail;
	for (unsigned int lane = 0; lane < RING_LANES; lane++)
		more |= __atomic_load_n(&c->shared->drops[lane], __ATOMIC_RELAXED) >
			c->drops_seen[lane];
	if (more)
		ring_wake(c);
	return !more;
}

int ring_peek(struct ring_consumer *c, void *buffer)
{
	uint64_t head = __atomic_load_n(&c->shared->head, __ATOMIC_ACQUIRE);
	struct ring_entry entry;
	size_t whole;

	if (head == c->tail)
		return 0;
	if (head < c->tail || head - c->tail > RING_BYTES || head - c->tail < sizeof(entry))
		goto nonsense;
	copy_out(c->shared, c->tail, &entry, sizeof(entry));
	whole = sizeof(entry) + padded(entry.size);
	if (entry.check != ~entry.size || entry.size == 0 || entry.size > RING_RECORD_MAX ||
	    whole > head - c->tail)
		goto nonsense;
	copy_out(c->shared, c->tail + sizeof(entry), buffer, entry.size);
	c->tail += whole;
	return (int)entry.size;
nonsense:
	c->tail = head;
	return -EBADMSG;
}

void ring_release(struct ring_consumer *c)
{
	__atomic_store_n(&c->cursor->tail, c->tail, __ATOMIC_RELEASE);
	memcpy(c->cursor->drops_told, c->drops_seen, sizeof(c->drops_seen));
}

void ring_rewind(struct ring_consumer *c)
{
	c->tail = c->cursor->tail;
	memcpy(c->drops_seen, c->cursor->drops_told, sizeof(c->drops_seen));
}

uint64_t ring_note(const struct ring_consumer *c, unsigned int index)
{
	return c->cursor->notes[index];
}

void ring_set_note(struct ring_consumer *c, unsigned int index, uint64_t value)
{
	__atomic_store_n(&c->cursor->notes[index], value, __ATOMIC_RELEASE);
}

uint64_t ring_drops(struct ring_consumer *c, unsigned int lane)
{
	uint64_t total = __atomic_load_n(&c->shared->drops[lane], __ATOMIC_ACQUIRE);
	uint64_t fresh = total > c->drops_seen[lane] ? total - c->drops_seen[lane] : 0;

	c->drops_seen[lane] = total;
	return fresh;
}

#ifndef TESTS_UNIT_RING_FIXTURE_H
#define TESTS_UNIT_RING_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/fd.h"
#include "ipc/ring.h"

/* The places of ring.c's shared structures, written as a hostile peer would: by offset. */
#define AT_HEAD 0
#define AT_DATA 64
#define SLEEPS  16 /* place in the cursor, in words of 32 bits */

#define PIECES(a, a_size, b, b_size) ((const struct ring_piece[2]){{a, a_size}, {b, b_size}})

struct pair {
	int ring_fd;
	int cursor_fd;
	struct ring_producer producer;
	struct ring_consumer consumer;
	uint8_t *raw;
	uint64_t *raw_cursor;
};

static inline int open_pair(void **state)
{
	static struct pair p;

	memset(&p, 0, sizeof(p));
	if (ring_create(&p.ring_fd, &p.cursor_fd) ||
	    ring_producer_open(&p.producer, p.ring_fd, p.cursor_fd, -1) ||
	    ring_consumer_open(&p.consumer, p.ring_fd, p.cursor_fd))
		return -1;
	p.raw = mmap(NULL, AT_DATA + RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, p.ring_fd, 0);
	p.raw_cursor = mmap(NULL, 72, PROT_READ | PROT_WRITE, MAP_SHARED, p.cursor_fd, 0);
	*state = &p;
	return p.raw == MAP_FAILED || p.raw_cursor == MAP_FAILED ? -1 : 0;
}

static inline int close_pair(void **state)
{
	struct pair *p = *state;

	fd_close(&p->ring_fd);
	fd_close(&p->cursor_fd);
	return 0;
}

static inline bool put(struct pair *p, unsigned int lane, const char *text)
{
	return ring_put(&p->producer, lane, PIECES(text, strlen(text), NULL, 0));
}

#endif

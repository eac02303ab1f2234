#ifndef INIT_PRODUCERS_H
#define INIT_PRODUCERS_H

#include "base/err.h"
#include "ipc/ring.h"

/*
 * The three audit rings, made and sealed by init before anybody else has them, and kept over every
 * death of a producer or of the recorder. A descriptor for each right: the producer writes its ring
 * and reads the index, the recorder the other way round.
 */
enum producer { PRODUCER_INIT, PRODUCER_LAUNCHER, PRODUCER_SUPERVISOR, PRODUCER_COUNT };

struct producer_ring {
	int ring_fd;
	int ring_read_fd;
	int index_fd;
	int index_read_fd;
	int bell_fd;         /* the producer's end */
	int bell_receive_fd; /* the recorder's end */
};

struct producers {
	struct producer_ring rings[PRODUCER_COUNT];
	struct ring_producer own;
};

/* Make them all and let audit_emit() of this process use the first. /proc must be mounted. -errno,
 * and then nothing is audited. */
int producers_open(struct producers *p, struct err *err);

/* A new doorbell for init's own ring: whoever had the receiving end may have shut it down. The old
 * one stays on failure. */
void producers_renew_bell(struct producers *p);

#endif

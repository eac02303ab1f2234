#include "producers.h"

#include <errno.h>
#include <sys/socket.h>

#include "audit/audit.h"
#include "base/fd.h"

static int make_bell(int *bell_fd, int *receive_fd)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		return -errno;
	fd_close(bell_fd);
	fd_close(receive_fd);
	*bell_fd = pair[0];
	*receive_fd = pair[1];
	return 0;
}

static int make_ring(struct producer_ring *ring)
{
	int r;

	*ring = (struct producer_ring){-1, -1, -1, -1, -1, -1};
	r = ring_create(&ring->ring_fd, &ring->index_fd);
	if (r)
		return r;
	ring->ring_read_fd = ring_read_only(ring->ring_fd);
	ring->index_read_fd = ring_read_only(ring->index_fd);
	if (ring->ring_read_fd < 0 || ring->index_read_fd < 0)
		return ring->ring_read_fd < 0 ? ring->ring_read_fd : ring->index_read_fd;
	return make_bell(&ring->bell_fd, &ring->bell_receive_fd);
}

int producers_open(struct producers *p, struct err *err)
{
	const struct producer_ring *own = &p->rings[PRODUCER_INIT];
	int r = 0;

	for (int i = 0; i < PRODUCER_COUNT && !r; i++)
		r = make_ring(&p->rings[i]);
	if (!r)
		r = ring_producer_open(&p->own, own->ring_fd, own->index_read_fd, own->bell_fd);
	if (r)
		return err_sys(err, -r, "cannot make the audit rings");
	audit_open(&p->own);
	return 0;
}

void producers_renew_bell(struct producers *p)
{
	struct producer_ring *own = &p->rings[PRODUCER_INIT];

	(void)make_bell(&own->bell_fd, &own->bell_receive_fd);
	p->own.doorbell_fd = own->bell_fd;
}

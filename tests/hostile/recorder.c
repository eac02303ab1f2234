/*
 * A recorder that was taken over. It may lose records: that is what it holds. It must not stop a
 * producer, hurt the launcher or the shipper, or get more than the rings.
 */
#include "stub.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum { LAUNCHER_FD = 3, FIRST_RING_FD = 4, RINGS = 3 };

static void one_ring(int ring_fd, int cursor_fd, int doorbell_fd)
{
	unsigned char *ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring_fd, 0);
	unsigned char *cursor = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, cursor_fd, 0);

	if (ring != MAP_FAILED)
		memset(ring, 0xff, 4096); /* must not be possible: it is the producer's */
	for (int filler = 0; cursor != MAP_FAILED && filler < 256; filler += 85) {
		memset(cursor, filler, 4096);
		stub_pause_ms(200);
	}
	for (int i = 0; i < 2000; i++)
		send(doorbell_fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(doorbell_fd, SHUT_RDWR);
}

int main(void)
{
	stub_pause_ms(1500);
	for (int i = 0; i < RINGS; i++)
		one_ring(FIRST_RING_FD + 3 * i, FIRST_RING_FD + 3 * i + 1,
			 FIRST_RING_FD + 3 * i + 2);
	stub_send_nonsense(LAUNCHER_FD);
	stub_stay();
}

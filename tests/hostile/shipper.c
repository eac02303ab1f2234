/*
 * A shipper that was taken over. It may read the spool and talk to the collector: that is its job.
 * It must not connect anywhere else or more often, write the spool, move the recorder's cursor
 * where it wants, or hurt launcher and recorder.
 */
#include "stub.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LAUNCHER_FD = 3 };

static void write_spool(void)
{
	static const char *const paths[] = {"/spool/new", "/spool/cursor",
					    "/spool/audit/00000001.log", "/etc/bartizan/new"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		int fd = open(paths[i], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		if (fd >= 0) {
			ssize_t done = write(fd, "hostile", 7);

			(void)done;
			close(fd);
		}
	}
}

static void forge_acknowledgements(int recorder_fd)
{
	static const uint64_t numbers[] = {UINT64_MAX, 1ull << 62, 0, 1ull << 20};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct message_shipped m = {
			.head = {.type = M_SHIPPED}, .boot = numbers[i], .n = numbers[i]};

		stub_send(recorder_fd, &m, sizeof(m), NULL, 0);
	}
	stub_send_nonsense(recorder_fd);
}

/* Ask for connections as fast as it goes, and drop each; one of eight to a collector that the
 * device policy does not have. */
static void dial(time_t seconds)
{
	struct timespec now, begun;

	clock_gettime(CLOCK_MONOTONIC, &begun);
	now = begun;
	for (unsigned int i = 0; now.tv_sec - begun.tv_sec < seconds; i++) {
		struct message_plain m = {.head = {.type = M_DIAL, .request = i % 8 ? 0 : i}};

		stub_send(LAUNCHER_FD, &m, sizeof(m), NULL, 0);
		stub_pause_ms(5);
		clock_gettime(CLOCK_MONOTONIC, &now);
	}
}

/* Ask and read no answer: whoever answers must not wait. Ends when the link is cut. */
static void ask_unread(void)
{
	struct message_plain m = {.head = {.type = M_DIAL}};

	while (send(LAUNCHER_FD, &m, sizeof(m), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ||
	       errno == EAGAIN)
		stub_pause_ms(1);
}

int main(void)
{
	union message message;
	int fds[IPC_FDS_MAX];

	long got = stub_receive(LAUNCHER_FD, &message, sizeof(message), fds);

	/* First: a launcher that is kept busy may cut the link over the answers that lie unread. */
	stub_send_nonsense(LAUNCHER_FD);
	dial(10);
	write_spool();
	if (got > 0 && fds[0] >= 0)
		forge_acknowledgements(fds[0]);
	ask_unread();
	stub_stay();
}

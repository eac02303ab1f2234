/* What the hostile helpers share. They run in the sandbox of the helper they replace: what its
 * filter refuses fails, and they go on. */
#include "stub.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static unsigned char noise[1 << 16];

void stub_pause_ms(unsigned int ms)
{
	poll(NULL, 0, (int)ms);
}

_Noreturn void stub_stay(void)
{
	for (;;)
		stub_pause_ms(1000);
}

void stub_send(int fd, const void *bytes, size_t size, const int *fds, int fd_count)
{
	unsigned char control[CMSG_SPACE(sizeof(int) * 32)] = {0};
	unsigned char copy[1 << 16];
	struct iovec part = {.iov_base = copy, .iov_len = size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	struct cmsghdr *head;

	memcpy(copy, bytes, size);
	if (fd_count > 0) {
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)fd_count);
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)fd_count);
		memcpy(CMSG_DATA(head), fds, sizeof(int) * (size_t)fd_count);
	}
	sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	/* A reader that is slow must not make the rest of the attack go by unseen. */
	stub_pause_ms(2);
}

void stub_send_head(int fd, struct message_head head, size_t size, int filler)
{
	static unsigned char bytes[1 << 16];

	memset(bytes, filler, sizeof(bytes));
	memcpy(bytes, &head, sizeof(head));
	stub_send(fd, bytes, size, NULL, 0);
}

long stub_receive(int fd, void *bytes, size_t size, int *fds)
{
	unsigned char control[CMSG_SPACE(sizeof(int) * IPC_FDS_MAX)];
	struct iovec part = {.iov_base = bytes, .iov_len = size};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	struct cmsghdr *head;
	long got;

	for (int i = 0; i < IPC_FDS_MAX; i++)
		fds[i] = -1;
	poll(&wait, 1, -1);
	got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	head = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (head && head->cmsg_type == SCM_RIGHTS)
		memcpy(fds, CMSG_DATA(head), head->cmsg_len - CMSG_LEN(0));
	return got;
}

int stub_odd_fds(int *fds, int room)
{
	const int tries[] = {open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
			     memfd_create("odd", MFD_CLOEXEC | MFD_ALLOW_SEALING),
			     open("/dev/null", O_RDWR | O_CLOEXEC), dup(0), dup(3)};
	int count = 0;

	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]) && count < room; i++)
		if (tries[i] >= 0)
			fds[count++] = tries[i];
	return count;
}

static void nonsense_sizes(int fd)
{
	static const size_t sizes[] = {
		0,    1,    sizeof(struct message_head) - 1, sizeof(struct message_head) + 1,
		4096, 60000};

	for (uint16_t type = 0; type < M_COUNT; type++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			struct message_head head = {.type = type, .subject = type};

			memcpy(noise, &head, sizeof(head));
			stub_send(fd, noise, sizes[i], NULL, 0);
		}
}

/* Every message of the table in its right size, from a sender that may not send it, without and
 * with descriptors. */
static void nonsense_types(int fd, const int *fds, int fd_count)
{
	for (uint16_t type = 0; type < M_COUNT + 2; type++)
		for (int from = 0; from < PEER_COUNT; from++)
			for (int to = 0; to < PEER_COUNT; to++) {
				const struct message_def *row =
					message_find(type, (enum peer)from, (enum peer)to);
				struct message_head head = {.type = type,
							    .subject = SUBJECT_OF_SERVICE(0),
							    .generation = 1};

				if (!row || type == M_POWER)
					continue;
				stub_send_head(fd, head, row->size, 0xa5);
				memcpy(noise, &head, sizeof(head));
				stub_send(fd, noise, row->size, fds, fd_count);
			}
}

void stub_send_nonsense(int fd)
{
	static const uint16_t types[] = {0xffff, 0x8000, M_COUNT, 0};
	int fds[8];
	int count = stub_odd_fds(fds, 8);

	memset(noise, 0xff, sizeof(noise));
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct message_head head = {.type = types[i],
					    .subject = 0xffff,
					    .generation = 0xffffffff,
					    .request = 0xffffffff};

		stub_send_head(fd, head, sizeof(head), 0);
		stub_send_head(fd, head, 1024, 0xff);
	}
	nonsense_sizes(fd);
	nonsense_types(fd, fds, count);
	for (int i = 0; i < count; i++)
		close(fds[i]);
}

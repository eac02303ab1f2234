/* What the hostile helpers share. They run in the sandbox of the helper they replace: what its
 * filter refuses fails, and they go on. */
#include "stub.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
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

/* What came meanwhile, descriptors and all. */
static void discard(int fd)
{
	_Alignas(struct cmsghdr) unsigned char control[CMSG_SPACE(sizeof(int) * IPC_FDS_MAX)];
	unsigned char bytes[2048];
	int fds[IPC_FDS_MAX];

	for (;;) {
		struct iovec part = {.iov_base = bytes, .iov_len = sizeof(bytes)};
		struct msghdr message = {.msg_iov = &part,
					 .msg_iovlen = 1,
					 .msg_control = control,
					 .msg_controllen = sizeof(control)};
		struct cmsghdr *head;

		if (recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0)
			return;
		head = CMSG_FIRSTHDR(&message);
		if (!head || head->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(fds, CMSG_DATA(head), head->cmsg_len - CMSG_LEN(0));
		for (size_t i = 0; i < (head->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++)
			close(fds[i]);
	}
}

void stub_send(int fd, const void *bytes, size_t size, const int *fds, int fd_count)
{
	_Alignas(struct cmsghdr) unsigned char control[CMSG_SPACE(sizeof(int) * 32)] = {0};
	static int deaf; /* times in a row that nobody read */
	struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	struct cmsghdr *head;

	if (fd_count > 0) {
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)fd_count);
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)fd_count);
		memcpy(CMSG_DATA(head), fds, sizeof(int) * (size_t)fd_count);
	}
	/* A reader that is slow must not make the rest of the attack go by unseen; one that never
	 * reads again must not stop it. */
	for (int i = 0; i < (deaf > 3 ? 1 : 50); i++) {
		discard(fd);
		if (sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || errno != EAGAIN) {
			deaf = 0;
			return;
		}
		stub_pause_ms(20);
	}
	deaf++;
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
	_Alignas(struct cmsghdr) unsigned char control[CMSG_SPACE(sizeof(int) * IPC_FDS_MAX)];
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

int stub_memory(const void *bytes, size_t size, int seals)
{
	int fd = memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ssize_t done = write(fd, bytes, size);

	(void)done;
	fchmod(fd, 0600);
	if (seals)
		fcntl(fd, F_ADD_SEALS, seals);
	return fd;
}

int stub_odd_fd(unsigned int kind)
{
	static const struct itimerspec never;
	sigset_t none;
	int fd;

	sigemptyset(&none);
	switch (kind) {
	case 0:
		return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	case 1:
		return open("/", O_PATH | O_CLOEXEC);
	case 2:
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	case 3:
		return dup(0);
	case 4:
		return dup(3); /* the link itself */
	case 5:
		return eventfd(0, EFD_CLOEXEC);
	case 6:
		return epoll_create1(EPOLL_CLOEXEC);
	case 7:
		fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
		timerfd_settime(fd, 0, &never, NULL);
		return fd;
	case 8:
		return signalfd(-1, &none, SFD_CLOEXEC);
	case 9:
		return stub_memory(noise, sizeof(noise), 0);
	case 10:
		return stub_memory(noise, 0,
				   F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	case 11: /* whoever mapped it before may go on writing */
		return stub_memory(noise, sizeof(noise),
				   0x10 /* F_SEAL_FUTURE_WRITE */ | F_SEAL_SHRINK | F_SEAL_GROW |
					   F_SEAL_SEAL);
	case 12: /* may still grow */
		return stub_memory(noise, sizeof(noise),
				   F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_SEAL);
	case 13: /* seals may still be added: not the agreed set */
		return stub_memory(noise, sizeof(noise),
				   F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW);
	default:
		return -1;
	}
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

/* With none, and with as many of each wrong kind as the row wants, or one where it wants none. */
static void with_odd_fds(int fd, const struct message_head *head, const struct message_def *row)
{
	int fds[IPC_FDS_MAX];
	int count = message_fd_count(row) ? (int)message_fd_count(row) : 1;

	stub_send_head(fd, *head, row->size, 0xa5);
	memcpy(noise, head, sizeof(*head));
	for (unsigned int kind = 0; kind < STUB_ODD_KINDS; kind++) {
		int odd = stub_odd_fd(kind);

		if (odd < 0)
			continue;
		for (int i = 0; i < count; i++)
			fds[i] = odd;
		stub_send(fd, noise, row->size, fds, count);
		close(odd);
	}
}

/* More descriptors than any message may bring. */
static void too_many_fds(int fd)
{
	struct message_head head = {.type = M_STORE};
	int fds[32];

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		fds[i] = fd;
	memcpy(noise, &head, sizeof(head));
	stub_send(fd, noise, sizeof(struct message_kind), fds, 32);
	stub_send(fd, noise, sizeof(struct message_kind), fds, IPC_FDS_MAX + 1);
}

/* Every message of the table in its right size, whoever may send it: most claim to come from
 * another program. */
static void nonsense_types(int fd)
{
	for (uint16_t type = 0; type < M_COUNT + 2; type++)
		for (int from = 0; from < PEER_COUNT; from++)
			for (int to = 0; to < PEER_COUNT; to++) {
				const struct message_def *row =
					message_find(type, (enum peer)from, (enum peer)to);
				struct message_head head = {.type = type,
							    .subject = SUBJECT_OF_SERVICE(0),
							    .generation = 1};

				/* Powering off is what the supervisor may do. */
				if (row && type != M_POWER)
					with_odd_fds(fd, &head, row);
			}
}

void stub_send_nonsense(int fd)
{
	static const uint16_t types[] = {0xffff, 0x8000, M_COUNT, 0};

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
	nonsense_types(fd);
	too_many_fds(fd);
}

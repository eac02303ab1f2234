#include "ipc/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

#define PIPEFS_MAGIC 0x50495045 /* linux/magic.h */
#define MEMORY_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

int channel_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds))
		return -errno;
	return 0;
}

static void attach_fds(struct msghdr *header, void *control, const int *fds, int fd_count)
{
	struct cmsghdr *part;
	size_t bytes = sizeof(int) * (size_t)fd_count;

	header->msg_control = control;
	header->msg_controllen =
		(socklen_t)CMSG_SPACE(bytes); /* socklen_t in musl, size_t in glibc */
	memset(control, 0, header->msg_controllen);
	part = CMSG_FIRSTHDR(header);
	part->cmsg_level = SOL_SOCKET;
	part->cmsg_type = SCM_RIGHTS;
	part->cmsg_len = (socklen_t)CMSG_LEN(bytes);
	memcpy(CMSG_DATA(part), fds, bytes);
}

int channel_send(const struct channel *c, const void *message, const int *fds, int fd_count)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * IPC_FDS_MAX)];
	const struct message_head *head = message;
	const struct message_def *def = message_find(head->type, c->self, c->peer);
	struct iovec part = {.iov_base = (void *)(uintptr_t)message};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t n;

	if (!def || (int)message_fd_count(def) != fd_count)
		return -EPROTO;
	if (c->fd < 0)
		return -EPIPE;
	part.iov_len = def->size;
	if (fd_count)
		attach_fds(&header, control, fds, fd_count);
	do
		n = sendmsg(c->fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

void channel_message_close(struct received *received)
{
	for (int i = 0; i < received->fd_count; i++)
		fd_close(&received->fds[i]);
	received->fd_count = 0;
}

static int check_socket(int fd, int family, int type, bool listening)
{
	int value = 0;
	socklen_t size = sizeof(value);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &size) || value != type)
		return -EBADMSG;
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &value, &size))
		return -EBADMSG;
	if (family == AF_INET ? value != AF_INET && value != AF_INET6 : value != family)
		return -EBADMSG;
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) || (value != 0) != listening)
		return -EBADMSG;
	return 0;
}

static int check_access(int fd, mode_t type, int access)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	if (fstat(fd, &st) || (st.st_mode & S_IFMT) != type)
		return -EBADMSG;
	/* O_PATH descriptors report O_RDONLY too and cannot be read: only plain ones pass. */
	if (flags < 0 || (flags & O_ACCMODE) != access || (flags & O_PATH))
		return -EBADMSG;
	return 0;
}

/*
 * pidfd_send_signal(2) with signal 0 would tell exactly, but helpers' filters have no kill of any
 * kind. A pidfd lives on the anonymous inode file system, on pidfs since 6.9 (linux/magic.h);
 * whoever uses it meets EBADF or EINVAL if it is an eventfd instead.
 */
static int check_pidfd(int fd)
{
	struct stat st;
	struct statfs fs;

	if (fstat(fd, &st) || fstatfs(fd, &fs))
		return -EBADMSG;
	if (fs.f_type == 0x09041934 /* ANON_INODE_FS_MAGIC */ ||
	    fs.f_type == 0x50494446 /* PIDFS */)
		return 0;
	return -EBADMSG;
}

static int check_mount(int fd)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	if (fstat(fd, &st) || !S_ISDIR(st.st_mode) || flags < 0 || !(flags & O_PATH))
		return -EBADMSG;
	return 0;
}

static int check_pipe(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) || fs.f_type != PIPEFS_MAGIC ? -EBADMSG : 0;
}

int channel_check_fd(int fd, enum fd_kind kind)
{
	switch (kind) {
	case FD_ANY:
		return 0;
	case FD_SOCKET:
		return check_socket(fd, AF_UNIX, SOCK_SEQPACKET, false);
	case FD_DOORBELL:
		return check_socket(fd, AF_UNIX, SOCK_DGRAM, false);
	case FD_TCP:
		return check_socket(fd, AF_INET, SOCK_STREAM, false);
	case FD_NETLINK:
		return check_socket(fd, AF_NETLINK, SOCK_RAW, false);
	case FD_LISTENER:
		return check_socket(fd, AF_UNIX, SOCK_SEQPACKET, true);
	case FD_SEALED:
		return fd_seals(fd) == (MEMORY_SEALS | F_SEAL_WRITE) ? 0 : -EBADMSG;
	case FD_MEMORY:
		return fd_seals(fd) == MEMORY_SEALS ? 0 : -EBADMSG;
	case FD_PIPE:
		return check_pipe(fd);
	case FD_PIDFD:
		return check_pidfd(fd);
	case FD_FILE:
		return check_access(fd, S_IFREG, O_RDONLY);
	case FD_OUTPUT:
		return check_access(fd, S_IFREG, O_WRONLY);
	case FD_BLOCK:
		return check_access(fd, S_IFBLK, O_RDONLY);
	case FD_MOUNT:
		return check_mount(fd);
	case FD_NONE:
	case FD_KIND_COUNT:
		break;
	}
	return -EBADMSG;
}

/* musl's CMSG_NXTHDR mixes signed and unsigned; its arithmetic is right (cmsg(3)), the warning is
 * not ours to mend. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
static struct cmsghdr *next_part(struct msghdr *header, struct cmsghdr *part)
{
	return CMSG_NXTHDR(header, part);
}
#pragma GCC diagnostic pop

/* The descriptors of one part; -EBADMSG: more than a message may bring, the rest is closed. */
static int collect_part(const struct cmsghdr *part, struct received *received)
{
	size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	int r = 0;

	for (size_t i = 0; i < count; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(fd));
		if (received->fd_count < IPC_FDS_MAX) {
			received->fds[received->fd_count++] = fd;
		} else {
			(void)close(fd);
			r = -EBADMSG;
		}
	}
	return r;
}

/* Take over every descriptor of the control data, whatever its shape, so that refusing the message
 * can close them all. */
static int collect_fds(struct msghdr *header, struct received *received)
{
	int r = 0;

	received->fd_count = 0;
	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = next_part(header, part)) {
		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS ||
		    collect_part(part, received))
			r = -EBADMSG;
	}
	return r;
}

static int check_row(const struct channel *c, struct received *received, size_t size,
		     struct err *err)
{
	uint16_t type = received->message.head.type;
	const struct message_def *def;
	unsigned int count;

	if (size < sizeof(struct message_head))
		return err_set(err, EBADMSG, "%s sent %zu bytes, less than a head",
			       peer_name(c->peer), size);
	def = message_find(type, c->peer, c->self);
	if (!def)
		return err_set(err, EBADMSG, "%s may not send message %u (%s)", peer_name(c->peer),
			       type, message_name(type));
	count = message_fd_count(def);
	if (size != def->size)
		return err_set(err, EBADMSG, "%s of %s has %zu bytes instead of %u",
			       message_name(type), peer_name(c->peer), size, def->size);
	if (received->fd_count != (int)count)
		return err_set(err, EBADMSG, "%s of %s brings %d descriptors instead of %u",
			       message_name(type), peer_name(c->peer), received->fd_count, count);
	for (int i = 0; i < received->fd_count; i++)
		if (channel_check_fd(received->fds[i], message_fd(def, (unsigned int)i)))
			return err_set(err, EBADMSG, "%s of %s: descriptor %d is of the wrong kind",
				       message_name(type), peer_name(c->peer), i);
	return 0;
}

/* An empty message reads like the end: it must not be a way to make us hang up without a word. */
static bool has_hung_up(int fd)
{
	struct pollfd end = {.fd = fd, .events = POLLRDHUP};

	return poll(&end, 1, 0) != 0;
}

int channel_receive(const struct channel *c, struct received *received, struct err *err)
{
	/* Room for exactly the most that any row allows: what is beyond is MSG_CTRUNC and refused.
	 */
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * IPC_FDS_MAX)];
	struct iovec part = {.iov_base = &received->message, .iov_len = sizeof(received->message)};
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = control,
				.msg_controllen = sizeof(control)};
	ssize_t n;
	int r;

	received->fd_count = 0;
	memset(&received->message, 0, sizeof(received->message));
	if (c->fd < 0)
		return -ECONNRESET;
	do
		n = recvmsg(c->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	r = collect_fds(&header, received);
	if (n == 0 && received->fd_count == 0 && has_hung_up(c->fd))
		return -ECONNRESET;
	if (r || (header.msg_flags & (MSG_CTRUNC | MSG_TRUNC)))
		r = err_set(err, EBADMSG, "%s sent a message of impossible form",
			    peer_name(c->peer));
	else
		r = check_row(c, received, (size_t)n, err);
	if (r)
		channel_message_close(received);
	return r;
}

int channel_wait(const struct channel *c, struct received *received, int timeout_ms,
		 struct err *err)
{
	uint64_t deadline = clock_monotonic_ms() + (uint64_t)timeout_ms;

	for (;;) {
		struct pollfd wait = {.fd = c->fd, .events = POLLIN};
		uint64_t now = clock_monotonic_ms();
		int r = channel_receive(c, received, err);

		if (r != -EAGAIN)
			return r;
		if (now >= deadline)
			return err_set(err, ETIMEDOUT, "%s gave no answer in %d ms",
				       peer_name(c->peer), timeout_ms);
		if (poll(&wait, 1, (int)(deadline - now)) < 0 && errno != EINTR)
			return -errno;
	}
}

/* links: base ipc */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "ipc/channel.h"

struct ends {
	struct channel launcher; /* towards init */
	struct channel init;     /* towards the launcher */
};

static int open_ends(void **state)
{
	static struct ends e;
	int fds[2];

	if (channel_pair(fds))
		return -1;
	e.launcher = (struct channel){fds[0], PEER_LAUNCHER, PEER_INIT};
	e.init = (struct channel){fds[1], PEER_INIT, PEER_LAUNCHER};
	*state = &e;
	return 0;
}

static int close_ends(void **state)
{
	struct ends *e = *state;

	fd_close(&e->launcher.fd);
	fd_close(&e->init.fd);
	return 0;
}

static int count_open(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Past the checks of channel_send(): what a program that was taken over can do. */
static void send_raw(const struct ends *e, const void *bytes, size_t size, const int *fds,
		     int count)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * 64)];
	struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

	if (count) {
		struct cmsghdr *cmsg;

		memset(control, 0, sizeof(control));
		header.msg_control = control;
		header.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
		cmsg = CMSG_FIRSTHDR(&header);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
		memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * (size_t)count);
	}
	assert_true(sendmsg(e->launcher.fd, &header, MSG_NOSIGNAL) >= 0);
}

/* It is refused with a reason, no descriptor stays behind, and the next good message arrives. */
static void assert_refused(struct ends *e, const void *bytes, size_t size, const int *fds,
			   int count)
{
	struct message_plain good = {.head = {.type = M_LAUNCHER_READY, .generation = 7}};
	struct received received;
	struct err err = {0};
	int before = count_open();

	send_raw(e, bytes, size, fds, count);
	assert_int_equal(channel_receive(&e->init, &received, &err), -EBADMSG);
	assert_int_equal(err.code, EBADMSG);
	assert_true(err.msg[0] != '\0');
	assert_int_equal(received.fd_count, 0);
	assert_int_equal(count_open(), before);
	assert_int_equal(channel_send(&e->launcher, &good, NULL, 0), 0);
	assert_int_equal(channel_receive(&e->init, &received, &err), 0);
	assert_int_equal(received.message.head.generation, 7);
}

static void test_round_trip(void **state)
{
	struct ends *e = *state;
	struct message_kind m = {
		.head = {.type = M_STORE, .subject = 3, .generation = 4, .request = 5},
		.kind = STORE_STDOUT};
	CLEAN_FD int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct received received;
	struct err err = {0};

	assert_int_equal(channel_receive(&e->init, &received, &err), -EAGAIN);
	assert_int_equal(channel_send(&e->launcher, &m, &fd, 1), 0);
	assert_int_equal(channel_receive(&e->init, &received, &err), 0);
	assert_int_equal(received.message.kind.kind, STORE_STDOUT);
	assert_int_equal(received.message.head.subject, 3);
	assert_int_equal(received.fd_count, 1);
	assert_true(fcntl(received.fds[0], F_GETFD) & FD_CLOEXEC);
	channel_message_close(&received);
	fd_close(&e->launcher.fd);
	assert_int_equal(channel_receive(&e->init, &received, &err), -ECONNRESET);
}

static void test_own_mistakes(void **state)
{
	struct ends *e = *state;
	struct message_plain power = {.head = {.type = M_POWER}};
	struct message_kind store = {.head = {.type = M_STORE}};

	assert_int_equal(channel_send(&e->launcher, &power, NULL, 0), -EPROTO);
	assert_int_equal(channel_send(&e->launcher, &store, NULL, 0), -EPROTO);
	fd_close(&e->init.fd);
	assert_int_equal(channel_send(&e->launcher,
				      &(struct message_plain){.head = {.type = M_LAUNCHER_READY}},
				      NULL, 0),
			 -EPIPE);
}

static void test_full_queue(void **state)
{
	struct ends *e = *state;
	struct message_plain m = {.head = {.type = M_LAUNCHER_READY}};
	int r = 0;

	for (int i = 0; i < 100000 && !r; i++)
		r = channel_send(&e->launcher, &m, NULL, 0);
	assert_int_equal(r, -EAGAIN);
}

static void test_wrong_type_and_size(void **state)
{
	struct ends *e = *state;
	union message m;

	memset(&m, 0, sizeof(m));
	assert_refused(e, &m, 0 + 1, NULL, 0);
	assert_refused(e, &m, 0, NULL, 0); /* which reads like the end */
	assert_refused(e, &m, sizeof(struct message_head) - 1, NULL, 0);
	assert_refused(e, &m, sizeof(struct message_plain), NULL, 0);
	for (uint16_t type = M_COUNT; type < M_COUNT + 3; type++) {
		m.head.type = type;
		assert_refused(e, &m, sizeof(struct message_plain), NULL, 0);
	}
	m.head.type = UINT16_MAX;
	assert_refused(e, &m, sizeof(struct message_plain), NULL, 0);
	m.head.type = M_LAUNCHER_READY;
	assert_refused(e, &m, sizeof(struct message_plain) + 1, NULL, 0);
	assert_refused(e, &m, sizeof(m), NULL, 0);
	m.head.type = M_POWER; /* legal, but not from the launcher */
	assert_refused(e, &m, sizeof(struct message_kind), NULL, 0);
	m.head.type = M_EXITED; /* nor in this direction */
	assert_refused(e, &m, sizeof(struct message_exited), NULL, 0);
}

/* A message larger than any row is cut by the kernel, which must not make it look right. */
static void test_oversized(void **state)
{
	static char bytes[sizeof(union message) * 2];
	struct ends *e = *state;
	struct message_head head = {.type = M_LAUNCHER_READY};

	memcpy(bytes, &head, sizeof(head));
	assert_refused(e, bytes, sizeof(bytes), NULL, 0);
}

static void test_descriptor_count(void **state)
{
	struct ends *e = *state;
	struct message_kind m = {.head = {.type = M_STORE}};
	CLEAN_FD int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int many[64];

	for (int i = 0; i < 64; i++)
		many[i] = fd;
	assert_refused(e, &m, sizeof(m), NULL, 0);
	assert_refused(e, &m, sizeof(m), many, 2);
	assert_refused(e, &m, sizeof(m), many, IPC_FDS_MAX);
	assert_refused(e, &m, sizeof(m), many, IPC_FDS_MAX + 1);
	assert_refused(e, &m, sizeof(m), many, 64);
	m.head.type = M_DROP;
	assert_refused(e, &m, sizeof(m), many, 1);
}

static void test_descriptor_kind(void **state)
{
	struct ends *e = *state;
	struct message_child m = {.head = {.type = M_CHILD}};
	CLEAN_FD int file = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_refused(e, &m, sizeof(m), &file, 1);
}

/* One good descriptor of each kind, and every kind that it must not pass for. */
enum sample {
	SAMPLE_SEQPACKET,
	SAMPLE_DGRAM,
	SAMPLE_STREAM,
	SAMPLE_TCP,
	SAMPLE_NETLINK,
	SAMPLE_LISTENER,
	SAMPLE_SEALED,
	SAMPLE_MEMORY,
	SAMPLE_UNSEALED,
	SAMPLE_PIPE,
	SAMPLE_PIDFD,
	SAMPLE_FILE,
	SAMPLE_FILE_RW,
	SAMPLE_DIRECTORY,
	SAMPLE_DIRECTORY_PATH,
	SAMPLE_FILE_PATH,
	SAMPLE_CHARACTER,
	SAMPLE_COUNT
};

static int make_memory(int seals)
{
	int fd = memfd_create("t", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	return fd >= 0 && fcntl(fd, F_ADD_SEALS, seals) ? -1 : fd;
}

static int make_pair(int type)
{
	int fds[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds))
		return -1;
	(void)close(fds[1]);
	return fds[0];
}

static int make_sample(enum sample sample)
{
	int fds[2];

	switch (sample) {
	case SAMPLE_SEQPACKET:
		return make_pair(SOCK_SEQPACKET);
	case SAMPLE_DGRAM:
		return make_pair(SOCK_DGRAM);
	case SAMPLE_STREAM:
		return make_pair(SOCK_STREAM);
	case SAMPLE_TCP:
		return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	case SAMPLE_NETLINK:
		return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
	case SAMPLE_LISTENER:
		fds[0] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
		return bind(fds[0], &(struct sockaddr){.sa_family = AF_UNIX},
			    sizeof(sa_family_t)) ||
				       listen(fds[0], 1)
			       ? -1
			       : fds[0];
	case SAMPLE_SEALED:
		return fd_sealed_memfd("t", "x", 1);
	case SAMPLE_MEMORY:
		return make_memory(F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	case SAMPLE_UNSEALED:
		return make_memory(F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	case SAMPLE_PIPE:
		if (pipe2(fds, O_CLOEXEC))
			return -1;
		(void)close(fds[1]);
		return fds[0];
	case SAMPLE_PIDFD:
		return (int)syscall(SYS_pidfd_open, getpid(), 0);
	case SAMPLE_FILE:
		return open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	case SAMPLE_FILE_RW:
		return open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	case SAMPLE_DIRECTORY:
		return open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	case SAMPLE_DIRECTORY_PATH:
		return open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	case SAMPLE_FILE_PATH:
		return open("/proc/self/exe", O_PATH | O_CLOEXEC);
	case SAMPLE_CHARACTER:
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	case SAMPLE_COUNT:
		break;
	}
	return -1;
}

static void test_kinds(void **state)
{
	static const struct {
		enum fd_kind kind;
		enum sample good;
	} kinds[] = {
		{FD_SOCKET, SAMPLE_SEQPACKET},
		{FD_DOORBELL, SAMPLE_DGRAM},
		{FD_TCP, SAMPLE_TCP},
		{FD_NETLINK, SAMPLE_NETLINK},
		{FD_LISTENER, SAMPLE_LISTENER},
		{FD_SEALED, SAMPLE_SEALED},
		{FD_MEMORY, SAMPLE_MEMORY},
		{FD_PIPE, SAMPLE_PIPE},
		{FD_PIDFD, SAMPLE_PIDFD},
		{FD_FILE, SAMPLE_FILE},
		{FD_MOUNT, SAMPLE_DIRECTORY_PATH},
		{FD_BLOCK, SAMPLE_COUNT},
	};

	(void)state;
	for (int sample = 0; sample < SAMPLE_COUNT; sample++) {
		CLEAN_FD int fd = make_sample((enum sample)sample);

		assert_true(fd >= 0);
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
			int expected = (int)kinds[i].good == sample ? 0 : -EBADMSG;

			if (channel_check_fd(fd, kinds[i].kind) != expected)
				fail_msg("sample %d as kind %d: not %d", sample, kinds[i].kind,
					 expected);
		}
	}
}

/* An eventfd shares its file system with pidfds on kernels before 6.9; init looks closer
 * (check_process). */
static void test_not_a_pidfd(void **state)
{
	CLEAN_FD int fd = eventfd(0, EFD_CLOEXEC);

	(void)state;
	assert_int_equal(channel_check_fd(fd, FD_SOCKET), -EBADMSG);
	assert_int_equal(channel_check_fd(fd, FD_FILE), -EBADMSG);
	assert_int_equal(channel_check_fd(-1, FD_FILE), -EBADMSG);
	assert_int_equal(channel_check_fd(fd, FD_KIND_COUNT), -EBADMSG);
}

static void test_wait(void **state)
{
	struct ends *e = *state;
	struct received received;
	struct err err = {0};

	assert_int_equal(channel_wait(&e->init, &received, 20, &err), -ETIMEDOUT);
	assert_int_equal(err.code, ETIMEDOUT);
	assert_int_equal(channel_send(&e->launcher,
				      &(struct message_plain){.head = {.type = M_LAUNCHER_READY}},
				      NULL, 0),
			 0);
	assert_int_equal(channel_wait(&e->init, &received, 1000, &err), 0);
}

/* Every row is for two different programs, fits the union, and is found by its own key. */
static void test_rows(void **state)
{
	int rows = 0;

	(void)state;
	for (uint16_t type = 0; type < M_COUNT; type++)
		for (int from = 0; from < PEER_COUNT; from++)
			for (int to = 0; to < PEER_COUNT; to++) {
				const struct message_def *def =
					message_find(type, (enum peer)from, (enum peer)to);

				if (!def)
					continue;
				rows++;
				assert_int_not_equal(from, to);
				assert_int_equal(def->type, type);
				assert_true(def->size >= sizeof(struct message_head) &&
					    def->size <= sizeof(union message));
				assert_true(message_fd_count(def) <= IPC_FDS_MAX);
			}
	assert_true(rows >= M_COUNT - 1);
}

int main(void)
{
#define WITH_ENDS(test) cmocka_unit_test_setup_teardown(test, open_ends, close_ends)
	const struct CMUnitTest tests[] = {
		WITH_ENDS(test_round_trip),         WITH_ENDS(test_own_mistakes),
		WITH_ENDS(test_full_queue),         WITH_ENDS(test_wrong_type_and_size),
		WITH_ENDS(test_oversized),          WITH_ENDS(test_descriptor_count),
		WITH_ENDS(test_descriptor_kind),    cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_not_a_pidfd), WITH_ENDS(test_wait),
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Stands for the launcher: gives descriptors 3 to 6 and its arguments to the test, then does what
 * the test says, one byte a command: c  make a child of init that waits; answers with its pid and
 * {pidfd, pipe}: a byte written to the pipe is its exit status x  the same, and it executes a
 * program (this one) first o  make an orphan: a grandchild
 * whose parent dies at once e  exit with status 3 Static, no libc state after clone: children only
 * read, and exit.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define CONTROL "/ctl/socket"

struct clone_arguments {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

static void send_with(int control, const void *bytes, size_t size, const int *fds, int count)
{
	_Alignas(struct cmsghdr) char space[CMSG_SPACE(sizeof(int) * 4)];
	struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	struct cmsghdr *cmsg;

	memset(space, 0, sizeof(space));
	header.msg_control = space;
	header.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
	cmsg = CMSG_FIRSTHDR(&header);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
	memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * (size_t)count);
	if (sendmsg(control, &header, 0) < 0)
		_exit(101);
}

static void wait_for_status(int pipe_fd) __attribute__((noreturn));
static void wait_for_status(int pipe_fd)
{
	unsigned char status = 200;

	(void)!read(pipe_fd, &status, 1);
	_exit(status);
}

static void execute(int pipe_fd)
{
	char number[2] = {(char)('0' + pipe_fd), '\0'};
	char name[] = "double";
	char *const arguments[] = {name, number, NULL};
	char *const none[] = {NULL};

	if (pipe_fd <= 9 && !fcntl(pipe_fd, F_SETFD, 0))
		(void)execve("/proc/self/exe", arguments, none);
	_exit(104);
}

static void make_child(int control, char command)
{
	int pidfd = -1;
	int pipe_fds[2];
	struct clone_arguments arguments = {.flags = CLONE_PARENT | CLONE_PIDFD,
					    .pidfd = (uint64_t)(uintptr_t)&pidfd};
	int32_t pid;
	int fds[2];

	if (pipe2(pipe_fds, O_CLOEXEC))
		_exit(102);
	pid = (int32_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
	if (pid == 0) {
		(void)close(pipe_fds[1]);
		if (command == 'x')
			execute(pipe_fds[0]);
		wait_for_status(pipe_fds[0]);
	}
	if (pid < 0)
		_exit(103);
	fds[0] = pidfd;
	fds[1] = pipe_fds[1];
	send_with(control, &pid, sizeof(pid), fds, 2);
	(void)close(pidfd);
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
}

static void make_orphan(void)
{
	if (fork() == 0) {
		if (fork() == 0) {
			(void)usleep(100000);
			_exit(9);
		}
		_exit(0);
	}
}

int main(int argc, char **argv)
{
	const int given[4] = {3, 4, 5, 6};
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = CONTROL};
	int control = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	char hello[256];
	char command;
	int n;

	if (argc == 2)
		wait_for_status(argv[1][0] - '0');
	if (control < 0 || connect(control, (struct sockaddr *)&address, sizeof(address)))
		return 100;
	n = snprintf(hello, sizeof(hello), "%s|%s|%d|%d|%d", argc > 1 ? argv[1] : "?",
		     argc > 2 ? argv[2] : "?", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
		     prctl(PR_CAPBSET_READ, 16 /* SYS_MODULE */, 0, 0, 0),
		     prctl(PR_CAPBSET_READ, 21 /* SYS_ADMIN */, 0, 0, 0));
	send_with(control, hello, (size_t)n, given, 4);
	while (read(control, &command, 1) == 1) {
		if (command == 'c' || command == 'x')
			make_child(control, command);
		else if (command == 'o')
			make_orphan();
		else if (command == 'e')
			return 3;
	}
	return 0;
}

/*
 * trigger: what a service does that the [monitor] rules watch. Without a word it ends at once: then
 * it is the program that another one runs. "all NAME...": one trigger after the other, told on
 * standard output. "squeeze N": more memory than there is, in MiB.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SELF "/bin/trigger"
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u /* linux/memfd.h since 6.3 */
#endif

static void run(const char *path, int input)
{
	char *argv[] = {(char *)(unsigned long)path, NULL};
	char *envp[] = {NULL};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (input >= 0)
			dup2(input, 0);
		execve(path, argv, envp);
		_exit(errno);
	}
	waitpid(pid, &status, 0);
	printf("status=%d\n", WEXITSTATUS(status));
}

static void copy_to(const char *path)
{
	static char bytes[65536];
	int from = open(SELF, O_RDONLY);
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);
	ssize_t n;

	while ((n = read(from, bytes, sizeof(bytes))) > 0)
		if (write(to, bytes, (size_t)n) != n)
			break;
	close(from);
	close(to);
}

static void trigger(const char *what)
{
	int pair[2];
	char *argv[] = {"x", NULL};

	if (strncmp(what, "exec:", 5) == 0) {
		run(what + 5, -1);
	} else if (strncmp(what, "open:", 5) == 0) {
		printf("errno=%d\n", open(what + 5, O_RDONLY) < 0 ? errno : 0);
	} else if (strncmp(what, "drop:", 5) == 0) {
		copy_to(what + 5);
		run(what + 5, -1);
	} else if (strcmp(what, "stdio") == 0) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0)
			run("/bin/plain", pair[0]);
	} else if (strcmp(what, "packet") == 0) {
		printf("errno=%d\n", socket(AF_PACKET, SOCK_RAW, 0) < 0 ? errno : 0);
	} else if (strcmp(what, "module") == 0) {
		printf("errno=%d\n", syscall(SYS_init_module, NULL, 0, "") < 0 ? errno : 0);
	} else if (strcmp(what, "mount") == 0) {
		printf("errno=%d\n",
		       mount("c", "/tmp", "cgroup", 0, "release_agent=/x") < 0 ? errno : 0);
	} else if (strcmp(what, "attach") == 0) {
		printf("errno=%d\n", syscall(SYS_ptrace, PTRACE_ATTACH, 1, 0, 0) < 0 ? errno : 0);
	} else if (strcmp(what, "traceme") == 0) {
		printf("errno=%d\n", syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0) < 0 ? errno : 0);
	} else if (strcmp(what, "memfd") == 0) {
		int fd = (int)syscall(SYS_memfd_create, "x", MFD_NOEXEC_SEAL);

		printf("errno=%d\n",
		       syscall(SYS_execveat, fd, "", argv, argv + 1, AT_EMPTY_PATH) < 0 ? errno
											: 0);
	} else {
		printf("unknown %s\n", what);
	}
}

/* What records are stamped with. */
static unsigned long long boot_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (unsigned long long)now.tv_sec * 1000000u + (unsigned long long)now.tv_nsec / 1000u;
}

/* More memory than memory_high, again and again: the kernel makes it wait. */
static void squeeze(size_t size)
{
	for (int turn = 0; turn < 50; turn++) {
		char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
				0);

		for (size_t i = 0; at != MAP_FAILED && i < size; i += 4096)
			at[i] = 1;
		if (at != MAP_FAILED)
			munmap(at, size);
	}
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 0;
	if (strcmp(argv[1], "all") == 0)
		for (int i = 2; i < argc; i++) {
			printf("trigger=%s at=%llu\n", argv[i], boot_us());
			fflush(stdout);
			trigger(argv[i]);
			fflush(stdout);
			/* Longer than what one event covers. */
			poll(NULL, 0, 1300);
		}
	else if (argc > 2 && strcmp(argv[1], "squeeze") == 0)
		squeeze((size_t)atol(argv[2]) << 20);
	printf("done\n");
	fflush(stdout);
	for (;;)
		pause();
}

/*
 * under FILTER PROGRAM [ARGUMENT]...: run a program under a filter as `bartizan seccomp show --bpf`
 * writes it, the way a service is: no_new_privs, and the kernel refuses what the filter refuses.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct sock_filter code[4096];

int main(int argc, char **argv)
{
	struct sock_fprog program = {.filter = code};
	ssize_t size;
	int fd;

	if (argc < 3)
		return 125;
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? -1 : read(fd, code, sizeof(code));
	if (size <= 0 || (size_t)size % sizeof(code[0]))
		return 125;
	program.len = (unsigned short)((size_t)size / sizeof(code[0]));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)) {
		perror("under");
		return 125;
	}
	execv(argv[2], argv + 2);
	perror(argv[2]);
	return 126;
}

/* getsockopt(2) without musl's second try for kernels before 5.1. */
#include <sys/socket.h>

#include "syscall.h"

int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict size)
{
	return socketcall(getsockopt, fd, level, name, value, size, 0);
}

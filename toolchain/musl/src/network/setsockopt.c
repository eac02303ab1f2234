/* setsockopt(2) without musl's second try for kernels before 5.1. */
#include <sys/socket.h>

#include "syscall.h"

int setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
	return socketcall(setsockopt, fd, level, name, value, size, 0);
}

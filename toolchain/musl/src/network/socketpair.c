/* socketpair(2), as socket.c. */
#include <sys/socket.h>

#include "syscall.h"

int socketpair(int domain, int type, int protocol, int fds[2])
{
	return socketcall(socketpair, domain, type, protocol, fds, 0, 0);
}

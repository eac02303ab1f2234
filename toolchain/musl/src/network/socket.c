/* socket(2) without musl's second try for kernels that have no SOCK_CLOEXEC (before 2.6.27). */
#include <sys/socket.h>

#include "syscall.h"

int socket(int domain, int type, int protocol)
{
	return socketcall(socket, domain, type, protocol, 0, 0, 0);
}

/* recvmsg(2) without musl's conversion of time stamps, which a kernel since 5.1 gives in the form that was asked for. */
#include <limits.h>
#include <sys/socket.h>

#include "syscall.h"

/* recvmmsg.c calls it. */
hidden void __convert_scm_timestamps(struct msghdr *, socklen_t);

void __convert_scm_timestamps(struct msghdr *message, socklen_t size)
{
	(void)message;
	(void)size;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
#if LONG_MAX > INT_MAX
	/* The kernel's lengths are 64 bits where ours are 32 and padding. */
	message->__pad1 = message->__pad2 = 0;
#endif
	return socketcall_cp(recvmsg, fd, message, flags, 0, 0, 0);
}

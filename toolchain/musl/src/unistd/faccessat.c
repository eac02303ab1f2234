/* faccessat(2) by faccessat2 (Linux 5.8), without musl's child process that answers for AT_EACCESS. */
#include <unistd.h>

#include "syscall.h"

int faccessat(int fd, const char *path, int mode, int flags)
{
	return syscall(SYS_faccessat2, fd, path, mode, flags);
}

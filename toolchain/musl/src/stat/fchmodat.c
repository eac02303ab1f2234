/* fchmodat(2) as the kernel has it: no flags.  musl's way around that goes through /proc. */
#include <errno.h>
#include <sys/stat.h>

#include "syscall.h"

int fchmodat(int fd, const char *path, mode_t mode, int flags)
{
	if (flags)
		return __syscall_ret(-EOPNOTSUPP);
	return syscall(SYS_fchmodat, fd, path, mode);
}

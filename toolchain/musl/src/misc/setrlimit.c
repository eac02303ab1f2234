/* setrlimit(2) by prlimit64 (Linux 2.6.36), without musl's older way that stops all threads. */
#include <sys/resource.h>

#include "syscall.h"

int setrlimit(int resource, const struct rlimit *limit)
{
	struct rlimit copy = *limit;

	if (copy.rlim_cur >= SYSCALL_RLIM_INFINITY)
		copy.rlim_cur = RLIM_INFINITY;
	if (copy.rlim_max >= SYSCALL_RLIM_INFINITY)
		copy.rlim_max = RLIM_INFINITY;
	return syscall(SYS_prlimit64, 0, resource, &copy, 0);
}

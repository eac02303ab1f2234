/* setgroups(2) for programs of one thread, as setxid.c. */
#define _GNU_SOURCE
#include <unistd.h>

#include "atomic.h"
#include "libc.h"
#include "syscall.h"

int setgroups(size_t count, const gid_t list[])
{
	if (libc.threads_minus_1)
		a_crash();
	return syscall(SYS_setgroups, count, list);
}

/*
 * clock_gettime(2) by the system call: no program of the device asks so often that the vDSO (1 KB to find it in every
 * program) would be felt, and Linux has had the 64-bit call everywhere since 5.1.
 */
#include <time.h>

#include "syscall.h"

#ifndef SYS_clock_gettime64
#define SYS_clock_gettime64 SYS_clock_gettime
#endif

int __clock_gettime(clockid_t clock, struct timespec *time)
{
	return syscall(SYS_clock_gettime64, clock, time);
}

weak_alias(__clock_gettime, clock_gettime);

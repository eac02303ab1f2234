/* fcntl(2) without musl's ways for kernels before 2.6.24.  F_GETOWN of a process group reads as an error. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>

#include "syscall.h"

int fcntl(int fd, int command, ...)
{
	unsigned long argument;
	va_list list;

	va_start(list, command);
	argument = va_arg(list, unsigned long);
	va_end(list);
	if (command == F_SETFL)
		argument |= O_LARGEFILE;
	return syscall_cp(SYS_fcntl, fd, command, argument);
}

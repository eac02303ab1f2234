/* ioctl(2) without musl's conversion of 32-bit times for kernels before 5.1. */
#include <stdarg.h>
#include <sys/ioctl.h>

#include "syscall.h"

int ioctl(int fd, int request, ...)
{
	void *argument;
	va_list list;

	va_start(list, request);
	argument = va_arg(list, void *);
	va_end(list);
	return syscall(SYS_ioctl, fd, request, argument);
}

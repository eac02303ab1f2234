#include "moment.h"

#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

/* When a child called execveat(2): its last moment as the launcher's code, kept in memory that both
 * share. What the call itself takes belongs to the program. */
static uint64_t *moment;

uint64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void moment_open(void)
{
	void *page = mmap(NULL, sizeof(*moment), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			  -1, 0);

	if (page != MAP_FAILED)
		moment = page;
}

uint64_t moment_ns(void)
{
	return moment ? *moment : 0;
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	long arguments[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		arguments[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_execveat && moment)
		*moment = now_ns();
	return __real_syscall(number, arguments[0], arguments[1], arguments[2], arguments[3],
			      arguments[4], arguments[5]);
}

/* fork(2) for programs of one thread: no lock of the libc can be held by another one. */
#include <unistd.h>

#include "atomic.h"
#include "libc.h"

pid_t fork(void)
{
	if (libc.threads_minus_1)
		a_crash();
	return _Fork();
}

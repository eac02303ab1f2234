/* The set*id(2) family for programs of one thread: musl's stops all threads to give each the new id. */
#include <unistd.h>

#include "atomic.h"
#include "libc.h"
#include "syscall.h"

int __setxid(int number, int id, int effective, int saved)
{
	if (libc.threads_minus_1)
		a_crash();
	return syscall(number, id, effective, saved);
}

#include "sys/process.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"

/* include/linux/sched.h: set by fork, cleared by a successful execve(2); the same in every kernel
 * since 2.6, and what acct(5) calls AFORK. */
#define PF_FORKNOEXEC    0x40u
#define FLAGS_AFTER_NAME 7

/*
 * proc_pid_stat(5): the seventh field after the name, which may contain anything but ends with the
 * last parenthesis.
 */
bool process_has_executed(int proc_fd, pid_t pid)
{
	char path[32];
	char text[512];
	const char *at;
	uint32_t flags = 0;

	(void)snprintf(path, sizeof(path), "%d/stat", pid);
	if (pid <= 0 || fd_read_file(proc_fd, path, text, sizeof(text)) < 0)
		return false;
	at = strrchr(text, ')');
	for (int i = 0; i < FLAGS_AFTER_NAME && at; i++)
		at = strchr(at + 1, ' ');
	if (!at || at[1] < '0' || at[1] > '9')
		return false;
	for (at++; *at >= '0' && *at <= '9'; at++)
		flags = flags * 10 + (uint32_t)(*at - '0');
	return !(flags & PF_FORKNOEXEC);
}

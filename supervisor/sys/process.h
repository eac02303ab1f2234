#ifndef SYS_PROCESS_H
#define SYS_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Has this process executed a program since it was cloned? @proc_fd: the root of a procfs. Also
 * told of one that has ended, until it is reaped; false when there is no such process.
 */
bool process_has_executed(int proc_fd, pid_t pid);

#endif

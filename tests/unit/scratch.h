#ifndef UNIT_SCRATCH_H
#define UNIT_SCRATCH_H

#include <sys/wait.h>
#include <unistd.h>

/* A test's directory with all that is in it; 0 when it is gone. */
static inline int scratch_remove(const char *path)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		execlp("rm", "rm", "-rf", path, (char *)NULL);
		_exit(127);
	}
	return waitpid(child, &status, 0) == child && status == 0 ? 0 : -1;
}

#endif

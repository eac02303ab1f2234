#ifndef IMAGE_CONFINE_H
#define IMAGE_CONFINE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * What reads other people's archives on the build host does so in a child that is nobody: no
 * network, no capability, no way to gain one, and no other file than what it needs. A user gets
 * that by a user namespace; root becomes the user "nobody" (65534).
 */
#define CONFINE_NOBODY 65534

struct confine {
	const char *root; /* the directory that is "/" to the child, writable; NULL: the whole file
			     system, read-only */
	bool writable;    /* @root NULL: not read-only; what nobody may write is what nobody owns */
	int input_fd;     /* its standard input; stays the caller's */
	int output_fd;    /* its standard output; -1: none */
	int (*run)(void *argument, struct err *err); /* in the child; 0 or -errno and a reason */
	void *argument;
};

struct confined {
	pid_t pid;
	int report_fd;
};

/* Start it. -errno of what cannot be applied: it then does not run. A @root must belong to
 * confine_owner(). */
int confine_start(const struct confine *c, struct confined *child, struct err *err);

/* Wait for it: its result and reason; -EIO when it died. */
int confine_wait(struct confined *child, struct err *err);

/* Make @path belong to whom a child runs as. -errno. */
int confine_own(const char *path, struct err *err);

#endif

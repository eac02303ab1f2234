#ifndef IMAGE_SPAWN_H
#define IMAGE_SPAWN_H

#include "base/err.h"

/*
 * Run a program of the build host, found in PATH, without a shell, and wait for it. Its standard
 * output is dropped, its standard error passes through. @package is named when it is not installed.
 * -ENOENT: not installed; -EIO: it failed.
 */
int spawn_run(const char *const argv[], const char *package, struct err *err);

/* Become that program, in a child. Returns -errno when it cannot. */
int spawn_exec(const char *const argv[]);

#endif

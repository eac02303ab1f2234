#ifndef SYS_LOOP_H
#define SYS_LOOP_H

#include <stdint.h>

#include "base/err.h"

#define LOOP_NODE_SIZE 32

/* The part of a file that the device shows, in bytes. */
struct loop_window {
	uint64_t offset;
	uint64_t size;
};

/*
 * Attach @window of @file_fd to a free loop device: read-only, 4096-byte sectors,
 * detached by the kernel when its last user is gone (loop(4), LOOP_CONFIGURE, 5.8). *@loop_fd keeps
 * it alive until the device mapper has it; @node gets "/dev/loopN". -errno.
 */
int loop_attach(int file_fd, const struct loop_window *window, int *loop_fd,
		char node[LOOP_NODE_SIZE], struct err *err);

#endif

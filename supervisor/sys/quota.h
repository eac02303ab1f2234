#ifndef SYS_QUOTA_H
#define SYS_QUOTA_H

#include <stdint.h>

#include "base/err.h"

/*
 * Project quota of ext4 (quotactl(2), Documentation/filesystems/ext4): what lies below a directory
 * counts for its project. The file system must have been made with the features quota and project;
 * nothing is retrofitted here.
 */

/* Turn on and prove that limits are enforced on the file system of @fd. -ENOTSUP: it has no project
 * quota. */
int quota_enable(int fd, struct err *err);

/* Give the directory @dir_fd to @project, with all that is made in it from now on; read back. */
int quota_assign(int dir_fd, uint32_t project, struct err *err);

/* At most @bytes (a multiple of 1024) and @inodes for @project on the file system of @fd; read
 * back. */
int quota_limit(int fd, uint32_t project, uint64_t bytes, uint64_t inodes, struct err *err);

#endif

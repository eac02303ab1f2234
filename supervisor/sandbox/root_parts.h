#ifndef SANDBOX_ROOT_PARTS_H
#define SANDBOX_ROOT_PARTS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "sandbox/plan.h"

/* The file systems that a sandbox's root is put together from, as detached mounts. Each returns a
 * descriptor or -errno. */

/* /dev: null zero full random urandom, links fd stdin stdout stderr; read-only, noexec, nosuid.
 * With plan->has_log a datagram socket, too: plan->log_fd. */
int root_make_dev(struct plan *plan, struct err *err);

/* A datagram socket of the caller's, bound at @name of a directory: only who sees that directory
 * reaches it, and only @uid may write there. fd or -errno. */
int root_bind(int directory_fd, const char *name, uid_t uid, gid_t gid, struct err *err);

/* Name below /dev of node number @index that everybody has, NULL past the last. */
const char *root_device_name(size_t index);

/* A service's own tmpfs: nosuid, nodev, noexec, charged to whoever writes to it. */
struct root_tmpfs {
	uint64_t size; /* bytes */
	uint32_t inodes;
	uint32_t mode;
	uid_t uid;
	gid_t gid;
};
int root_make_tmpfs(const struct root_tmpfs *t, struct err *err);

/* The root of a helper: nothing but the directories @dirs (NULL-terminated, parents first). */
int root_make_empty(const char *const *dirs, struct err *err);

/* A read-only tree that holds nothing but an empty file at @name, for a mount on it. fd or -errno.
 */
int root_make_place(const char *name, struct err *err);

/* The launcher's own procfs: attached nowhere, so no service can reach or redirect it. */
int procfs_open(struct err *err);

#endif

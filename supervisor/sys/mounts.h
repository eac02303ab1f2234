#ifndef SYS_MOUNTS_H
#define SYS_MOUNTS_H

#include <stdint.h>

#include "base/err.h"

/* Mounts by descriptor (mount API of Linux 5.2 and later): a detached mount has no path that
 * anybody could redirect, and disappears with its last descriptor. */

/* Attributes of a mount, linux/mount.h MOUNT_ATTR_*. */
#define MOUNT_RDONLY 0x01u
#define MOUNT_NOSUID 0x02u
#define MOUNT_NODEV  0x04u
#define MOUNT_NOEXEC 0x08u

/* key = value given to the file system; value NULL: a flag such as "ro". Ends with key NULL. */
struct mount_option {
	const char *key;
	const char *value;
};

/* A new detached mount of @type. Returns its descriptor or -errno with the failing option in @err.
 */
int mounts_new(const char *type, const struct mount_option *options, uint32_t attributes,
	       struct err *err);

/* A detached copy of what is mounted at @path, with @attributes set on it. Returns fd or -errno. */
int mounts_copy(const char *path, uint32_t attributes, struct err *err);

/* Attach a detached mount at @path. -errno of move_mount(2). */
int mounts_attach(int mount_fd, const char *path);

/* Set and clear attributes of one mount (mount_setattr(2), 5.12). -errno. */
int mounts_change(int mount_fd, uint32_t set, uint32_t clear);

#endif

#ifndef SYS_MOUNTS_H
#define SYS_MOUNTS_H

#include <stdint.h>

#include "base/err.h"

/* Mounts by descriptor (mount API of Linux 5.2 and later): a detached mount has no path that
 * anybody could redirect, and disappears with its last descriptor. */

/* Attributes of a mount, linux/mount.h MOUNT_ATTR_*. */
#define MOUNT_RDONLY      0x01u
#define MOUNT_NOSUID      0x02u
#define MOUNT_NODEV       0x04u
#define MOUNT_NOEXEC      0x08u
#define MOUNT_NOSYMFOLLOW 0x200000u /* since 5.14 */

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

/*
 * A detached copy of the file or directory behind @fd (O_PATH is enough) with @attributes set,
 * private: no mount travels in or out. @idmap_fd: a user namespace whose map says as whom files of
 * which id are seen (mount_setattr(2), MOUNT_ATTR_IDMAP), -1: as on disk. Returns fd or -errno.
 */
int mounts_clone(int fd, uint32_t attributes, int idmap_fd, struct err *err);

/* Attach a detached mount at @path. -errno of move_mount(2). */
int mounts_attach(int mount_fd, const char *path);

/* The same on top of what @at_fd is open on. */
int mounts_attach_to(int mount_fd, int at_fd);

/* Set and clear attributes of one mount (mount_setattr(2), 5.12). -errno. */
int mounts_change(int mount_fd, uint32_t set, uint32_t clear);

#endif

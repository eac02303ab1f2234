#include "sys/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

/* linux/mount.h cannot be included beside sys/mount.h in every libc; these are its values. */
#define FS_OPEN_CLOEXEC  0x1u
#define FS_MOUNT_CLOEXEC 0x1u
#define FS_CONFIG_FLAG   0u
#define FS_CONFIG_STRING 1u
#define FS_CONFIG_CREATE 6u
#define TREE_CLONE       1u
#define MOVE_FROM_EMPTY  0x4u
#define MOVE_TO_EMPTY    0x40u
#define ATTR_IDMAP       0x100000u
#define PROPAGATION_NONE (1u << 18) /* MS_PRIVATE */

struct mount_attributes {
	uint64_t set;
	uint64_t clear;
	uint64_t propagation;
	uint64_t userns_fd;
};

static int configure(int fs_fd, const struct mount_option *o)
{
	unsigned int command = o->value ? FS_CONFIG_STRING : FS_CONFIG_FLAG;

	return syscall(SYS_fsconfig, fs_fd, command, o->key, o->value, 0) ? -errno : 0;
}

int mounts_new(const char *type, const struct mount_option *options, uint32_t attributes,
	       struct err *err)
{
	CLEAN_FD int fs_fd = (int)syscall(SYS_fsopen, type, FS_OPEN_CLOEXEC);
	long mount_fd;

	if (fs_fd < 0)
		return err_sys(err, errno, "file system %s", type);
	for (; options && options->key; options++) {
		int r = configure(fs_fd, options);

		if (r)
			return err_sys(err, -r, "file system %s: %s=%s", type, options->key,
				       options->value ? options->value : "");
	}
	if (syscall(SYS_fsconfig, fs_fd, FS_CONFIG_CREATE, NULL, NULL, 0))
		return err_sys(err, errno, "file system %s cannot be set up", type);
	mount_fd = syscall(SYS_fsmount, fs_fd, FS_MOUNT_CLOEXEC, attributes);
	return mount_fd < 0 ? err_sys(err, errno, "file system %s cannot be mounted", type)
			    : (int)mount_fd;
}

int mounts_change(int mount_fd, uint32_t set, uint32_t clear)
{
	struct mount_attributes change = {.set = set, .clear = clear};

	if (syscall(SYS_mount_setattr, mount_fd, "", AT_EMPTY_PATH, &change, sizeof(change)))
		return -errno;
	return 0;
}

int mounts_copy(const char *path, uint32_t attributes, struct err *err)
{
	CLEAN_FD int fd =
		(int)syscall(SYS_open_tree, AT_FDCWD, path, TREE_CLONE | (unsigned int)O_CLOEXEC);
	int r;

	if (fd < 0)
		return err_sys(err, errno, "%s cannot be mounted elsewhere", path);
	r = mounts_change(fd, attributes, 0);
	return r ? err_sys(err, -r, "%s: mount attributes", path) : take_fd(&fd);
}

int mounts_clone(int fd, uint32_t attributes, int idmap_fd, struct err *err)
{
	const struct mount_attributes change = {
		.set = attributes | (idmap_fd >= 0 ? ATTR_IDMAP : 0),
		.propagation = PROPAGATION_NONE,
		.userns_fd = idmap_fd >= 0 ? (uint64_t)(unsigned int)idmap_fd : 0,
	};
	CLEAN_FD int copy_fd =
		(int)syscall(SYS_open_tree, fd, "",
			     TREE_CLONE | (unsigned int)O_CLOEXEC | (unsigned int)AT_EMPTY_PATH);

	if (copy_fd < 0)
		return err_sys(err, errno, "cannot be mounted elsewhere");
	if (syscall(SYS_mount_setattr, copy_fd, "", AT_EMPTY_PATH, &change, sizeof(change)))
		return err_sys(err, errno, "mount attributes");
	return take_fd(&copy_fd);
}

int mounts_attach(int mount_fd, const char *path)
{
	return syscall(SYS_move_mount, mount_fd, "", AT_FDCWD, path, MOVE_FROM_EMPTY) ? -errno : 0;
}

int mounts_attach_to(int mount_fd, int at_fd)
{
	return syscall(SYS_move_mount, mount_fd, "", at_fd, "", MOVE_FROM_EMPTY | MOVE_TO_EMPTY)
		       ? -errno
		       : 0;
}

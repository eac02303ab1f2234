/* The mount table: what a sandbox is made of must not be changed from inside. */
#include "escape.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* The next attack finds /tmp as it was. */
static bool mounted(const char *source, const char *type, unsigned long flags)
{
	if (CALL(mount, A(source), A("/tmp"), A(type), (long)flags, 0))
		return false;
	(void)umount2("/tmp", MNT_DETACH);
	return true;
}

static bool mount_tmpfs(void)
{
	return mounted("none", "tmpfs", 0);
}

/* The read-only flags of a mount, then the file system under it. */
static bool remount_writable(void)
{
	if (CALL(mount, 0, A("/dev"), 0, MS_REMOUNT | MS_BIND, 0))
		return false;
	return tried("open", SYS_openat,
		     open("/dev/escape", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) >= 0;
}

static bool bind_over(void)
{
	return mounted("/dev", NULL, MS_BIND);
}

/* Makes changes of the host's mounts arrive here, and the other way round. */
static bool make_shared(void)
{
	return CALL(mount, 0, A("/"), 0, MS_REC | MS_SHARED, 0) == 0;
}

static bool unmount(void)
{
	return CALL(umount2, A("/dev"), MNT_DETACH) == 0;
}

static bool pivot(void)
{
	/* The root of a mount namespace cannot be left by pivot_root(2): first to another root. */
	(void)mkdir("/tmp/new", 0700);
	(void)!syscall(SYS_mount, "none", "/tmp/new", "tmpfs", 0, 0);
	(void)!chroot("/tmp/new");
	(void)!chdir("/");
	(void)mkdir("/next", 0700);
	(void)!syscall(SYS_mount, "none", "/next", "tmpfs", 0, 0);
	(void)mkdir("/next/old", 0700);
	return CALL(pivot_root, A("/next"), A("/next/old")) == 0;
}

static bool context_mount(void)
{
	long fs = CALL(fsopen, A("tmpfs"), 0);

	if (fs < 0 || CALL(fsconfig, fs, 6 /* create */, 0, 0, 0) < 0)
		return false;
	return CALL(fsmount, fs, 0, 0) >= 0;
}

static bool pick_context(void)
{
	return CALL(fspick, AT_FDCWD, A("/tmp"), 0) >= 0;
}

#define TREE_CLONE 1

static bool clone_tree(void)
{
	return CALL(open_tree, AT_FDCWD, A("/"), TREE_CLONE) >= 0;
}

static bool move_tree(void)
{
	long tree = syscall(SYS_open_tree, AT_FDCWD, "/dev", TREE_CLONE);

	if (CALL(move_mount, tree, A(""), AT_FDCWD, A("/tmp"), 4 /* from an empty path */))
		return false;
	(void)umount2("/tmp", MNT_DETACH);
	return true;
}

static bool set_attributes(void)
{
	/* attr_clr = MOUNT_ATTR_RDONLY */
	const uint64_t change[4] = {0, 1, 0, 0};

	return CALL(mount_setattr, AT_FDCWD, A("/dev"), 0, A(change), sizeof(change)) == 0;
}

/* chroot(2) below the working directory, then up past the root. */
static bool double_chroot(void)
{
	(void)mkdir("/tmp/jail", 0700);
	if (CALL(chroot, A("/tmp/jail")))
		return false;
	for (int i = 0; i < 8; i++)
		(void)!chdir("..");
	return CALL(chroot, A(".")) == 0;
}

static bool mount_sysfs(void)
{
	return mounted("none", "sysfs", 0);
}

static bool mount_proc(void)
{
	return mounted("none", "proc", 0);
}

static bool mount_cgroup2(void)
{
	return mounted("none", "cgroup2", 0);
}

/* The kernel runs release_agent as root of the host when a version 1 hierarchy empties. */
static bool release_agent(void)
{
	const char *name = "/tmp/release_agent";
	bool out;
	int fd;

	if (CALL(mount, A("none"), A("/tmp"), A("cgroup"), 0, A("none,name=escape")))
		return false;
	fd = (int)tried("open", SYS_openat, open(name, O_WRONLY | O_CLOEXEC));
	out = fd >= 0 && tried("write", SYS_write, write(fd, "/bin/escape", 11)) == 11;
	if (fd >= 0)
		close(fd);
	/* Another hierarchy would show in everybody's /proc/PID/cgroup. */
	(void)umount2("/tmp", 0);
	return out;
}

const struct attack mount_attacks[] = {
	{"mount-tmpfs", mount_tmpfs},
	{"mount-remount", remount_writable},
	{"mount-bind", bind_over},
	{"mount-shared", make_shared},
	{"umount", unmount},
	{"pivot-root", pivot},
	{"fsopen", context_mount},
	{"fspick", pick_context},
	{"open-tree", clone_tree},
	{"move-mount", move_tree},
	{"mount-setattr", set_attributes},
	{"double-chroot", double_chroot},
	{"mount-sysfs", mount_sysfs},
	{"mount-proc", mount_proc},
	{"mount-cgroup", mount_cgroup2},
	{"release-agent", release_agent},
	{0},
};

#include "sandbox/root_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "sys/mounts.h"

/* Documentation/admin-guide/devices.txt: memory devices are character major 1, tty is 5:0. */
static const struct device {
	const char *name;
	unsigned int major;
	unsigned int minor;
} devices[] = {{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
	       {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};

static const struct link {
	const char *name;
	const char *target;
} links[] = {
	{"fd", "/proc/self/fd"},
	{"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"},
};

const char *root_device_name(size_t index)
{
	return index < ARRAY_SIZE(devices) ? devices[index].name : NULL;
}

static int populate_dev(int dir, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		const struct device *d = &devices[i];

		/* fchmodat: the mode of mknod(2) is subject to the umask. */
		if (mknodat(dir, d->name, S_IFCHR | 0666, makedev(d->major, d->minor)) ||
		    fchmodat(dir, d->name, 0666, 0))
			return err_sys(err, errno, "/dev/%s", d->name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (symlinkat(links[i].target, dir, links[i].name))
			return err_sys(err, errno, "/dev/%s", links[i].name);
	return 0;
}

/* "dri/card0": the directories on the way. */
static int make_parents(int dir, const char *name, struct err *err)
{
	char path[POLICY_PATH_SIZE];

	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		str_join(path, sizeof(path), name, "", "");
		path[slash - name] = '\0';
		if (mkdirat(dir, path, 0755) && errno != EEXIST)
			return err_sys(err, errno, "directory %s", path);
	}
	return 0;
}

/* The service's own nodes; whether they may be opened is said by the filter of devices too. */
static int add_device(int dir, const struct plan *plan, const struct plan_device *d,
		      struct err *err)
{
	int r = make_parents(dir, d->name, err);

	if (r)
		return r;
	if (mknodat(dir, d->name, S_IFCHR | 0600, d->number) ||
	    fchmodat(dir, d->name, d->write ? 0600 : 0400, 0) ||
	    fchownat(dir, d->name, plan->uid, plan->gid, AT_SYMLINK_NOFOLLOW))
		return err_sys(err, errno, "/dev/%s", d->name);
	return 0;
}

int root_bind(int directory_fd, const char *name, uid_t uid, gid_t gid, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	CLEAN_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool bound;

	str_join(address.sun_path, sizeof(address.sun_path), name, "", "");
	if (fd < 0 || fchdir(directory_fd))
		return err_sys(err, errno, "socket %s", name);
	bound = bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
	if (chdir("/"))
		return err_sys(err, errno, "/");
	if (!bound || fchownat(directory_fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) ||
	    fchmodat(directory_fd, name, 0600, 0))
		return err_sys(err, errno, "socket %s", name);
	return take_fd(&fd);
}

int root_make_dev(struct plan *plan, struct err *err)
{
	static const struct mount_option options[] = {
		{"size", "4k"}, {"nr_inodes", "64"}, {"mode", "0755"}, {NULL, NULL}};
	CLEAN_FD int fd = mounts_new("tmpfs", options, MOUNT_NOSUID | MOUNT_NOEXEC, err);
	int r;

	if (fd < 0)
		return fd;
	r = populate_dev(fd, err);
	if (!r && plan->has_shm && mkdirat(fd, "shm", 0755))
		r = err_sys(err, errno, "/dev/shm");
	for (unsigned int i = 0; !r && i < plan->device_count; i++)
		r = add_device(fd, plan, &plan->devices[i], err);
	if (!r && plan->has_log) {
		plan->log_fd = root_bind(fd, "log", plan->uid, plan->gid, err);
		r = plan->log_fd < 0 ? plan->log_fd : 0;
	}
	if (r)
		return r;
	r = mounts_change(fd, MOUNT_RDONLY, 0);
	return r ? err_sys(err, -r, "/dev cannot be made read-only") : take_fd(&fd);
}

int root_make_tmpfs(const struct root_tmpfs *t, struct err *err)
{
	char size[24];
	char inodes[16];
	char mode[16];
	char user[16];
	char group[16];
	const struct mount_option options[] = {{"size", size}, {"nr_inodes", inodes},
					       {"mode", mode}, {"uid", user},
					       {"gid", group}, {NULL, NULL}};

	(void)snprintf(size, sizeof(size), "%llu", (unsigned long long)t->size);
	(void)snprintf(inodes, sizeof(inodes), "%u", t->inodes);
	(void)snprintf(mode, sizeof(mode), "%o", t->mode);
	(void)snprintf(user, sizeof(user), "%u", t->uid);
	(void)snprintf(group, sizeof(group), "%u", t->gid);
	return mounts_new("tmpfs", options, MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC, err);
}

int root_make_empty(const char *const *dirs, struct err *err)
{
	static const struct mount_option options[] = {
		{"size", "4k"}, {"nr_inodes", "32"}, {"mode", "0755"}, {NULL, NULL}};
	CLEAN_FD int fd =
		mounts_new("tmpfs", options, MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC, err);
	int r;

	if (fd < 0)
		return fd;
	for (; dirs && *dirs; dirs++)
		if (mkdirat(fd, *dirs, 0755))
			return err_sys(err, errno, "directory %s of an empty root", *dirs);
	r = mounts_change(fd, MOUNT_RDONLY, 0);
	return r ? err_sys(err, -r, "an empty root cannot be made read-only") : take_fd(&fd);
}

int root_make_place(const char *name, struct err *err)
{
	static const struct mount_option options[] = {
		{"size", "4k"}, {"nr_inodes", "32"}, {"mode", "0755"}, {NULL, NULL}};
	CLEAN_FD int fd =
		mounts_new("tmpfs", options, MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC, err);
	int r;

	if (fd < 0)
		return fd;
	r = make_parents(fd, name, err);
	if (!r && mknodat(fd, name, S_IFREG | 0444, 0))
		r = err_sys(err, errno, "%s", name);
	if (r)
		return r;
	r = mounts_change(fd, MOUNT_RDONLY, 0);
	return r ? err_sys(err, -r, "%s cannot be made read-only", name) : take_fd(&fd);
}

int procfs_open(struct err *err)
{
	return mounts_new("proc", NULL, MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC, err);
}

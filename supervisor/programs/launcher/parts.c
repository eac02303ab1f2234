#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "programs/launcher/launcher.h"
#include "sandbox/root_parts.h"
#include "sys/mounts.h"

/* What only some services have: /dev/shm, one attribute of /sys, a way to say that they are ready.
 */

#define SAFE         (MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC)
#define SYS          "/sys"
#define NOTIFY       "/run/notify"
#define NOTIFY_NAME  "socket"
#define SHM_INODES   4096
#define SYSFS_LENGTH (sizeof(SYS) - 1)

static int add_shm(const struct service *s, struct plan *plan, struct err *err)
{
	const struct root_tmpfs shm = {.size = s->policy.shm_size,
				       .inodes = SHM_INODES,
				       .mode = 0700,
				       .uid = plan->uid,
				       .gid = plan->gid};
	int fd;

	if (!shm.size)
		return 0;
	fd = plan->described ? -1 : root_make_tmpfs(&shm, err);
	if (fd < 0 && !plan->described)
		return fd;
	watch_outside(fd);
	(void)start_mount(plan, fd, "/dev/shm", SAFE, "tmpfs");
	return 0;
}

/* The attribute, through sysfs's own links, of sysfs and nothing that is mounted in it. fd or
 * -errno. */
static int open_attribute(const char *name, struct err *err)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
	};
	CLEAN_FD int sys_fd = open(SYS, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEAN_FD int fd = -1;
	struct statfs fs;
	struct stat st;

	if (sys_fd < 0)
		return err_sys(err, errno, SYS);
	fd = (int)syscall(SYS_openat2, sys_fd, name, &how, sizeof(how));
	if (fd < 0) {
		(void)err_sys(err, errno, "sysfs = %s", name);
		return err_hint(err, "this kernel on this board has no such attribute");
	}
	if (fstat(fd, &st) || fstatfs(fd, &fs))
		return err_sys(err, errno, "sysfs = %s", name);
	if (!S_ISREG(st.st_mode) || fs.f_type != SYSFS_MAGIC) {
		(void)err_set(err, EACCES, "sysfs = %s is not an attribute", name);
		return err_hint(err, "directories are not granted: name one file");
	}
	return take_fd(&fd);
}

/* Where it lies behind the links, below /sys: what mountinfo will show. */
static int attribute_root(int fd, char *root, size_t size, struct err *err)
{
	char link[32];
	char path[POLICY_PATH_SIZE + SYSFS_LENGTH];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "self/fd/%d", fd);
	n = readlinkat(launcher.proc_fd, link, path, sizeof(path) - 1);
	if (n < 0)
		return err_sys(err, errno, "sysfs");
	path[n] = '\0';
	if (!str_starts(path, SYS "/") || str_copy(root, size, path + SYSFS_LENGTH))
		return err_set(err, ENAMETOOLONG, "sysfs: %s is not an attribute with a short path",
			       path);
	return 0;
}

static int add_sysfs(const struct service *s, struct plan *plan, struct err *err)
{
	const char *name = s->policy.sysfs;
	char path[POLICY_PATH_SIZE];
	char root[POLICY_PATH_SIZE];
	CLEAN_FD int attribute_fd = -1;
	int copy_fd;
	int tree_fd;
	int r;

	if (!*name)
		return 0;
	attribute_fd = open_attribute(name, err);
	if (attribute_fd < 0)
		return attribute_fd;
	r = attribute_root(attribute_fd, root, sizeof(root), err);
	if (r)
		return r;
	tree_fd = plan->described ? -1 : root_make_place(name, err);
	if (tree_fd < 0 && !plan->described)
		return tree_fd;
	(void)start_mount(plan, tree_fd, SYS, SAFE | MOUNT_RDONLY, "tmpfs");
	copy_fd = plan->described ? -1 : mounts_clone(attribute_fd, SAFE | MOUNT_RDONLY, -1, err);
	if (copy_fd < 0 && !plan->described)
		return copy_fd;
	str_join(path, sizeof(path), SYS "/", name, "");
	r = str_copy(start_mount(plan, copy_fd, path, SAFE | MOUNT_RDONLY, "sysfs")->root,
		     POLICY_PATH_SIZE, root);
	return r ? err_set(err, ENAMETOOLONG, "sysfs = %s", name) : 0;
}

static int add_variable(struct plan *plan, struct err *err)
{
	static char variable[] = "NOTIFY_SOCKET=" NOTIFY "/" NOTIFY_NAME;
	unsigned int count = 0;

	while (plan->envp[count])
		count++;
	if (count + 1 >= PLAN_ARGS_MAX)
		return err_set(err, E2BIG, "more than %d variables", PLAN_ARGS_MAX - 2);
	plan->envp[count] = variable;
	plan->envp[count + 1] = NULL;
	return 0;
}

/* ready = notify: the datagram socket of sd_notify(3). */
static int add_notify(struct service *s, struct plan *plan, struct err *err)
{
	const struct root_tmpfs place = {.size = 4096, .inodes = 4, .mode = 0555};
	CLEAN_FD int fd = root_make_tmpfs(&place, err);
	int r;

	if (fd < 0)
		return fd;
	s->ready_fd = root_bind(fd, NOTIFY_NAME, plan->uid, plan->gid, err);
	if (s->ready_fd < 0)
		return -err->code;
	r = mounts_change(fd, MOUNT_RDONLY, 0);
	if (r)
		return err_sys(err, -r, NOTIFY);
	(void)start_mount(plan, take_fd(&fd), NOTIFY, SAFE | MOUNT_RDONLY, "tmpfs");
	return add_variable(plan, err);
}

/* ready = fd:N: a socket, so that who listens can hang up on a writer that goes on for ever. */
static int add_number(struct service *s, struct plan *plan, struct err *err)
{
	unsigned int index = s->policy.ready_fd - 3u;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair))
		return err_sys(err, errno, "ready = fd:%u", s->policy.ready_fd);
	for (unsigned int i = 0; i < index; i++)
		plan->fds[i] = -1;
	plan->fds[index] = pair[1];
	plan->fd_count = index + 1;
	s->ready_fd = pair[0];
	return 0;
}

int parts_add(struct service *s, struct plan *plan, struct err *err)
{
	int r = add_shm(s, plan, err);

	r = r ? r : add_sysfs(s, plan, err);
	if (r)
		return r;
	/* The life that runs keeps the socket it has. */
	if (plan->described) {
		if (s->policy.ready == READY_NOTIFY)
			(void)start_mount(plan, -1, NOTIFY, SAFE | MOUNT_RDONLY, "tmpfs");
		return 0;
	}
	parts_forget_ready(s);
	if (s->policy.ready == READY_NOTIFY)
		r = add_notify(s, plan, err);
	else if (s->policy.ready == READY_FD)
		r = add_number(s, plan, err);
	if (!r && s->ready_fd >= 0)
		init_store(s->slot, STORE_READY, s->ready_fd);
	return r;
}

/* The service's end: it has it now, or never will. */
void parts_close(struct plan *plan)
{
	for (unsigned int i = 0; i < plan->fd_count; i++)
		fd_close(&plan->fds[i]);
}

void parts_forget_ready(struct service *s)
{
	if (s->ready_fd < 0)
		return;
	fd_close(&s->ready_fd);
	init_drop(s->slot, STORE_READY);
}

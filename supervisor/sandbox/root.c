#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "sandbox/child.h"
#include "sandbox/step.h"
#include "sys/mounts.h"

#define ROOT_FLAGS (ST_RDONLY | ST_NOSUID | ST_NODEV)
#define JOINED     (CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

static int enter(struct err *err)
{
	/* pivot_root(".", "."): the old root ends up on top of the new one and is unmounted at
	 * once; pivot_root(2), notes. */
	if (syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
		return err_sys(err, errno, "the root cannot be entered");
	return 0;
}

int root_make_template(struct plan *p, struct err *err)
{
	int r;

	/* Nothing done here may travel back to the launcher's mounts. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return err_sys(err, errno, "mounts cannot be made private");
	r = mounts_attach(p->root_fd, SANDBOX_ROOT);
	if (r)
		return err_sys(err, -r, "the image cannot be attached");
	if (chdir(SANDBOX_ROOT))
		return err_sys(err, errno, "the image's root");
	r = mounts_attach_all(p, true, err);
	return r ? r : enter(err);
}

int step_root_apply(struct plan *p, struct err *err)
{
	int r = 0;

	if (p->pool.mounts_fd < 0)
		r = root_make_template(p, err);
	/* Entering makes its root the root and the directory of this process; the copy, not the
	 * template, gets what belongs to this life. */
	else if (setns(p->pool.mounts_fd, CLONE_NEWNS) || unshare(CLONE_NEWNS))
		r = err_sys(err, errno, "the prepared root cannot be entered");
	if (!r && chdir("/"))
		r = err_sys(err, errno, "/");
	return r;
}

int step_program_apply(struct plan *p, struct err *err)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	CLEAN_FD int root_fd = -1;
	CLEAN_FD int fd = -1;
	struct stat st;

	if (!p->program)
		return 0;
	if (fstat(p->exec_fd, &st))
		return err_sys(err, errno, "%s", p->program);
	p->program_device = st.st_dev;
	p->program_inode = st.st_ino;
	root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return err_sys(err, errno, "/");
	fd = (int)syscall(SYS_openat2, root_fd, p->program, &how, sizeof(how));
	if (fd < 0)
		return err_sys(err, errno, "%s", p->program);
	if (dup3(fd, p->exec_fd, O_CLOEXEC) < 0)
		return err_sys(err, errno, "%s", p->program);
	return 0;
}

int step_program_prove(const struct plan *p, struct err *err)
{
	struct stat st = {0};
	struct statvfs fs = {0};

	if (!p->program)
		return 0;
	if (fstat(p->exec_fd, &st) || !S_ISREG(st.st_mode) || st.st_dev != p->program_device ||
	    st.st_ino != p->program_inode)
		return err_set(err, EPERM, "%s is another file in the new root", p->program);
	/* Through the new root: its mount is as restricted as the rest of it. */
	if (fstatvfs(p->exec_fd, &fs) || (fs.f_flag & ROOT_FLAGS) != ROOT_FLAGS)
		return err_set(err, EPERM, "%s is not read-only, nosuid, nodev", p->program);
	return 0;
}

int step_root_prove(const struct plan *p, struct err *err)
{
	struct statvfs fs = {0};
	CLEAN_FD int fd = -1;

	(void)p;
	if (statvfs("/", &fs))
		return err_sys(err, errno, "/");
	if ((fs.f_flag & ROOT_FLAGS) != ROOT_FLAGS)
		return err_set(err, EPERM, "/ is not read-only, nosuid, nodev");
	/* As root of the initial user namespace, so that no file mode can be the reason. */
	fd = open("/.proof", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0 || errno != EROFS)
		return err_set(err, EPERM, "/ can be written");
	return 0;
}

int step_join_apply(struct plan *p, struct err *err)
{
	if (setns(p->join_pidfd, JOINED))
		return err_sys(err, errno, "the service's namespaces cannot be joined");
	return chdir("/") ? err_sys(err, errno, "/") : 0;
}

/* attest.c compares every namespace link from outside; here only that the root changed. */
int step_join_prove(const struct plan *p, struct err *err)
{
	return step_root_prove(p, err);
}

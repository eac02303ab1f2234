#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "sandbox/step.h"
#include "sys/mounts.h"

#ifndef ST_NOSYMFOLLOW
#define ST_NOSYMFOLLOW 0x2000 /* linux/statfs.h, 5.10 */
#endif

/* The image is read-only and verified, so its directories are what the signer made them; a link on
 * the way is refused all the same. */
int mounts_open_point(const struct plan_mount *m, struct err *err)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	/* The working directory is the new root. */
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, m->path + 1, &how, sizeof(how));

	return fd < 0 ? err_sys(err, errno, "mount point %s", m->path) : fd;
}

/* Procfs belongs to the pid namespace of who makes it, so the child does. subset=pid: no masks are
 * needed, and the whole class of masked-path escapes is gone (sandbox.md). */
static int make_proc(const struct plan_mount *m, struct err *err)
{
	static const struct mount_option options[] = {
		{"subset", "pid"}, {"hidepid", "invisible"}, {NULL, NULL}};

	return mounts_new("proc", options, m->attributes, err);
}

static int attach(struct plan_mount *m, struct err *err)
{
	CLEAN_FD int point_fd = mounts_open_point(m, err);
	int r;

	/* Kept like those that the launcher made: what is proven and what gets a rule is this one.
	 */
	if (m->fd < 0)
		m->fd = make_proc(m, err);
	if (m->fd < 0 || point_fd < 0)
		return -err->code;
	r = mounts_attach_to(m->fd, point_fd);
	return r ? err_sys(err, -r, "%s cannot be mounted", m->path) : 0;
}

int mounts_attach_all(struct plan *p, bool pooled, struct err *err)
{
	int r = 0;

	for (unsigned int i = 0; i < p->mount_count && !r; i++)
		if (p->mounts[i].pooled == pooled)
			r = attach(&p->mounts[i], err);
	return r;
}

int step_mounts_apply(struct plan *p, struct err *err)
{
	return mounts_attach_all(p, false, err);
}

static int prove_flags(const struct plan_mount *m, int fd, struct err *err)
{
	static const struct {
		uint32_t attribute;
		unsigned long flag;
	} flags[] = {{MOUNT_RDONLY, ST_RDONLY},
		     {MOUNT_NOSUID, ST_NOSUID},
		     {MOUNT_NODEV, ST_NODEV},
		     {MOUNT_NOEXEC, ST_NOEXEC},
		     {MOUNT_NOSYMFOLLOW, ST_NOSYMFOLLOW}};
	struct statvfs fs;

	if (fstatvfs(fd, &fs))
		return err_sys(err, errno, "%s", m->path);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if ((m->attributes & flags[i].attribute) && !(fs.f_flag & flags[i].flag))
			return err_set(err, EPERM, "%s lacks mount flag %lx", m->path,
				       flags[i].flag);
	return 0;
}

/* What is seen at the path is what the launcher opened, and a read-only one refuses even root. */
static int prove_one(const struct plan_mount *m, struct err *err)
{
	CLEAN_FD int fd = mounts_open_point(m, err);
	struct stat seen;
	struct stat wanted;

	if (fd < 0)
		return fd;
	if (m->fd >= 0) {
		if (fstat(fd, &seen) || fstat(m->fd, &wanted))
			return err_sys(err, errno, "%s", m->path);
		if (seen.st_dev != wanted.st_dev || seen.st_ino != wanted.st_ino)
			return err_set(err, EPERM, "%s is not what was mounted there", m->path);
	}
	if ((m->attributes & MOUNT_RDONLY) &&
	    (faccessat(AT_FDCWD, m->path, W_OK, 0) == 0 || errno != EROFS))
		return err_set(err, EPERM, "%s can be written", m->path);
	return prove_flags(m, fd, err);
}

int step_mounts_prove(const struct plan *p, struct err *err)
{
	int r = 0;

	for (unsigned int i = 0; i < p->mount_count && !r; i++)
		r = prove_one(&p->mounts[i], err);
	return r;
}

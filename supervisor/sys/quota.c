#include "sys/quota.h"

#include <errno.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <sys/syscall.h>
#include <unistd.h>

/* By descriptor (quotactl_fd(2), 5.14): no path to the block device is needed. */
static int control(int fd, unsigned int command, uint32_t id, void *data)
{
	return syscall(SYS_quotactl_fd, fd, QCMD(command, PRJQUOTA), id, data) ? -errno : 0;
}

/* ioctl(2) itself: the libraries disagree on the type of the request. */
static int attributes_of(int fd, unsigned long request, struct fsxattr *attributes)
{
	return syscall(SYS_ioctl, fd, request, attributes) ? -errno : 0;
}

int quota_enable(int fd, struct err *err)
{
	struct fs_quota_stat found = {.qs_version = FS_QSTAT_VERSION};
	int r;

	/* With the feature the usage is counted from the mount on, and this turns the limits on;
	 * on already is an error that the question below answers. */
	(void)control(fd, Q_QUOTAON, 0, NULL);
	r = control(fd, Q_XGETQSTAT, 0, &found);
	if (!r && (found.qs_flags & FS_QUOTA_PDQ_ENFD))
		return 0;
	(void)err_set(err, ENOTSUP, "the state file system has no project quota");
	return err_hint(err, "make it with mkfs.ext4 -O quota,project -E quotatype=prjquota");
}

int quota_assign(int dir_fd, uint32_t project, struct err *err)
{
	struct fsxattr attributes = {0};
	int r = attributes_of(dir_fd, FS_IOC_FSGETXATTR, &attributes);

	attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
	attributes.fsx_projid = project;
	r = r ? r : attributes_of(dir_fd, FS_IOC_FSSETXATTR, &attributes);
	r = r ? r : attributes_of(dir_fd, FS_IOC_FSGETXATTR, &attributes);
	if (r)
		return err_sys(err, -r, "project of a directory");
	if (attributes.fsx_projid != project || !(attributes.fsx_xflags & FS_XFLAG_PROJINHERIT))
		return err_set(err, EPERM, "the project of a directory does not read back");
	return 0;
}

int quota_limit(int fd, uint32_t project, uint64_t bytes, uint64_t inodes, struct err *err)
{
	struct if_dqblk limits = {
		.dqb_bhardlimit = bytes / 1024,
		.dqb_bsoftlimit = bytes / 1024,
		.dqb_ihardlimit = inodes,
		.dqb_isoftlimit = inodes,
		.dqb_valid = QIF_LIMITS,
	};
	struct if_dqblk found = {.dqb_valid = 0};
	int r = control(fd, Q_SETQUOTA, project, &limits);

	r = r ? r : control(fd, Q_GETQUOTA, project, &found);
	if (r)
		return err_sys(err, -r, "project quota");
	if (found.dqb_bhardlimit != limits.dqb_bhardlimit || found.dqb_ihardlimit != inodes)
		return err_set(err, EPERM, "project quota does not read back");
	return 0;
}

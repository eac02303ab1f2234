/* fstatat(2) on armv7 by statx(2) (Linux 4.11), whose times have 64 bits; musl's older way beside it is not here. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "syscall.h"

#define COPY_TIME(to, from) (to.tv_sec = from.tv_sec, to.tv_nsec = from.tv_nsec)

int __fstatat(int fd, const char *restrict path, struct stat *restrict st, int flags)
{
	struct statx x;
	long result = __syscall(SYS_statx, fd, path, flags | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &x);

	if (result)
		return __syscall_ret(result);
	memset(st, 0, sizeof(*st));
	st->st_dev = makedev(x.stx_dev_major, x.stx_dev_minor);
	st->st_ino = x.stx_ino;
	st->st_mode = x.stx_mode;
	st->st_nlink = x.stx_nlink;
	st->st_uid = x.stx_uid;
	st->st_gid = x.stx_gid;
	st->st_rdev = makedev(x.stx_rdev_major, x.stx_rdev_minor);
	st->st_size = x.stx_size;
	st->st_blksize = x.stx_blksize;
	st->st_blocks = x.stx_blocks;
	COPY_TIME(st->st_atim, x.stx_atime);
	COPY_TIME(st->st_mtim, x.stx_mtime);
	COPY_TIME(st->st_ctim, x.stx_ctime);
	return 0;
}

weak_alias(__fstatat, fstatat);

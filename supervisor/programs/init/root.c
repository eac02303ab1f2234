#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "boot.h"
#include "directory.h"
#include "generated/autoconf.h"

/*
 * An initramfs is a writable file system that can be neither unmounted nor left by pivot_root(2):
 * its files move into a tmpfs of fixed size, which becomes the root, can be remounted read-only,
 * and is all that a chroot or ".." can ever find.
 */
#define NEW_ROOT  "/.root"
#define NEW_NAME  ".root"
#define DEPTH_MAX 12
#define COPY_ONCE (1u << 20)

struct level {
	struct directory from;
	int to_fd;
	char name[NAME_MAX + 1]; /* of this directory in the one above */
};

/* One directory per level instead of recursion. */
struct walk {
	struct level levels[DEPTH_MAX];
	int depth;
	dev_t device; /* of the old root: what is on another one is mounted there */
};

static struct walk walk; /* 14 KiB: too much for the stack */

static int copy_attributes(int to_fd, const char *name, const struct stat *st)
{
	if (fchownat(to_fd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (!S_ISLNK(st->st_mode) && fchmodat(to_fd, name, st->st_mode & 07777, 0))
		return -errno;
	return 0;
}

static int copy_file(const struct level *l, const char *name, const struct stat *st)
{
	CLEAN_FD int from = openat(l->from.fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	CLEAN_FD int to = openat(l->to_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t n;

	if (from < 0 || to < 0)
		return -errno;
	do
		n = sendfile(to, from, NULL, COPY_ONCE);
	while (n > 0);
	return n < 0 ? -errno : copy_attributes(l->to_fd, name, st);
}

static int copy_link(const struct level *l, const char *name, const struct stat *st)
{
	char target[256];
	ssize_t n = readlinkat(l->from.fd, name, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	if (symlinkat(target, l->to_fd, name))
		return -errno;
	return copy_attributes(l->to_fd, name, st);
}

/* What is mounted on the old root moves along; that is only looked for at the top. */
static int move_mount_point(const char *name)
{
	char from[NAME_MAX + 2];
	char to[NAME_MAX + 16];

	str_join(from, sizeof(from), "/", name, "");
	str_join(to, sizeof(to), NEW_ROOT "/", name, "");
	return mount(from, to, NULL, MS_MOVE, NULL) ? -errno : 0;
}

static int enter(struct walk *w, const char *name, int to_fd)
{
	struct level *above = &w->levels[w->depth];
	struct level *l = above + 1;
	int r;

	if (w->depth + 1 == DEPTH_MAX)
		return -ELOOP;
	r = directory_open(&l->from, above->from.fd, name);
	if (r)
		return r;
	(void)str_copy(l->name, sizeof(l->name), name);
	l->to_fd = to_fd;
	w->depth++;
	return 0;
}

/* Modules were loaded before; what cannot be loaded any more need not be there. */
static bool is_left_behind(const struct walk *w, const char *name)
{
	return w->depth == 1 && str_equal(name, "modules") && str_equal(w->levels[1].name, "lib");
}

static int copy_directory(struct walk *w, const char *name, const struct stat *st)
{
	struct level *l = &w->levels[w->depth];
	CLEAN_FD int to_fd = -1;
	int r;

	if ((w->depth == 0 && str_equal(name, NEW_NAME)) || is_left_behind(w, name))
		return 0;
	if (mkdirat(l->to_fd, name, 0700))
		return -errno;
	if (st->st_dev != w->device)
		return w->depth == 0 ? move_mount_point(name) : 0;
	r = copy_attributes(l->to_fd, name, st);
	if (r)
		return r;
	to_fd = openat(l->to_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (to_fd < 0)
		return -errno;
	r = enter(w, name, to_fd);
	if (!r)
		(void)take_fd(&to_fd);
	return r;
}

static int copy_entry(struct walk *w, const char *name)
{
	struct level *l = &w->levels[w->depth];
	struct stat st;

	if (fstatat(l->from.fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return copy_directory(w, name, &st);
	if (S_ISREG(st.st_mode))
		return copy_file(l, name, &st);
	if (S_ISLNK(st.st_mode))
		return copy_link(l, name, &st);
	/* Device nodes: those that are needed are on devtmpfs. */
	return 0;
}

static void leave(struct walk *w)
{
	directory_close(&w->levels[w->depth].from);
	fd_close(&w->levels[w->depth].to_fd);
	w->depth--;
}

static int copy_tree(struct walk *w, struct err *err)
{
	while (w->depth >= 0) {
		const char *name = directory_next(&w->levels[w->depth].from, -1);
		int r = 0;

		if (name)
			r = copy_entry(w, name);
		else
			leave(w);
		if (r) {
			(void)err_sys(err, -r, "the root cannot be moved: %s", name);
			while (w->depth >= 0)
				leave(w);
			return r;
		}
	}
	return 0;
}

static void remove_entry(struct walk *w, const char *name)
{
	struct level *l = &w->levels[w->depth];
	struct stat st;

	if (fstatat(l->from.fd, name, &st, AT_SYMLINK_NOFOLLOW) || st.st_dev != w->device)
		return;
	if (!S_ISDIR(st.st_mode))
		(void)unlinkat(l->from.fd, name, 0);
	else
		(void)enter(w, name, -1);
}

/* The memory of what was copied. What cannot be removed does no harm: nobody can reach it. */
static void remove_tree(struct walk *w)
{
	while (w->depth >= 0) {
		struct level *l = &w->levels[w->depth];
		const char *name = directory_next(&l->from, -1);

		if (name) {
			remove_entry(w, name);
			continue;
		}
		leave(w);
		if (w->depth >= 0)
			(void)unlinkat(w->levels[w->depth].from.fd, l->name, AT_REMOVEDIR);
	}
}

static int begin(struct walk *w, struct err *err)
{
	struct stat st;
	int r;

	w->depth = 0;
	w->levels[0].to_fd = -1;
	r = directory_open(&w->levels[0].from, AT_FDCWD, "/");
	if (r || fstat(w->levels[0].from.fd, &st))
		return err_set(err, EIO, "the root cannot be read");
	w->device = st.st_dev;
	return 0;
}

static int make_new_root(struct err *err)
{
	if (mkdir(NEW_ROOT, 0755) && errno != EEXIST)
		return err_sys(err, errno, "%s", NEW_ROOT);
	if (mount("root", NEW_ROOT, "tmpfs", MS_NOSUID | MS_NODEV,
		  "mode=0755,size=16m,nr_inodes=1024"))
		return err_sys(err, errno, "no memory for the root");
	return 0;
}

static int switch_root(struct err *err)
{
	if (chdir(NEW_ROOT) || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		return err_sys(err, errno, "the new root cannot take its place");
	return 0;
}

int boot_root(struct init *init, struct err *err)
{
	struct directory old;
	int r;

	(void)init;
	r = begin(&walk, err);
	if (r)
		return r;
	if (make_new_root(err)) {
		leave(&walk);
		return -err->code;
	}
	walk.levels[0].to_fd = open(NEW_ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = copy_tree(&walk, err);
	if (r)
		return r;
	r = directory_open(&old, AT_FDCWD, "/");
	if (!r)
		r = switch_root(err);
	if (r)
		return r;
	walk.depth = 0;
	walk.levels[0].from = old;
	walk.levels[0].to_fd = -1;
	remove_tree(&walk);
	return 0;
}

int boot_read_only(struct init *init, struct err *err)
{
	int fd;

	(void)init;
	if (!IS_ENABLED(CONFIG_HARDEN_READ_ONLY_ROOT))
		return 0;
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL))
		return err_sys(err, errno, "/ cannot be made read-only");
	fd = open("/.proof", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0 || errno != EROFS) {
		if (fd >= 0)
			(void)close(fd);
		return err_set(err, EPERM, "/ can still be written");
	}
	return 0;
}

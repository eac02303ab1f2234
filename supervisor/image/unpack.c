#include "image/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "image/tar.h"
#include "trust/refuse.h"

#define WALK_FDS        16
#define WHITEOUT        ".wh."
#define OPAQUE          ".wh..wh..opq"
#define HINT_FILES_ONLY "an image holds files, directories and links only"

/* Where an entry goes: its directory, resolved below the root, and its own name in there. */
struct place {
	int dir_fd;
	const char *name;
};

static int open_below(int root_fd, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, root_fd, *path ? path : ".", &how, sizeof(how));
}

/* Make the directory that the first @length bytes of @path name, unless something is there. -errno.
 */
static int make_part(int root_fd, const char *path, size_t length)
{
	CLEAN_FD int fd = -1;
	char part[TAR_PATH];
	char *last;

	memcpy(part, path, length);
	part[length] = '\0';
	fd = open_below(root_fd, part);
	if (fd >= 0 || errno != ENOENT)
		return fd >= 0 ? 0 : -errno;
	last = strrchr(part, '/');
	if (last)
		*last = '\0';
	fd = open_below(root_fd, last ? part : "");
	if (fd < 0 || mkdirat(fd, last ? last + 1 : part, 0755) < 0)
		return -errno;
	return 0;
}

/* The directory @path below the root; what is missing of it is made when @make. -errno. */
static int open_directory(int root_fd, const char *path, bool make)
{
	int fd = open_below(root_fd, path);

	if (fd >= 0 || errno != ENOENT || !make)
		return fd >= 0 ? fd : -errno;
	for (size_t length = 0; path[length]; length++) {
		int r;

		length += strcspn(path + length, "/");
		r = make_part(root_fd, path, length);
		if (r)
			return r;
		if (!path[length])
			break;
	}
	fd = open_below(root_fd, path);
	return fd >= 0 ? fd : -errno;
}

static int find_place(int root_fd, const char *path, bool make, struct place *p, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char parent[TAR_PATH] = "";

	if (slash) {
		memcpy(parent, path, (size_t)(slash - path));
		parent[slash - path] = '\0';
	}
	p->name = slash ? slash + 1 : path;
	p->dir_fd = open_directory(root_fd, parent, make);
	return p->dir_fd < 0 ? err_sys(err, -p->dir_fd, "archive: %.100s", path) : 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path) < 0 && errno != ENOENT ? -errno : 0;
}

/* nftw(3) takes a path and no descriptor: the working directory of this child stands for it. */
static int remove_tree(const struct place *p)
{
	if (unlinkat(p->dir_fd, p->name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (fchdir(p->dir_fd) < 0)
		return -errno;
	return nftw(p->name, remove_one, WALK_FDS, FTW_DEPTH | FTW_PHYS);
}

/* Everything in a directory, but not the directory. */
static int remove_content(int dir_fd)
{
	if (fchdir(dir_fd) < 0)
		return -errno;
	(void)nftw(".", remove_one, WALK_FDS, FTW_DEPTH | FTW_PHYS); /* cannot remove "." itself */
	return 0;
}

static bool is_whiteout(const struct tar_entry *e)
{
	const char *slash = strrchr(e->path, '/');

	return str_starts(slash ? slash + 1 : e->path, WHITEOUT);
}

static int apply_whiteout(int root_fd, const struct tar_entry *e, struct err *err)
{
	struct place p = {.dir_fd = -1};
	char name[TAR_PATH];
	int r;

	if (!is_whiteout(e))
		return 0;
	r = find_place(root_fd, e->path, false, &p, err);
	if (r == -ENOENT || r == -ENOTDIR)
		return 0; /* nothing below to take away */
	if (r)
		return r;
	(void)str_copy(name, sizeof(name), p.name + strlen(WHITEOUT));
	if (str_equal(p.name, OPAQUE)) {
		r = remove_content(p.dir_fd);
	} else if (!name[0] || str_equal(name, ".") || str_equal(name, "..")) {
		r = -EINVAL;
	} else {
		p.name = name;
		r = remove_tree(&p);
	}
	fd_close(&p.dir_fd);
	return r ? err_sys(err, -r, "archive: %.100s", e->path) : 0;
}

static int write_content(struct tar *tar, int fd, struct err *err)
{
	static uint8_t chunk[65536];
	ssize_t n;

	while ((n = tar_read(tar, chunk, sizeof(chunk), err)) > 0) {
		int r = fd_write_all(fd, chunk, (size_t)n);

		if (r)
			return err_sys(err, -r, "cannot write");
	}
	return (int)n;
}

static int put_file(struct tar *tar, const struct place *p, const struct tar_entry *e,
		    struct err *err)
{
	CLEAN_FD int fd = openat(p->dir_fd, p->name,
				 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return err_sys(err, errno, "archive: %.100s", e->path);
	r = write_content(tar, fd, err);
	if (!r && fchmod(fd, e->mode | 0400) < 0)
		return err_sys(err, errno, "archive: %.100s", e->path);
	return r;
}

static int put_directory(const struct place *p, const struct tar_entry *e, struct err *err)
{
	if (mkdirat(p->dir_fd, p->name, 0755) < 0 && errno != EEXIST)
		return err_sys(err, errno, "archive: %.100s", e->path);
	if (fchmodat(p->dir_fd, p->name, e->mode | 0700, 0) < 0)
		return err_sys(err, errno, "archive: %.100s", e->path);
	return 0;
}

/* To a file only: a hard link to a symbolic link or a device would be a way around the checks of
 * those. */
static int put_hardlink(int root_fd, const struct place *p, const struct tar_entry *e,
			struct err *err)
{
	struct place from = {.dir_fd = -1};
	struct stat st;
	int r = find_place(root_fd, e->link, false, &from, err);

	if (r)
		return r;
	if (fstatat(from.dir_fd, from.name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		r = err_sys(err, errno, "archive: %.80s links to a missing file", e->path);
	else if (!S_ISREG(st.st_mode))
		r = REFUSE(err, EINVAL, HINT_FILES_ONLY, "archive: %.80s is a hard link to no file",
			   e->path);
	else if (linkat(from.dir_fd, from.name, p->dir_fd, p->name, 0) < 0)
		r = err_sys(err, errno, "archive: %.100s", e->path);
	fd_close(&from.dir_fd);
	return r;
}

/* Make room: in a layer whatever lies there goes, but a directory stays where a directory comes. */
static int make_room(enum unpack_mode mode, const struct place *p, const struct tar_entry *e,
		     struct err *err)
{
	struct stat st;
	int r;

	if (fstatat(p->dir_fd, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "archive: %.100s", e->path);
	if (S_ISDIR(st.st_mode) && e->type == TAR_DIRECTORY)
		return 0;
	if (mode == UNPACK_WHOLE)
		return REFUSE(err, EINVAL, "make the archive again",
			      "archive: %.100s is in it twice", e->path);
	r = remove_tree(p);
	return r ? err_sys(err, -r, "archive: %.100s", e->path) : 0;
}

static int put_entry(struct unpack *u, struct tar *tar, int root_fd, const struct tar_entry *e,
		     struct err *err)
{
	struct place p = {.dir_fd = -1};
	int r;

	if (!e->path[0])
		return e->type == TAR_DIRECTORY ? 0
						: REFUSE(err, EINVAL, HINT_FILES_ONLY,
							 "archive: its root is no directory");
	r = find_place(root_fd, e->path, true, &p, err);
	r = r ? r : make_room(u->mode, &p, e, err);
	if (!r && e->type == TAR_FILE)
		r = put_file(tar, &p, e, err);
	else if (!r && e->type == TAR_DIRECTORY)
		r = put_directory(&p, e, err);
	else if (!r && e->type == TAR_HARDLINK)
		r = put_hardlink(root_fd, &p, e, err);
	else if (!r && symlinkat(e->link, p.dir_fd, p.name) < 0)
		r = err_sys(err, errno, "archive: %.100s", e->path);
	fd_close(&p.dir_fd);
	return r;
}

/* Before anything of it is read or skipped. */
static int check_size(const struct unpack *u, const struct tar_entry *e, struct err *err)
{
	if (e->size > UNPACK_BYTES_MAX - u->bytes)
		return REFUSE(err, EFBIG, "", "archive: more than %llu bytes at %.80s",
			      UNPACK_BYTES_MAX, e->path);
	return 0;
}

static int check_entry(struct unpack *u, const struct tar_entry *e, struct err *err)
{
	if (e->type == TAR_SPECIAL)
		return REFUSE(err, EINVAL, HINT_FILES_ONLY,
			      "archive: %.100s is a device node or pipe", e->path);
	if (e->capability)
		return REFUSE(err, EINVAL, "services gain no privileges: remove them (setcap -r)",
			      "archive: %.100s has file capabilities", e->path);
	if (++u->entries > UNPACK_ENTRIES_MAX)
		return REFUSE(err, EFBIG, "", "archive: more than %u entries", UNPACK_ENTRIES_MAX);
	u->bytes += e->size;
	return 0;
}

int unpack_tar(struct unpack *u, int fd, int root_fd, struct err *err)
{
	static struct tar_entry e;
	struct tar tar = {.fd = fd};
	int more;

	while ((more = tar_next(&tar, &e, err)) > 0) {
		int r = check_size(u, &e, err);

		if (!r)
			r = u->mode == UNPACK_WHITEOUTS ? apply_whiteout(root_fd, &e, err)
							: check_entry(u, &e, err);
		if (!r && u->mode != UNPACK_WHITEOUTS &&
		    !(u->mode == UNPACK_LAYER && is_whiteout(&e)))
			r = put_entry(u, &tar, root_fd, &e, err);
		if (r)
			return r;
	}
	return more;
}

#include "image/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "image/spawn.h"
#include "trust/refuse.h"

#define WALK_FDS 16

/* nftw(3) hands nothing through to its callback. */
static struct err *walk_err;

static int refuse_path(const char *path, const char *what, const char *hint)
{
	return REFUSE(walk_err, EINVAL, hint, "%s: %s", path, what);
}

/* A service runs as another user than root, who owns all files: other modes than these two could
 * only differ by accident. */
static int normalise_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	mode_t mode = st->st_mode & 07777;
	mode_t wanted = S_ISDIR(st->st_mode) || (mode & 0111) ? 0755 : 0644;

	(void)at;
	if (type == FTW_NS || type == FTW_DNR)
		return refuse_path(path, "cannot be read",
				   "run as a user who can read the whole root file system");
	if (S_ISLNK(st->st_mode))
		return 0;
	if (!S_ISDIR(st->st_mode) && !S_ISREG(st->st_mode))
		return refuse_path(path, "is a device node, pipe or socket",
				   "an image holds files, directories and links only");
	if (chmod(path, wanted) < 0)
		return err_sys(walk_err, errno, "%s", path);
	return 0;
}

int stage_copy(const char *rootfs, const char *stage, struct err *err)
{
	char from[WORKDIR_PATH];
	const char *const argv[] = {
		"cp", "-a", "--no-preserve=ownership", "--reflink=auto", "--", from, stage, NULL};
	struct stat st;

	if (stat(rootfs, &st) < 0)
		return err_sys(err, errno, "%s", rootfs);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ENOTDIR, "%s is not a directory", rootfs);
	if (mkdir(stage, 0755) < 0)
		return err_sys(err, errno, "%s", stage);
	if ((size_t)snprintf(from, sizeof(from), "%s/.", rootfs) >= sizeof(from))
		return err_set(err, ENAMETOOLONG, "%s", rootfs);
	return spawn_run(argv, "coreutils", err);
}

int stage_normalise(const char *stage, struct err *err)
{
	int r;

	walk_err = err;
	r = nftw(stage, normalise_one, WALK_FDS, FTW_PHYS);
	return r < 0 && !err->code ? err_sys(err, errno, "%s", stage) : r;
}

/* Make @path below @stage, one name after the other, through no symbolic link: it would lead
 * somewhere else on the device. */
static int make_directories(const char *stage, const char *path, struct err *err)
{
	CLEAN_FD int at_fd = open(stage, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char name[POLICY_PATH_SIZE];

	while (at_fd >= 0 && *path) {
		size_t length = strcspn(path, "/");
		int next_fd;

		if (length == 0) {
			path++;
			continue;
		}
		if (length >= sizeof(name))
			return err_set(err, ENAMETOOLONG, "%s", path);
		memcpy(name, path, length);
		name[length] = '\0';
		path += length;
		if (mkdirat(at_fd, name, 0755) < 0 && errno != EEXIST)
			return err_sys(err, errno, "cannot make %s in the image", name);
		next_fd = openat(at_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		fd_close(&at_fd);
		at_fd = next_fd;
		if (at_fd < 0)
			return REFUSE(
				err, ENOTDIR,
				"the launcher mounts there or reads there: make it a directory",
				"%s in the root file system is not a directory", name);
	}
	return at_fd < 0 ? err_sys(err, errno, "%s", stage) : 0;
}

int stage_file(const char *stage, const char *path, const void *bytes, size_t size, struct err *err)
{
	char whole[WORKDIR_PATH];
	char directory[POLICY_PATH_SIZE];
	const char *slash = strrchr(path, '/');
	int r;

	if (!slash || (size_t)(slash - path) >= sizeof(directory) ||
	    (size_t)snprintf(whole, sizeof(whole), "%s/%s", stage, path) >= sizeof(whole))
		return err_set(err, ENAMETOOLONG, "%s/%s", stage, path);
	memcpy(directory, path, (size_t)(slash - path));
	directory[slash - path] = '\0';
	r = make_directories(stage, directory, err);
	if (r)
		return r;
	if (unlink(whole) < 0 && errno != ENOENT)
		return err_sys(err, errno, "%s", whole);
	return workdir_write_file(whole, bytes, size, err);
}

int stage_manifest(const char *stage, const char *text, size_t size, struct err *err)
{
	return stage_file(stage, MANIFEST_DIRECTORY "/" MANIFEST_NAME, text, size, err);
}

int stage_mount_points(const char *stage, const struct policy *policy, struct err *err)
{
	static const char *const always[] = {"proc", "dev", "run/secrets"};
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(always); i++)
		r = make_directories(stage, always[i], err);
	if (!r && *policy->sysfs)
		r = make_directories(stage, "sys", err);
	if (!r && policy->ready == READY_NOTIFY)
		r = make_directories(stage, "run/notify", err);
	for (size_t i = 0; !r && i < policy->tmpfs_count; i++)
		r = make_directories(stage, policy->tmpfs[i].path, err);
	for (size_t i = 0; !r && i < policy->volume_count; i++)
		r = make_directories(stage, policy->volumes[i].path, err);
	return r;
}

#define ALWAYS "--quiet", "-U00000000-0000-0000-0000-000000000001", "--all-root", "-x-1"

int stage_pack(const struct workdir *w, const struct packing *p, struct err *err)
{
	/* The manifest stays uncompressed, so that `image inspect` can read it without a
	 * decompressor. */
	static const char hints[] = "0 " MANIFEST_DIRECTORY "/" MANIFEST_NAME "\n65536 .*\n";
	char hints_file[WORKDIR_PATH];
	char hints_option[WORKDIR_PATH + 32];
	char date[24];
	const char *const plain[] = {"mkfs.erofs", ALWAYS, date, p->output, p->stage, NULL};
	/* Data in blocks of their own: a few small files would otherwise fit into one block, and a
	 * hash tree needs two. */
	const char *const spread[] = {"mkfs.erofs", ALWAYS,   date, "-Enoinline_data",
				      p->output,    p->stage, NULL};
	const char *const packed[] = {"mkfs.erofs", ALWAYS,    date,     "-zlz4hc", "-C65536",
				      hints_option, p->output, p->stage, NULL};
	int r;

	(void)snprintf(date, sizeof(date), "-T%" PRIu64, p->date_s);
	if (str_equal(p->compress, "spread"))
		return spawn_run(spread, "erofs-utils", err);
	if (!str_equal(p->compress, "lz4"))
		return spawn_run(plain, "erofs-utils", err);
	r = workdir_join(w, "compress-hints", hints_file, err);
	r = r ? r : workdir_write_file(hints_file, hints, sizeof(hints) - 1, err);
	if (r)
		return r;
	str_join(hints_option, sizeof(hints_option), "--compress-hints=", hints_file, "");
	return spawn_run(packed, "erofs-utils", err);
}

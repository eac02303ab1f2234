#include "programs/launcher/images.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "trust/refuse.h"

#define HINT_INSTALL "bartizan image install NAME_VERSION_ARCH.raw"
#define HINT_OWNER   "only root may own and write an image: chown root, chmod go-w, no hard links"

static int open_beneath(int directory, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)(flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_XDEV,
	};
	long fd = syscall(SYS_openat2, directory, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

static int by_rank(const struct image_file *a, const struct image_file *b)
{
	int order = images_compare_versions(b->version, a->version);
	/* A version on trial is meant to win over a confirmed one. */
	bool first = a->standing <= IMAGE_TRIAL, second = b->standing <= IMAGE_TRIAL;

	if (first != second || (!first && a->standing != b->standing))
		return a->standing < b->standing ? -1 : 1;
	/* Of equal ones by name, so that the choice does not depend on the order of the
	 * directory. */
	return order ? order : strcmp(b->file, a->file);
}

/* Sorted in; of more than there is room for, the worst goes. */
static void insert(struct image_set *set, const struct image_file *one)
{
	uint32_t at = set->count;

	while (at > 0 && by_rank(one, &set->files[at - 1]) < 0)
		at--;
	if (at == IMAGES_PER_NAME)
		return;
	if (set->count < IMAGES_PER_NAME)
		set->count++;
	memmove(&set->files[at + 1], &set->files[at],
		(set->count - at - 1) * sizeof(set->files[0]));
	set->files[at] = *one;
}

static int collect(DIR *directory, const char *name, struct image_set *set)
{
	struct image_file one;
	struct dirent *entry;

	while ((errno = 0, entry = readdir(directory)) != NULL) {
		if (!images_parse(entry->d_name, name, &one))
			continue;
		one.inode = entry->d_ino;
		insert(set, &one);
	}
	return -errno;
}

int images_directory(int images_dir, const char *name, bool make)
{
	char path[NAME_SIZE + sizeof(IMAGES_DIRECTORY)];

	if (!str_is_name(name))
		return -EINVAL;
	str_join(path, sizeof(path), name, IMAGES_DIRECTORY, "");
	if (make && mkdirat(images_dir, path, 0700) && errno != EEXIST)
		return -errno;
	return open_beneath(images_dir, path, O_RDONLY | O_DIRECTORY);
}

int images_scan(int images_dir, const char *name, struct image_set *set)
{
	CLEAN_FD int directory_fd = images_directory(images_dir, name, false);
	DIR *directory;
	int r;

	set->count = 0;
	if (directory_fd < 0)
		return directory_fd == -ENOENT ? 0 : directory_fd;
	directory = fdopendir(directory_fd);
	if (!directory)
		return -errno;
	(void)take_fd(&directory_fd); /* closedir() closes it */
	r = collect(directory, name, set);
	(void)closedir(directory);
	return r;
}

int images_check(int fd, uint64_t *size, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "cannot look at the image file");
	if (!S_ISREG(st.st_mode))
		return REFUSE(err, EINVAL, HINT_INSTALL, "image is not a regular file");
	if (st.st_uid != 0)
		return REFUSE(err, EPERM, HINT_OWNER, "image file belongs to uid %u",
			      (unsigned int)st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return REFUSE(err, EPERM, HINT_OWNER, "image file is writable by others: mode %o",
			      (unsigned int)(st.st_mode & 07777));
	if (st.st_nlink != 1)
		return REFUSE(err, EPERM, HINT_OWNER, "image file has %u links",
			      (unsigned int)st.st_nlink);
	if (st.st_size < (off_t)IMAGES_SIZE_MIN)
		return REFUSE(err, EBADMSG, HINT_COPY,
			      "image is truncated: the file has %llu bytes",
			      (unsigned long long)st.st_size);
	if ((uint64_t)st.st_size > IMAGES_SIZE_MAX)
		return REFUSE(err, EFBIG, "", "image is larger than 4 GiB");
	*size = (uint64_t)st.st_size;
	return 0;
}

static int open_refused(struct err *err, int r)
{
	if (r == -ENOENT)
		return REFUSE(err, ENOENT, HINT_INSTALL, "no image is installed");
	if (r == -ELOOP || r == -EXDEV)
		return REFUSE(err, -r, HINT_INSTALL, "image path leads through a link or mount");
	return err_sys(err, -r, "cannot open the image");
}

int images_open_file(int directory, const char *file, int *fd, uint64_t *size, struct err *err)
{
	CLEAN_FD int file_fd = open_beneath(directory, file, O_RDONLY | O_NOFOLLOW);
	int r;

	if (file_fd < 0)
		return open_refused(err, file_fd);
	r = images_check(file_fd, size, err);
	if (r)
		return r;
	/* A start reads what it names, however large the image is. */
	(void)posix_fadvise(file_fd, 0, 0, POSIX_FADV_RANDOM);
	*fd = take_fd(&file_fd);
	return 0;
}

/* There may be files, and none of them that is to run. */
static int none_runs(const struct image_set *set, struct err *err)
{
	if (!set->count)
		return open_refused(err, -ENOENT);
	if (set->files[0].standing == IMAGE_DAMAGED)
		return REFUSE(err, EBADMSG, "the file is damaged: copy the image again",
			      "data does not match the signed root hash");
	return REFUSE(err, ESTALE, "bartizan image activate tries it again",
		      "version %s was tried and given up", set->files[0].version);
}

int images_open(int images_dir, const char *name, struct image_file *which, int *fd,
		struct err *err)
{
	CLEAN_FD int directory_fd = -1;
	static struct image_set set;
	int r;

	if (!str_is_name(name))
		return REFUSE(err, EINVAL, "", "not a name");
	directory_fd = images_directory(images_dir, name, false);
	if (directory_fd < 0)
		return open_refused(err, directory_fd);
	r = images_scan(images_dir, name, &set);
	if (r)
		return open_refused(err, r);
	if (!set.count || set.files[0].standing >= IMAGE_BAD)
		return none_runs(&set, err);
	*which = set.files[0];
	return images_open_file(directory_fd, which->file, fd, &which->size, err);
}

static int walk(DIR *directory, int (*each)(void *context, const char *name), void *context)
{
	struct dirent *entry;
	char name[IMAGES_FILE_SIZE];
	int r;

	while ((errno = 0, entry = readdir(directory)) != NULL) {
		size_t length = strlen(entry->d_name), end = strlen(IMAGES_DIRECTORY);

		if (length <= end || length >= sizeof(name) ||
		    !str_ends(entry->d_name, IMAGES_DIRECTORY))
			continue;
		memcpy(name, entry->d_name, length - end);
		name[length - end] = '\0';
		if (!str_is_name(name))
			continue;
		r = each(context, name);
		if (r)
			return r;
	}
	return -errno;
}

int images_walk(int images_dir, int (*each)(void *context, const char *name), void *context)
{
	CLEAN_FD int copy_fd = open_beneath(images_dir, ".", O_RDONLY | O_DIRECTORY);
	DIR *directory;
	int r;

	if (copy_fd < 0)
		return copy_fd;
	directory = fdopendir(copy_fd);
	if (!directory)
		return -errno;
	(void)take_fd(&copy_fd); /* closedir() closes it */
	r = walk(directory, each, context);
	(void)closedir(directory);
	return r;
}

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

#define DIRECTORY_END ".raw.v"
#define FILE_END      ".raw"
#define FILE_SIZE     256 /* NAME_MAX and its terminator */
#define HINT_INSTALL  "copy NAME_VERSION_ARCH.raw into images/NAME.raw.v of the state partition"
#define HINT_OWNER    "only root may own and write an image: chown root, chmod go-w, no hard links"

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

/* The version inside NAME_VERSION.raw or NAME_VERSION_ARCH.raw. False: not an image of @name. */
static bool version_of(const char *file, const char *name, char *version, size_t size)
{
	size_t start = strlen(name) + 1, length = strlen(file);
	const char *end;

	if (!str_starts(file, name) || !str_ends(file, FILE_END) || length >= size ||
	    length <= start + strlen(FILE_END) || file[start - 1] != '_')
		return false;
	end = strchr(file + start, '_');
	length = end ? (size_t)(end - file) : length - strlen(FILE_END);
	if (length <= start)
		return false;
	memcpy(version, file + start, length - start);
	version[length - start] = '\0';
	return true;
}

/* The file with the greatest version; of equal ones the greatest name, so that the choice does not
 * depend on the order of the directory. */
static int newest(DIR *directory, const char *name, char best[FILE_SIZE])
{
	char best_version[FILE_SIZE] = "", version[FILE_SIZE];
	struct dirent *entry;

	best[0] = '\0';
	while ((errno = 0, entry = readdir(directory)) != NULL) {
		int order;

		if (!version_of(entry->d_name, name, version, sizeof(version)))
			continue;
		order = images_compare_versions(version, best_version);
		if (best[0] && (order < 0 || (order == 0 && strcmp(entry->d_name, best) <= 0)))
			continue;
		str_join(best, FILE_SIZE, entry->d_name, "", "");
		str_join(best_version, sizeof(best_version), version, "", "");
	}
	if (errno)
		return -errno;
	return best[0] ? 0 : -ENOENT;
}

static int newest_below(int directory_fd, const char *name, char best[FILE_SIZE])
{
	CLEAN_FD int copy_fd = open_beneath(directory_fd, ".", O_RDONLY | O_DIRECTORY);
	DIR *directory;
	int r;

	if (copy_fd < 0)
		return copy_fd;
	directory = fdopendir(copy_fd);
	if (!directory)
		return -errno;
	(void)take_fd(&copy_fd); /* closedir() closes it */
	r = newest(directory, name, best);
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

int images_open(int images_dir, const char *name, int *fd, uint64_t *size, struct err *err)
{
	CLEAN_FD int directory_fd = -1, file_fd = -1;
	char path[NAME_SIZE + sizeof(DIRECTORY_END)], file[FILE_SIZE];
	int r;

	if (!str_is_name(name))
		return REFUSE(err, EINVAL, "", "not a name");
	str_join(path, sizeof(path), name, DIRECTORY_END, "");
	directory_fd = open_beneath(images_dir, path, O_RDONLY | O_DIRECTORY);
	if (directory_fd < 0)
		return open_refused(err, directory_fd);
	r = newest_below(directory_fd, name, file);
	if (r)
		return open_refused(err, r);
	file_fd = open_beneath(directory_fd, file, O_RDONLY | O_NOFOLLOW);
	if (file_fd < 0)
		return open_refused(err, file_fd);
	r = images_check(file_fd, size, err);
	if (r)
		return r;
	*fd = take_fd(&file_fd);
	return 0;
}

static int walk(DIR *directory, int (*each)(void *context, const char *name), void *context)
{
	struct dirent *entry;
	char name[FILE_SIZE];
	int r;

	while ((errno = 0, entry = readdir(directory)) != NULL) {
		size_t length = strlen(entry->d_name), end = strlen(DIRECTORY_END);

		if (length <= end || length >= sizeof(name) ||
		    !str_ends(entry->d_name, DIRECTORY_END))
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

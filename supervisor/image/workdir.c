#include "image/workdir.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

#define WALK_FDS 16

int workdir_make(struct workdir *w, const char *output, struct err *err)
{
	if ((size_t)snprintf(w->path, sizeof(w->path), "%s.XXXXXX", output) >= sizeof(w->path)) {
		w->path[0] = '\0';
		return err_set(err, ENAMETOOLONG, "name of the output is too long");
	}
	if (mkdtemp(w->path))
		return 0;
	w->path[0] = '\0';
	return err_sys(err, errno, "cannot make a directory next to %s", output);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	(void)remove(path);
	return 0;
}

void workdir_remove(const struct workdir *w)
{
	if (w->path[0])
		(void)nftw(w->path, remove_one, WALK_FDS, FTW_DEPTH | FTW_PHYS);
}

int workdir_join(const struct workdir *w, const char *name, char *path, struct err *err)
{
	if ((size_t)snprintf(path, WORKDIR_PATH, "%s/%s", w->path, name) >= WORKDIR_PATH)
		return err_set(err, ENAMETOOLONG, "name of the output is too long");
	return 0;
}

int workdir_read_file(const char *path, size_t most, char **bytes, size_t *size, struct err *err)
{
	CLEAN_FD int file_fd = open(path, O_RDONLY | O_CLOEXEC);
	char *buffer;
	ssize_t n;

	if (file_fd < 0)
		return err_sys(err, errno, "cannot open %s", path);
	buffer = malloc(most + 2);
	if (!buffer)
		return err_sys(err, ENOMEM, "reading %s", path);
	n = fd_read_up_to(file_fd, buffer, most + 1);
	if (n < 0 || (size_t)n > most) {
		free(buffer);
		return n < 0 ? err_sys(err, (int)-n, "cannot read %s", path)
			     : err_set(err, EFBIG, "%s has more than %zu bytes", path, most);
	}
	buffer[n] = '\0';
	*bytes = buffer;
	*size = (size_t)n;
	return 0;
}

int workdir_write_file(const char *path, const void *bytes, size_t size, struct err *err)
{
	CLEAN_FD int file_fd =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	int r = file_fd < 0 ? -errno : fd_write_all(file_fd, bytes, size);

	return r ? err_sys(err, -r, "cannot write %s", path) : 0;
}

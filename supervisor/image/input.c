#include "image/input.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "image/confine.h"
#include "image/oci.h"
#include "image/stage.h"
#include "image/unpack.h"

static int make_directory(const char *path, struct err *err)
{
	if (mkdir(path, 0755) < 0)
		return err_sys(err, errno, "%s", path);
	return confine_own(path, err);
}

static int unpack_file(const char *path, const char *to, struct err *err)
{
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int r = make_directory(to, err);

	if (r)
		return r;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "%s is not a regular file", path);
	return unpack_archive(UNPACK_WHOLE, fd, to, err);
}

/* Newer Dockers write both forms into one archive: the one with a digest for everything counts. */
static int unpack_saved(struct input *in, const struct workdir *w, const char *stage,
			struct err *err)
{
	char saved[WORKDIR_PATH];
	char index[WORKDIR_PATH];
	int r = workdir_join(w, "saved", saved, err);

	r = r ? r : workdir_join(w, "saved/index.json", index, err);
	r = r ? r : unpack_file(in->docker, saved, err);
	r = r ? r : make_directory(stage, err);
	if (r)
		return r;
	return access(index, F_OK) == 0 ? oci_unpack(in, saved, stage, err)
					: docker_unpack(in, saved, stage, err);
}

int input_unpack(struct input *in, const struct workdir *w, const char *stage, struct err *err)
{
	int r;

	if (in->rootfs)
		return stage_copy(in->rootfs, stage, err);
	if (in->tar)
		return unpack_file(in->tar, stage, err);
	if (in->docker)
		return unpack_saved(in, w, stage, err);
	r = make_directory(stage, err);
	return r ? r : oci_unpack(in, in->oci, stage, err);
}

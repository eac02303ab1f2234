#include "trust/floors.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "trust/refuse.h"

#define TEMPORARY "floors.new"
#define HINT_FLOORS                                                                                \
	"the file \"floors\" of the state partition is damaged: restore it, or remove it to "      \
	"start from trust.conf"

static int check(const struct floors *f)
{
	if (f->magic != FLOORS_MAGIC || f->count > FLOORS_MAX)
		return -EBADMSG;
	for (uint32_t i = 0; i < f->count; i++)
		if (!str_terminated(f->floors[i].name, NAME_SIZE) ||
		    !str_is_name(f->floors[i].name))
			return -EBADMSG;
	return 0;
}

int floors_load(int directory, struct floors *f, struct err *err)
{
	CLEAN_FD int file_fd =
		openat(directory, FLOORS_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	static struct floors found;
	struct stat st;
	int r;

	if (file_fd < 0 && errno == ENOENT) {
		memset(f, 0, sizeof(*f));
		f->magic = FLOORS_MAGIC;
		return 0;
	}
	if (file_fd < 0 || fstat(file_fd, &st) < 0)
		return err_sys(err, errno, "cannot open %s", FLOORS_FILE);
	if (!S_ISREG(st.st_mode) || st.st_size != (off_t)sizeof(found))
		return REFUSE(err, EBADMSG, HINT_FLOORS, "floors file has the wrong size");
	r = fd_pread_exact(file_fd, &found, sizeof(found), 0);
	if (r)
		return err_sys(err, -r, "cannot read %s", FLOORS_FILE);
	if (check(&found))
		return REFUSE(err, EBADMSG, HINT_FLOORS, "floors file is malformed");
	*f = found;
	return 0;
}

static struct floor *find(struct floors *f, const char *name)
{
	for (uint32_t i = 0; i < f->count; i++)
		if (str_equal(f->floors[i].name, name))
			return &f->floors[i];
	return NULL;
}

uint32_t floors_epoch(const struct floors *f, const char *name)
{
	for (uint32_t i = 0; i < f->count; i++)
		if (str_equal(f->floors[i].name, name))
			return f->floors[i].epoch;
	return 0;
}

int floors_raise(struct floors *f, const char *name, uint32_t epoch, uint32_t trust_version,
		 struct err *err)
{
	struct floor *one = find(f, name);

	if (!str_is_name(name))
		return REFUSE(err, EINVAL, "", "not a name");
	if (one && one->epoch >= epoch)
		return 0;
	if (!one && f->count == FLOORS_MAX)
		return REFUSE(err, ENOSPC, "", "no room for the floor of %s", name);
	if (!one)
		one = &f->floors[f->count++];
	memset(one->name, 0, sizeof(one->name));
	memcpy(one->name, name, strlen(name));
	one->epoch = epoch;
	one->trust_version = trust_version;
	return 1;
}

static int write_temporary(int directory, const struct floors *f)
{
	CLEAN_FD int file_fd = openat(directory, TEMPORARY,
				      O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (file_fd < 0)
		return -errno;
	r = fd_write_all(file_fd, f, sizeof(*f));
	if (r)
		return r;
	return fsync(file_fd) < 0 ? -errno : 0;
}

int floors_store(int directory, const struct floors *f, struct err *err)
{
	int r = write_temporary(directory, f);

	if (!r && renameat(directory, TEMPORARY, directory, FLOORS_FILE) < 0)
		r = -errno;
	if (!r && fsync(directory) < 0)
		r = -errno;
	return r ? err_sys(err, -r, "cannot write %s", FLOORS_FILE) : 0;
}

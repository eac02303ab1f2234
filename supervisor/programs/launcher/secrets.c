#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "programs/launcher/launcher.h"
#include "sys/mounts.h"

/*
 * /run/secrets of one life: a ramfs, which no kernel ever writes to swap (tmpfs can promise that
 * only since 6.4), with the files that the service names. The service sees it read-only; a second
 * mount of it stays here and with init, so that the bytes can be overwritten when the life is over,
 * whoever is the launcher then.
 */
#define PLACE  "/run/secrets"
#define SECRET (MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC | MOUNT_NOSYMFOLLOW)

int secrets_copy(int from_fd, int to_fd, uint64_t size)
{
	static uint8_t block[4096];
	int r = 0;

	for (uint64_t at = 0; at < size && !r; at += sizeof(block)) {
		size_t n = size - at < sizeof(block) ? (size_t)(size - at) : sizeof(block);

		r = fd_pread_exact(from_fd, block, n, at);
		r = r ? r : fd_write_all(to_fd, block, n);
	}
	explicit_bzero(block, sizeof(block));
	return r;
}

static int missing(const struct service *s, const char *name, struct err *err)
{
	(void)err_set(err, ENOENT, "secret %s is not provisioned", name);
	return err_hint(err, "bartizan secret add %s %s", s->name, name);
}

static int add_one(const struct service *s, const char *name, int dir_fd, struct err *err)
{
	CLEAN_FD int place_fd = state_place(SECRETS_DIR, s->name, false);
	CLEAN_FD int from_fd = place_fd < 0 ? place_fd : state_open(place_fd, name, O_RDONLY);
	CLEAN_FD int to_fd = -1;
	struct stat st;
	int r;

	if (from_fd == -ENOENT)
		return missing(s, name, err);
	if (from_fd < 0 || fstat(from_fd, &st))
		return err_sys(err, from_fd < 0 ? -from_fd : errno, "secret %s", name);
	if (!S_ISREG(st.st_mode) || st.st_uid || (st.st_mode & 077) ||
	    st.st_size > (off_t)POLICY_SECRET_BYTES)
		return err_set(err, EPERM, "secret %s is not as the store writes it", name);
	to_fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	if (to_fd < 0)
		return err_sys(err, errno, "secret %s", name);
	r = secrets_copy(from_fd, to_fd, (uint64_t)st.st_size);
	/* What was read for this is not kept in the page cache. */
	(void)posix_fadvise(from_fd, 0, 0, POSIX_FADV_DONTNEED);
	if (r || fchown(to_fd, s->note.uid, s->note.gid))
		return err_sys(err, r ? -r : errno, "secret %s", name);
	return 0;
}

static int fill(const struct service *s, int mount_fd, struct err *err)
{
	int r = 0;

	for (unsigned int i = 0; i < s->policy.secret_count && !r; i++)
		r = add_one(s, s->policy.secrets[i].name, mount_fd, err);
	if (!r && (fchownat(mount_fd, ".", s->note.uid, s->note.gid, 0) ||
		   fchmodat(mount_fd, ".", 0500, 0)))
		r = err_sys(err, errno, PLACE);
	return r;
}

/* Two mounts of one file system: a detached one cannot be copied before 6.15, so it stands for a
 * moment where only root of this mount namespace could see it. */
static int make(int *kept_fd, int *read_only_fd, struct err *err)
{
	CLEAN_FD int first_fd = mounts_new("ramfs", NULL, SECRET, err);
	int r;

	if (first_fd < 0)
		return first_fd;
	while (umount2(SANDBOX_ROOT, MNT_DETACH) == 0)
		; /* of a launcher that died in between */
	r = mounts_attach(first_fd, SANDBOX_ROOT);
	if (r)
		return err_sys(err, -r, PLACE);
	*kept_fd = mounts_copy(SANDBOX_ROOT, SECRET, err);
	if (*kept_fd >= 0)
		*read_only_fd = mounts_copy(SANDBOX_ROOT, SECRET | MOUNT_RDONLY, err);
	if (umount2(SANDBOX_ROOT, MNT_DETACH))
		return err_sys(err, errno, PLACE);
	return *kept_fd < 0 ? *kept_fd : *read_only_fd < 0 ? *read_only_fd : 0;
}

static int provide(struct service *s, bool parked, int *fd, struct err *err)
{
	int *kept_fd = parked ? &s->standby.secrets_fd : &s->secrets_fd;
	int r;

	secrets_wipe(s, parked);
	r = make(kept_fd, fd, err);
	if (r)
		return r;
	/* First, so that what is filled in now is wiped even if this process ends here. */
	init_store(s->slot, parked ? STORE_STANDBY_SECRETS : STORE_SECRETS, *kept_fd);
	return fill(s, *kept_fd, err);
}

int secrets_add(struct service *s, struct plan *plan, struct err *err)
{
	CLEAN_FD int fd = -1;
	int r;

	if (!s->policy.secret_count)
		return 0;
	r = plan->described ? 0 : provide(s, SUBJECT_IS_STANDBY(plan->subject), &fd, err);
	if (!r)
		(void)start_mount(plan, take_fd(&fd), PLACE, SECRET | MOUNT_RDONLY, "ramfs");
	return r;
}

void secrets_overwrite(int dir_fd, const char *name)
{
	const uint8_t zeros[512] = {0}; /* static ones would be 512 bytes of the program */
	CLEAN_FD int fd = openat(dir_fd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return;
	for (off_t at = 0; at < st.st_size; at += (off_t)sizeof(zeros)) {
		off_t left = st.st_size - at;

		(void)fd_write_all(fd, zeros,
				   left < (off_t)sizeof(zeros) ? (size_t)left : sizeof(zeros));
	}
	(void)fsync(fd);
}

void secrets_overwrite_all(int parent_fd, const char *name)
{
	CLEAN_FD int list_fd =
		openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = list_fd < 0 ? NULL : fdopendir(list_fd);
	struct dirent *entry;

	if (!dir)
		return;
	(void)take_fd(&list_fd); /* closedir() closes it */
	while ((entry = readdir(dir)))
		secrets_overwrite(dirfd(dir), entry->d_name);
	(void)closedir(dir);
}

void secrets_wipe(struct service *s, bool parked)
{
	int *kept_fd = parked ? &s->standby.secrets_fd : &s->secrets_fd;

	if (*kept_fd < 0)
		return;
	secrets_overwrite_all(*kept_fd, ".");
	fd_close(kept_fd);
	init_drop(s->slot, parked ? STORE_STANDBY_SECRETS : STORE_SECRETS);
}

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "programs/launcher/launcher.h"
#include "sandbox/userns.h"
#include "sys/mounts.h"
#include "sys/quota.h"

/*
 * state/volumes/SERVICE/NAME. The two upper levels are root's alone; the directory itself belongs
 * to the service. Its project number for the quota is its inode: unique on the file system for as
 * long as it exists, so there is no table of numbers that could be wrong.
 */
/* BYTES_PER_INODE as the file system was made: nobody uses up the inodes of others. */
#define BYTES_PER_INODE 16384
#define LEAST_INODES    64
#define VOLUME          (MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC | MOUNT_NOSYMFOLLOW)

static int open_volume(const char *service, const char *name, bool make, int *place_fd,
		       struct err *err)
{
	int fd;

	*place_fd = state_place("volumes", service, make);
	fd = *place_fd < 0 ? *place_fd : state_directory(*place_fd, name, make);
	return fd < 0 ? err_sys(err, -fd, "cannot be opened") : fd;
}

/* Its own: made at the first start. It is the service's last of all, so that one left half made by
 * a power cut is recognised and finished. */
static int claim(const struct service *s, const struct policy_volume *v, int fd, struct err *err)
{
	uint64_t inodes = v->size / BYTES_PER_INODE;
	struct stat st;
	int r;

	if (fstat(fd, &st))
		return err_sys(err, errno, "volume %s", v->name);
	if (st.st_uid && st.st_uid != s->note.uid) {
		(void)err_set(err, EPERM, "volume %s belongs to uid %u", v->name, st.st_uid);
		return err_hint(err, "user was another when it was made");
	}
	r = quota_enable(fd, err);
	r = r ? r : quota_assign(fd, (uint32_t)st.st_ino, err);
	r = r ? r
	      : quota_limit(fd, (uint32_t)st.st_ino, v->size,
			    inodes < LEAST_INODES ? LEAST_INODES : inodes, err);
	if (r || st.st_uid)
		return r;
	if (fchown(fd, s->note.uid, s->note.gid) || fsync(fd))
		return err_sys(err, errno, "volume %s", v->name);
	return 0;
}

static int mount_own(const struct service *s, const struct policy_volume *v, uint32_t attributes,
		     struct err *err)
{
	CLEAN_FD int place_fd = -1;
	CLEAN_FD int fd = open_volume(s->name, v->name, true, &place_fd, err);
	int r = fd < 0 ? fd : claim(s, v, fd, err);

	if (!r && fsync(place_fd))
		r = err_sys(err, errno, "volume %s", v->name);
	return r ? r : mounts_clone(fd, attributes, -1, err);
}

/* Does the owner's own image say that it shares this volume? The device policy said so at
 * admission, of both. */
static const struct service *find_owner(const struct policy_volume *v, struct err *err)
{
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++) {
		const struct service *s = &launcher.services[i];

		if (!s->admitted || !str_equal(s->name, v->owner))
			continue;
		for (unsigned int n = 0; n < s->policy.volume_count; n++) {
			const struct policy_volume *own = &s->policy.volumes[n];

			if (!*own->owner && str_equal(own->name, v->name) && own->shared)
				return s;
		}
		(void)err_set(err, EACCES, "%s does not share its volume %s", v->owner, v->name);
		(void)err_hint(err, "Z is exclusive: its service file would say z");
		return NULL;
	}
	(void)err_set(err, EAGAIN, "%s, whose volume %s it uses, is not admitted", v->owner,
		      v->name);
	(void)err_hint(err, "depends_on = %s", v->owner);
	return NULL;
}

/* Seen as if every file were the borrower's own: no mode has to be opened to others for it. */
static int mount_borrowed(const struct service *s, const struct policy_volume *v,
			  uint32_t attributes, struct err *err)
{
	const struct service *owner = find_owner(v, err);
	CLEAN_FD int place_fd = -1;
	CLEAN_FD int idmap_fd = -1;
	CLEAN_FD int fd = -1;

	if (!owner)
		return -err->code;
	fd = open_volume(v->owner, v->name, false, &place_fd, err);
	if (fd < 0)
		return fd;
	idmap_fd = userns_make_idmap(
		launcher.proc_fd,
		&(const struct userns_ids){.uid = owner->note.uid, .gid = owner->note.gid},
		&(const struct userns_ids){.uid = s->note.uid, .gid = s->note.gid}, err);
	return idmap_fd < 0 ? idmap_fd : mounts_clone(fd, attributes, idmap_fd, err);
}

int volumes_add(const struct service *s, struct plan *plan, struct err *err)
{
	for (unsigned int i = 0; i < s->policy.volume_count; i++) {
		const struct policy_volume *v = &s->policy.volumes[i];
		const char *owner = *v->owner ? v->owner : s->name;
		uint32_t attributes = VOLUME | (v->writable ? 0 : MOUNT_RDONLY);
		struct plan_mount *m;
		int fd = plan->described ? -1
			 : *v->owner     ? mount_borrowed(s, v, attributes, err)
					 : mount_own(s, v, attributes, err);

		if (fd < 0 && !plan->described)
			return err_prefix(err, "volume %s/%s", owner, v->name);
		m = start_mount(plan, fd, v->path, attributes, "ext4");
		(void)snprintf(m->root, sizeof(m->root), "/volumes/%s/%s", owner, v->name);
	}
	return 0;
}

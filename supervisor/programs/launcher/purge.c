#include "programs/launcher/purge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "programs/launcher/images.h"
#include "programs/launcher/install.h"
#include "programs/launcher/launcher.h"
#include "sys/remove.h"

#define VOLUMES "volumes"
#define STEP    256u /* entries for each turn of the loop: a few milliseconds */

static void go_on(struct loop *loop, struct timer *timer);

static struct purge {
	char name[NAME_SIZE]; /* empty: none */
	struct timer next;
} purge = {.next = {.due = go_on}};

bool purge_is_of(const char *name)
{
	return *purge.name && str_equal(purge.name, name);
}

/* ---- may it? */

static int check_borrowers(const char *name, struct err *err)
{
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++) {
		const struct service *s = &launcher.services[i];

		for (unsigned int n = 0; start_is_alive(s) && n < s->policy.volume_count; n++)
			if (str_equal(s->policy.volumes[n].owner, name)) {
				(void)err_set(err, EBUSY, "%s uses volume %s of %s", s->name,
					      s->policy.volumes[n].name, name);
				return err_hint(err, "bartizan stop %s", s->name);
			}
	}
	return 0;
}

static int check_idle(const struct service *s, struct err *err)
{
	if (start_is_alive(s)) {
		(void)err_set(err, EBUSY, "%s runs", s->name);
		return err_hint(err, "bartizan stop %s", s->name);
	}
	if (hold_of(s) != HOLD_NONE) {
		(void)err_set(err, EBUSY, "%s is isolated: what it has is kept as it is", s->name);
		return err_hint(err, "bartizan unfreeze %s lets it go", s->name);
	}
	return 0;
}

static int check(const char *name, const struct service *s, struct err *err)
{
	int r;

	if (!str_is_name(name))
		return err_set(err, EINVAL, "%s is not a name", name);
	if (*launcher.locked || !launcher.policies || launcher.images_fd < 0)
		return err_set(err, EPERM, "nothing is removed on this boot: %s",
			       *launcher.locked ? launcher.locked : "no policy or no state");
	if (*purge.name)
		return err_set(err, EBUSY, "%s is being purged", purge.name);
	if (install_is_of(name))
		return err_set(err, EBUSY, "an image of %s is being installed", name);
	r = s ? check_idle(s, err) : 0;
	return r ? r : check_borrowers(name, err);
}

/* ---- at once: what no start can do without, and what nobody may read any more */

static int remove_images(const char *name, bool *found, struct err *err)
{
	char directory[NAME_SIZE + sizeof(IMAGES_DIRECTORY)];
	static struct image_set set;
	unsigned int budget = UINT32_MAX;
	int r = images_scan(launcher.images_fd, name, &set);

	if (r)
		return err_sys(err, -r, "images of %s", name);
	str_join(directory, sizeof(directory), name, IMAGES_DIRECTORY, "");
	if (faccessat(launcher.images_fd, directory, F_OK, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : err_sys(err, errno, "images of %s", name);
	*found = true;
	do
		r = remove_some(launcher.images_fd, directory, &budget);
	while (r == -EAGAIN);
	if (r || fsync(launcher.images_fd))
		return err_sys(err, r ? -r : errno, "images of %s", name);
	for (uint32_t i = 0; i < set.count; i++)
		audit_emit(EVENT_IMAGE_REMOVED, AUDIT_S(name), AUDIT_S(set.files[i].version));
	return 0;
}

static int remove_secrets(const char *name, bool *found, struct err *err)
{
	CLEAN_FD int all_fd = state_directory(launcher.state_fd, SECRETS_DIR, false);
	unsigned int budget = UINT32_MAX;
	int r;

	if (all_fd == -ENOENT)
		return 0;
	if (all_fd < 0)
		return err_sys(err, -all_fd, SECRETS_DIR);
	if (faccessat(all_fd, name, F_OK, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : err_sys(err, errno, "secrets of %s", name);
	*found = true;
	secrets_overwrite_all(all_fd, name);
	do
		r = remove_some(all_fd, name, &budget);
	while (r == -EAGAIN);
	if (r || fsync(all_fd))
		return err_sys(err, r ? -r : errno, "secrets of %s", name);
	return 0;
}

static void forget_rollback(const char *name)
{
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++) {
		struct rollback *one = &launcher.rollbacks.of[i];

		if (!str_equal(one->name, name))
			continue;
		*one = (struct rollback){.at_us = 0};
		(void)rollbacks_store(launcher.state_fd, &launcher.rollbacks);
	}
}

/* ---- its volumes, bit by bit */

/* Under this name none is ever mounted, so half of one is never taken for a volume. */
static void name_aside(char aside[NAME_SIZE + 1])
{
	str_join(aside, NAME_SIZE + 1, ".", purge.name, "");
}

static int remove_volumes(struct err *err)
{
	CLEAN_FD int all_fd = state_directory(launcher.state_fd, VOLUMES, false);
	char aside[NAME_SIZE + 1];
	unsigned int budget = STEP;
	int r;

	if (all_fd < 0)
		return all_fd == -ENOENT ? 0 : err_sys(err, -all_fd, VOLUMES);
	name_aside(aside);
	r = remove_some(all_fd, aside, &budget);
	if (!r && !renameat(all_fd, purge.name, all_fd, aside))
		r = -EAGAIN;
	else if (!r && errno != ENOENT)
		r = -errno;
	if (r != -EAGAIN && !r && fsync(all_fd))
		r = -errno;
	return r && r != -EAGAIN ? err_sys(err, -r, "volumes of %s", purge.name) : r;
}

/* Nothing on the disk has its number any more. Of a name that the device policy has it stays: it
 * would be given one at the next boot. */
static int free_id(struct err *err)
{
	if (launcher_find(purge.name))
		return 0;
	return ids_drop(launcher.state_fd, &launcher.ids, purge.name, err);
}

static void go_on(struct loop *loop, struct timer *timer)
{
	struct err err = {0};
	int r = remove_volumes(&err);

	if (r == -EAGAIN) {
		loop_timer_set(loop, timer, clock_monotonic_ms());
		return;
	}
	if (!r)
		(void)free_id(&err);
	*purge.name = '\0';
	update_purged(&err);
}

static bool has_volumes(const char *name)
{
	CLEAN_FD int all_fd = state_directory(launcher.state_fd, VOLUMES, false);
	char aside[NAME_SIZE + 1];

	str_join(aside, sizeof(aside), ".", name, "");
	return all_fd >= 0 && (!faccessat(all_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) ||
			       !faccessat(all_fd, aside, F_OK, AT_SYMLINK_NOFOLLOW));
}

int purge_begin(const char *name, struct err *err)
{
	struct service *s = launcher_find(name);
	bool found = has_volumes(name) || (!s && ids_has(&launcher.ids, name));
	int r = check(name, s, err);

	if (r)
		return r;
	if (s)
		admit_forget(s); /* it may be parked, with volumes and secrets */
	r = remove_images(name, &found, err);
	r = r ? r : remove_secrets(name, &found, err);
	if (!r && !found)
		r = err_set(err, ENOENT, "there is nothing of %s", name);
	if (r)
		return r;
	forget_rollback(name);
	str_join(purge.name, sizeof(purge.name), name, "", "");
	loop_timer_set(&launcher.loop, &purge.next, clock_monotonic_ms());
	return 0;
}

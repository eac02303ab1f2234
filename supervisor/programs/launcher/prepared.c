#include "base/fd.h"
#include "programs/launcher/launcher.h"
#include "sandbox/pool.h"
#include "sandbox/root_parts.h"
#include "sandbox/userns.h"
#include "sys/mounts.h"

#define IMAGE (MOUNT_RDONLY | MOUNT_NOSUID | MOUNT_NODEV)

/*
 * What every life of a service shares: made at its first start, kept in init's store so that it
 * outlives this process, gone with the admission. Nothing of it is believed because it was good
 * once: every start proves that it is the one that was made, and what anybody could have changed
 * since; one that fails takes it down.
 */
int prepared_user(struct service *s, struct plan *plan, struct err *err)
{
	if (s->userns_fd < 0 && !plan->described) {
		s->userns_fd = userns_make(launcher.proc_fd, plan->uid, plan->gid, err);
		if (s->userns_fd < 0)
			return s->userns_fd;
		fd_raise(&s->userns_fd);
		init_store(s->slot, STORE_USERNS, s->userns_fd);
	}
	plan->userns_fd = s->userns_fd;
	return 0;
}

/* The mounts marked pooled get their descriptors only here: later starts find them in place. */
static int fill(struct plan *plan, struct err *err)
{
	for (unsigned int i = 0; i < plan->mount_count; i++) {
		struct plan_mount *m = &plan->mounts[i];

		if (!m->pooled || m->fd >= 0)
			continue;
		m->fd = root_make_dev(plan, err);
		if (m->fd < 0)
			return m->fd;
	}
	return 0;
}

static int make(struct service *s, struct plan *plan, struct err *err)
{
	int r;

	plan->root_fd = map_mount(&s->note, IMAGE, err);
	if (plan->root_fd < 0)
		return plan->root_fd;
	r = fill(plan, err);
	r = r ? r : pool_make(plan, &s->pool, err);
	/* The template holds them now. */
	for (unsigned int i = 0; i < plan->mount_count; i++)
		if (plan->mounts[i].pooled)
			fd_close(&plan->mounts[i].fd);
	fd_close(&plan->root_fd);
	if (r) {
		if (plan->has_log)
			fd_close(&plan->log_fd);
		return r;
	}
	if (plan->has_log) {
		fd_close(&s->log_fd);
		s->log_fd = plan->log_fd;
		init_store(s->slot, STORE_DEVICE_LOG, s->log_fd);
	}
	init_store(s->slot, STORE_NETNS, s->pool.network_fd);
	init_store(s->slot, STORE_MOUNTS, s->pool.mounts_fd);
	init_store(s->slot, STORE_PROC, s->pool.proc_fd);
	return 0;
}

int prepared_root(struct service *s, struct plan *plan, struct err *err)
{
	int r = 0;

	if (!plan->described &&
	    (s->pool.network_fd < 0 || s->pool.mounts_fd < 0 || s->pool.proc_fd < 0)) {
		pool_close(&s->pool);
		r = make(s, plan, err);
	}
	plan->pool = s->pool;
	if (!r && s->pool.proc_fd >= 0)
		plan->proc_fd = s->pool.proc_fd;
	return r;
}

void prepared_drop(struct service *s)
{
	static const enum store_kind kinds[] = {STORE_USERNS, STORE_NETNS, STORE_MOUNTS, STORE_PROC,
						STORE_DEVICE_LOG};

	fd_close(&s->log_fd);
	fd_close(&s->userns_fd);
	pool_close(&s->pool);
	s->proven = false;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		init_drop(s->slot, kinds[i]);
}

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/fd.h"
#include "programs/recorder/store.h"

#define AUDIT_MAX_SIZE (10u * 1024u * 1024u)
#define AUDIT_MAX_FILE 8u
#define SEGMENT_MIN    131072u
#define PLACE_SHIPPED  "svc"
#define PLACE_LOCAL    "local"
#define N_JUMP         (1ull << 20)

static int open_dir(int at, const char *name)
{
	int fd;

	if (mkdirat(at, name, 0755) && errno != EEXIST)
		return -errno;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* No spool may take more than half of the file system (a volatile spool is a 4 MiB tmpfs), however
 * much it is allowed. */
static uint64_t fitting_size(int fd, uint64_t wanted, uint32_t files)
{
	struct statvfs fs;
	uint64_t share;

	if (fstatvfs(fd, &fs) == 0) {
		share = (uint64_t)fs.f_blocks * fs.f_frsize / 2 / files;
		wanted = wanted < share ? wanted : share;
	}
	return wanted > SEGMENT_MIN ? wanted : SEGMENT_MIN;
}

/* @dir_fd: what open_dir() gave, taken over in any case. @found->last_boot is this boot on entry.
 */
static int open_spool(struct spool *spool, int dir_fd, struct spool_found *found, struct err *err)
{
	CLEAN_FD int fd = dir_fd;
	int r;

	if (fd < 0)
		return err_sys(err, -fd, "spool directory");
	spool->max_size = fitting_size(fd, spool->max_size, spool->max_file);
	r = spool_open(spool, fd, found->last_boot, found, err);
	if (!r)
		(void)take_fd(&fd);
	return r;
}

/* Spools of all services, their pipes not yet known: their last numbers count, and their torn ends
 * are cut. */
static int look_at_services(struct store *store, const char *place, uint64_t *last_n,
			    struct err *err)
{
	CLEAN_FD int svc = open_dir(store->root_fd, place);
	CLEAN_FD int list = svc < 0 ? -1 : openat(svc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = list < 0 ? NULL : fdopendir(list);
	int r = 0;

	if (!dir)
		return err_sys(err, svc < 0 ? -svc : errno, "spool directory %s", place);
	(void)take_fd(&list);
	for (struct dirent *entry = readdir(dir); entry && !r; entry = readdir(dir)) {
		struct spool spool = {.max_size = SEGMENT_MIN, .max_file = 1};
		struct spool_found found = {.last_boot = store->boot};

		if (!str_is_name(entry->d_name))
			continue;
		r = open_spool(&spool, open_dir(svc, entry->d_name), &found, err);
		if (r)
			continue;
		spool_close(&spool);
		store->found_services.cut_bytes += found.cut_bytes;
		store->found_services.cut_lines |= found.cut_lines;
		*last_n = found.last_n > *last_n ? found.last_n : *last_n;
	}
	(void)closedir(dir);
	return r;
}

/*
 * Where numbers go on. After an unclean end of another boot some of the last numbers may have been
 * given, shipped and lost by the disk; so may they when recovery took whole lines away: a jump
 * keeps a number from being given twice.
 */
static void continue_numbers(struct store *store, uint64_t services_n)
{
	const struct spool_found *found = &store->found;
	uint64_t boot;
	uint64_t last = found->last_n > services_n ? found->last_n : services_n;
	bool clean = found->clean && found->last_n == last;

	if (spool_cursor_read(store->root_fd, &boot, &store->acked))
		store->acked = 0;
	last = store->acked > last ? store->acked : last;
	if (last && (found->cut_lines || (found->last_boot != store->boot && !clean)))
		last = (last / N_JUMP + 1) * N_JUMP - 1;
	store->n = last;
}

static void sync_due(struct loop *loop, struct timer *timer)
{
	(void)loop;
	store_sync(container_of(timer, struct store, sync_timer));
}

static void retry_due(struct loop *loop, struct timer *timer)
{
	struct store *store = container_of(timer, struct store, retry_timer);

	(void)loop;
	if (store_flush(store) == 0)
		store->resumed(store);
}

int store_open(struct store *store, struct loop *loop, int root_fd,
	       const struct device_policy *limits, struct err *err)
{
	uint64_t services_n = 0;
	uint64_t local_n = 0; /* counts by itself */
	int r;

	store->loop = loop;
	store->root_fd = root_fd;
	store->sync_timer.due = sync_due;
	store->retry_timer.due = retry_due;
	store->pending = (struct text)TEXT_IN(store->memory);
	store->audit.chained = true;
	store->audit.max_size =
		limits && limits->audit_max_size ? limits->audit_max_size : AUDIT_MAX_SIZE;
	store->audit.max_file =
		limits && limits->audit_max_file ? limits->audit_max_file : AUDIT_MAX_FILE;
	store->found.last_boot = store->boot;
	r = open_spool(&store->audit, open_dir(root_fd, "audit"), &store->found, err);
	if (!r)
		r = look_at_services(store, PLACE_SHIPPED, &services_n, err);
	if (!r)
		r = look_at_services(store, PLACE_LOCAL, &local_n, err);
	if (r)
		return r;
	continue_numbers(store, services_n);
	for (unsigned int i = 0; i < ORIGIN_COUNT; i++)
		store->sn[i] = store->found.sn[i];
	return 0;
}

static struct service *new_service(struct store *store, const struct message_output *message)
{
	struct service *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	(void)str_copy(s->name, sizeof(s->name), message->name);
	s->subject = SUBJECT_SLOT(message->head.subject);
	s->spool.dir_fd = -1;
	s->spool.fd = -1;
	s->next = store->services;
	store->services = s;
	return s;
}

/* Lines that stay on the device lie apart, with numbers of their own: at the collector a number
 * that is missing is a loss. */
static int open_place(struct store *store, struct service *s, struct err *err)
{
	CLEAN_FD int place = open_dir(store->root_fd, s->local ? PLACE_LOCAL : PLACE_SHIPPED);
	struct spool_found found = {.last_boot = store->boot};
	int r = open_spool(&s->spool, place < 0 ? place : open_dir(place, s->name), &found, err);

	if (!r)
		s->n = found.last_n;
	return r;
}

struct service *store_service(struct store *store, const struct message_output *message,
			      struct err *err)
{
	struct service *s = store_find(store, SUBJECT_SLOT(message->head.subject));
	bool local = message->local == 1;
	int r;

	if (!str_terminated(message->name, sizeof(message->name)) || !str_is_name(message->name)) {
		(void)err_set(err, EINVAL, "output of a service without a name");
		return NULL;
	}
	if (s && !str_equal(s->name, message->name))
		s = NULL;
	if (!s)
		s = new_service(store, message);
	if (!s) {
		(void)err_sys(err, ENOMEM, "spool of %s", message->name);
		return NULL;
	}
	s->facility = message->facility <= 23 ? message->facility : 3;
	s->spool.max_file = message->max_file ? message->max_file : 1;
	if (s->spool.dir_fd >= 0 && s->local == local) {
		s->spool.max_size =
			fitting_size(s->spool.dir_fd, message->max_size, s->spool.max_file);
		return s;
	}
	if (store->target == s)
		(void)store_flush(store);
	if (s->spool.dir_fd >= 0)
		spool_close(&s->spool);
	s->spool = (struct spool){.dir_fd = -1,
				  .fd = -1,
				  .max_size = message->max_size,
				  .max_file = s->spool.max_file};
	s->local = local;
	do
		r = open_place(store, s, err);
	while ((r == -ENOSPC || r == -EDQUOT) && store_make_room(store));
	return r ? NULL : s;
}

void store_context(struct service *service, const char *context)
{
	free(service->context);
	service->context = context ? strdup(context) : NULL;
}

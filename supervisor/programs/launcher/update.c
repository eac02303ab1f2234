#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "programs/launcher/install.h"
#include "programs/launcher/launcher.h"
#include "programs/launcher/purge.h"
#include "programs/launcher/slots.h"

/*
 * Whom the launcher obeys about images: root, over a socket of its own. The supervisor, over whose
 * socket most commands go, holds no descriptor of an image. One question for each connection; an
 * installation keeps its connection until it is over.
 */
#define CLIENTS_MAX          4
#define PATIENCE_MS          10000u
#define EXIT_UNKNOWN_SERVICE 4
#define HEADER(type_)                                                                              \
	{                                                                                          \
		.head = {.type = type_, .subject = SUBJECT_NONE }                                  \
	}

static struct client {
	struct channel channel; /* fd -1: free place */
	struct watch watch;
	struct timer limit;
	struct ucred peer;
	const char *verb; /* asked already */
	char name[NAME_SIZE];
	bool lists;
	uint32_t service; /* of the next row */
	uint32_t row;
} clients[CLIENTS_MAX];

static struct client *installer, *purger;
static struct watch listener = {.fd = -1};

static void hang_up(struct client *c)
{
	loop_timer_clear(&launcher.loop, &c->limit);
	loop_remove(&launcher.loop, &c->watch);
	fd_close(&c->channel.fd);
	if (c == purger)
		purger = NULL; /* it goes on: half of it helps nobody */
	if (c != installer)
		return;
	installer = NULL;
	install_abort();
}

static int exit_of(const struct err *err)
{
	switch (err->code) {
	case 0:
		return 0;
	case ENOENT:
		return EXIT_UNKNOWN_SERVICE;
	case EBUSY:
		return EXIT_BUSY;
	case ESRCH:
		return 3;
	case EINVAL:
		return 2;
	default:
		return err_is_accident(err->code) ? 1 : 5;
	}
}

static void answer(struct client *c, int exit_code, const struct err *err)
{
	struct message_end end = HEADER(M_END);

	end.exit = exit_code;
	end.err = *err;
	if (!c->lists)
		audit_emit(EVENT_CONTROL, AUDIT_S(c->verb), AUDIT_S(c->name), AUDIT_N(c->peer.uid),
			   AUDIT_N((uint32_t)c->peer.pid), AUDIT_N((uint32_t)exit_code));
	(void)channel_send(&c->channel, &end, NULL, 0);
	if (c == installer)
		installer = NULL;
	hang_up(c);
}

/* ---- list */

static const char *word_of(enum image_standing standing)
{
	static const char *const words[] = {"good", "trial", "aside", "bad", "quarantined"};

	_Static_assert(ARRAY_SIZE(words) == IMAGE_STANDING_COUNT, "one word per standing");
	return words[standing];
}

static void add_reason(const struct service *s, struct message_row_image *row)
{
	const struct rollback *known = &launcher.rollbacks.of[s->slot];

	if (!str_equal(known->name, s->name) || !str_equal(known->version, row->version))
		return;
	memcpy(row->why, known->why, sizeof(row->why));
	row->generation = known->generation;
	row->exit_code = known->code;
	row->exit_status = known->status;
	row->at_us = known->at_us;
}

static bool fill_partial(const struct service *s, int directory_fd, struct message_row_image *row)
{
	char partial[NAME_SIZE + sizeof(IMAGES_PARTIAL)];
	struct stat st;

	str_join(partial, sizeof(partial), s->name, IMAGES_PARTIAL, "");
	if (fstatat(directory_fd, partial, &st, AT_SYMLINK_NOFOLLOW))
		return false;
	row->size = (uint64_t)st.st_size;
	str_join(row->state, sizeof(row->state), "partial", "", "");
	return true;
}

/* Row @index of a name; the one behind its versions is what is being installed. */
static bool fill_row(const struct service *s, uint32_t index, struct message_row_image *row)
{
	static struct image_set set;
	CLEAN_FD int directory_fd = images_directory(launcher.images_fd, s->name, false);
	const struct image_file *f;
	struct stat st;

	if (directory_fd < 0 || images_scan(launcher.images_fd, s->name, &set) || index > set.count)
		return false;
	str_join(row->name, sizeof(row->name), s->name, "", "");
	if (index == set.count)
		return fill_partial(s, directory_fd, row);
	f = &set.files[index];
	str_join(row->version, sizeof(row->version), f->version, "", "");
	str_join(row->state, sizeof(row->state), word_of(f->standing), "", "");
	row->active = index == 0 && f->standing < IMAGE_BAD;
	row->running = slots_is_mapped(s, f) && start_is_alive(s);
	row->left = f->left;
	row->done = f->done;
	if (!fstatat(directory_fd, f->file, &st, AT_SYMLINK_NOFOLLOW))
		row->size = (uint64_t)st.st_size;
	if (f->standing == IMAGE_BAD)
		add_reason(s, row);
	return true;
}

static void send_rows(struct client *c)
{
	const struct err none = {0};

	while (c->service < CONFIG_SERVICES_MAX) {
		const struct service *s = &launcher.services[c->service];
		struct message_row_image row = HEADER(M_ROW_IMAGE);
		bool wanted = *s->name && (!*c->name || str_equal(s->name, c->name));
		int r;

		if (!wanted || !fill_row(s, c->row, &row)) {
			c->service++;
			c->row = 0;
			continue;
		}
		r = channel_send(&c->channel, &row, NULL, 0);
		if (r == -EAGAIN) {
			(void)loop_change(&launcher.loop, &c->watch, EPOLLIN | EPOLLOUT);
			return;
		}
		if (r) {
			hang_up(c);
			return;
		}
		c->row++;
	}
	answer(c, 0, &none);
}

/* ---- verbs */

static int confirm(struct service *s, const char *version, struct err *err)
{
	(void)version;
	return confirm_now(s, "operator", err);
}

static int roll_back(struct service *s, const char *version, struct err *err)
{
	(void)version;
	return slots_roll_back(s, err);
}

static const struct verb_row {
	enum image_verb number;
	const char *name; /* in the trail */
	bool versioned;
	int (*act)(struct service *s, const char *version, struct err *err);
} verbs[] = {
	{IMAGE_LIST, "image list", false, NULL},
	{IMAGE_ACTIVATE, "image activate", true, slots_activate},
	{IMAGE_CONFIRM, "image confirm", false, confirm},
	{IMAGE_ROLLBACK, "image rollback", false, roll_back},
	{IMAGE_REMOVE, "image remove", false, slots_remove},
	{IMAGE_PURGE, "image purge", false, NULL},
};

_Static_assert(ARRAY_SIZE(verbs) == IMAGE_VERB_COUNT, "one row per verb");

static struct service *find_service(const char *name, struct err *err)
{
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++)
		if (*name && str_equal(launcher.services[i].name, name))
			return &launcher.services[i];
	(void)err_set(err, ENOENT, "the device policy does not name %s", name);
	return NULL;
}

/* Of a name that the device policy has forgotten too: that is what it is for. */
static void begin_purge(struct client *c, struct err *err)
{
	if (purge_begin(c->name, err)) {
		answer(c, exit_of(err), err);
		return;
	}
	purger = c;
	loop_timer_clear(&launcher.loop, &c->limit); /* as long as it takes */
}

void update_purged(const struct err *err)
{
	if (purger)
		answer(purger, exit_of(err), err);
}

static void handle_verb(struct client *c, struct message_image *m)
{
	struct err err = {0};
	struct service *s = NULL;

	str_sanitize(m->name, sizeof(m->name));
	str_sanitize(m->version, sizeof(m->version));
	str_join(c->name, sizeof(c->name), m->name, "", "");
	c->verb = m->verb < IMAGE_VERB_COUNT ? verbs[m->verb].name : "image";
	if (m->verb >= IMAGE_VERB_COUNT || (verbs[m->verb].versioned && !*m->version))
		(void)err_set(&err, EINVAL, "a verb of another release, or no version");
	else if (m->verb != IMAGE_PURGE && (*m->name || m->verb != IMAGE_LIST))
		s = find_service(m->name, &err);
	if (!err.code && m->verb == IMAGE_LIST) {
		c->lists = true;
		send_rows(c);
		return;
	}
	if (!err.code && m->verb == IMAGE_PURGE) {
		begin_purge(c, &err);
		return;
	}
	if (s && !err.code)
		(void)verbs[m->verb].act(s, m->version, &err);
	answer(c, exit_of(&err), &err);
}

/* ---- install */

void update_progress(enum image_phase phase, uint64_t done, uint64_t total)
{
	struct message_image_progress m = HEADER(M_IMAGE_PROGRESS);

	m.phase = phase;
	m.done = done;
	m.total = total;
	/* One that does not fit is not worth waiting for. */
	if (installer)
		(void)channel_send(&installer->channel, &m, NULL, 0);
}

void update_installed(int exit_code, const char *version, const struct err *err)
{
	struct message_row_text row = HEADER(M_ROW_TEXT);

	if (!installer)
		return;
	if (!exit_code) {
		str_join(row.key, sizeof(row.key), "installed", "", "");
		str_join(row.value, sizeof(row.value), version, "", "");
		(void)channel_send(&installer->channel, &row, NULL, 0);
	}
	answer(installer, exit_code, err);
}

static void handle_install(struct client *c, struct received *received)
{
	struct message_image_install *m = &received->message.image_install;
	uint64_t start = 0;
	struct err err = {0};

	str_sanitize(m->name, sizeof(m->name));
	str_join(c->name, sizeof(c->name), m->name, "", "");
	c->verb = "image install";
	if (install_begin(m, &received->fds[0], &start, &err)) {
		answer(c, exit_of(&err), &err);
		return;
	}
	installer = c;
	loop_timer_clear(&launcher.loop, &c->limit); /* the installation has its own */
	update_progress(IMAGE_COPYING, start, m->size);
}

/* ---- clients */

static void refuse(struct client *c, const char *reason)
{
	audit_emit(EVENT_CONTROL_REFUSED, AUDIT_S(reason), AUDIT_N(c->peer.uid),
		   AUDIT_N((uint32_t)c->peer.pid));
	hang_up(c);
}

static void handle(struct client *c, struct received *received)
{
	uint16_t type = received->message.head.type;

	if (type == M_IMAGE_SENT && c == installer)
		install_sent(received->message.image_sent.size);
	else if (c->verb)
		refuse(c, "a second question on one connection");
	else if (type == M_IMAGE)
		handle_verb(c, &received->message.image);
	else if (type == M_IMAGE_INSTALL)
		handle_install(c, received);
	else
		refuse(c, "not a question about images");
}

static void client_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct client *c = container_of(watch, struct client, watch);
	CLEAN_RECEIVED struct received received = {.fd_count = 0};
	struct err err = {0};
	int r = channel_receive(&c->channel, &received, &err);

	(void)loop;
	if (r == 0)
		handle(c, &received);
	else if (r == -EBADMSG)
		refuse(c, err.msg);
	else if (r != -EAGAIN)
		hang_up(c);
	else if ((events & EPOLLOUT) && c->lists)
		send_rows(c);
}

static void client_late(struct loop *loop, struct timer *timer)
{
	(void)loop;
	hang_up(container_of(timer, struct client, limit));
}

static struct client *free_client(void)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (clients[i].channel.fd < 0)
			return &clients[i];
	return NULL;
}

static void listener_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	CLEAN_FD int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *c = free_client();
	struct ucred peer = {.uid = UINT32_MAX};
	socklen_t size = sizeof(peer);

	(void)events;
	if (fd < 0)
		return;
	/* The socket's mode says the same; this says it again, of who called connect(2). */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) || peer.uid || !c) {
		audit_emit(EVENT_CONTROL_REFUSED, AUDIT_S(c ? "not root" : "too many connections"),
			   AUDIT_N(peer.uid), AUDIT_N((uint32_t)peer.pid));
		return;
	}
	*c = (struct client){
		.channel = {.fd = -1, .self = PEER_LAUNCHER, .peer = PEER_CONTROL},
		.watch = {.fd = -1, .ready = client_ready},
		.limit = {.due = client_late},
		.peer = peer,
	};
	if (loop_add(loop, &c->watch, fd, EPOLLIN))
		return;
	c->channel.fd = take_fd(&fd);
	loop_timer_set(loop, &c->limit, clock_monotonic_ms() + PATIENCE_MS);
}

void update_open(void)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		clients[i].channel.fd = -1;
	listener.ready = listener_ready;
	if (launcher.update_fd >= 0)
		(void)loop_add(&launcher.loop, &listener, launcher.update_fd, EPOLLIN);
}

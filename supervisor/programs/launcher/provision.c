#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "policy/check.h"
#include "policy/report.h"
#include "policy/secret.h"
#include "programs/launcher/launcher.h"

/*
 * The store of secrets and the trust bundles, and who may fill them: root, over a socket of the
 * launcher's own. The supervisor, over whose socket every other command goes, never holds a
 * descriptor of a value. One client at a time, one question each, with a deadline.
 */
#define TEMPORARY            ".new" /* no name of a secret begins with a dot */
#define PATIENCE_MS          5000
#define EXIT_UNKNOWN_SERVICE 4
#define EXIT_REFUSED_BY_US   5
#define HEADER(type_)                                                                              \
	{                                                                                          \
		.head = {.type = type_, .subject = SUBJECT_NONE }                                  \
	}

static void listen_again(void);
static void client_ready(struct loop *loop, struct watch *watch, uint32_t events);
static void client_late(struct loop *loop, struct timer *timer);

static struct client {
	struct channel channel;
	struct watch watch;
	struct timer limit;
	struct ucred peer;
} client = {
	.channel = {.fd = -1, .self = PEER_LAUNCHER, .peer = PEER_CONTROL},
	.watch = {.fd = -1, .ready = client_ready},
	.limit = {.due = client_late},
};
static struct watch listener = {.fd = -1};

static void hang_up(void)
{
	loop_timer_clear(&launcher.loop, &client.limit);
	loop_remove(&launcher.loop, &client.watch);
	fd_close(&client.channel.fd);
	listen_again();
}

static int send_row(const char *key, const char *value)
{
	struct message_row_text row = HEADER(M_ROW_TEXT);

	str_join(row.key, sizeof(row.key), key, "", "");
	str_join(row.value, sizeof(row.value), value, "", "");
	return channel_send(&client.channel, &row, NULL, 0);
}

/* ---- the store */

static int write_value(int place_fd, int value_fd, struct err *err)
{
	CLEAN_FD int fd = -1;
	struct stat st;
	int r;

	if (fstat(value_fd, &st) || st.st_size < 1 || st.st_size > (off_t)POLICY_SECRET_BYTES)
		return err_set(err, EFBIG, "a secret holds 1 to %u bytes", POLICY_SECRET_BYTES);
	r = fd_check_sealed(value_fd, (size_t)st.st_size);
	(void)unlinkat(place_fd, TEMPORARY, 0);
	if (!r)
		fd = openat(place_fd, TEMPORARY, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (!r && fd < 0)
		r = -errno;
	r = r ? r : secrets_copy(value_fd, fd, (uint64_t)st.st_size);
	if (!r && fsync(fd))
		r = -errno;
	if (fd >= 0)
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	return r ? err_sys(err, -r, "the secret cannot be stored") : 0;
}

/* Whole or not at all; what was there before is overwritten, then gone. */
static int add(const struct message_secret *m, int value_fd, struct err *err)
{
	CLEAN_FD int place_fd = state_place(SECRETS_DIR, m->service, true);
	int r;

	if (place_fd < 0)
		return err_sys(err, -place_fd, "store of secrets");
	r = write_value(place_fd, value_fd, err);
	if (r)
		return r;
	secrets_overwrite(place_fd, m->name);
	if (renameat(place_fd, TEMPORARY, place_fd, m->name) || fsync(place_fd))
		return err_sys(err, errno, "the secret cannot be stored");
	return 0;
}

static int take_away(const struct message_secret *m, struct err *err)
{
	CLEAN_FD int place_fd = state_place(SECRETS_DIR, m->service, false);

	if (place_fd >= 0)
		secrets_overwrite(place_fd, m->name);
	if (place_fd < 0 || unlinkat(place_fd, m->name, 0))
		return err_set(err, ENOENT, "%s has no secret %s", m->service, m->name);
	return fsync(place_fd) ? err_sys(err, errno, "store of secrets") : 0;
}

/* Names only. */
static int list(const struct message_secret *m, struct err *err)
{
	int place_fd = state_place(SECRETS_DIR, m->service, false);
	struct dirent *entry;
	DIR *dir;
	int r = 0;

	if (place_fd == -ENOENT)
		return 0;
	dir = place_fd < 0 ? NULL : fdopendir(place_fd);
	if (!dir) {
		r = err_sys(err, place_fd < 0 ? -place_fd : errno, "store of secrets");
		fd_close(&place_fd);
		return r;
	}
	while (!r && (entry = readdir(dir)))
		if (policy_is_secret_name(entry->d_name))
			r = send_row(entry->d_name, "");
	(void)closedir(dir);
	return r ? err_sys(err, -r, "the list does not fit") : 0;
}

/* ---- the client */

static void answer(const char *verb, const struct message_secret *m, int exit_code,
		   const struct err *err)
{
	struct message_end end = HEADER(M_END);

	end.exit = exit_code;
	end.err = *err;
	if (!str_equal(verb, "ls"))
		audit_emit(EVENT_SECRET, AUDIT_S(m->service), AUDIT_S(verb), AUDIT_S(m->name),
			   AUDIT_N(client.peer.uid), AUDIT_N((uint32_t)client.peer.pid),
			   AUDIT_N((uint32_t)exit_code));
	(void)channel_send(&client.channel, &end, NULL, 0);
}

static bool is_sound(struct message_secret *m, bool with_name)
{
	str_sanitize(m->service, sizeof(m->service));
	str_sanitize(m->name, sizeof(m->name));
	return str_is_name(m->service) && (with_name ? policy_is_secret_name(m->name) : !*m->name);
}

static void handle_secret(struct received *received)
{
	struct message_secret *m = &received->message.secret;
	bool adds = m->head.type == M_SECRET_ADD;
	bool lists = m->head.type == M_SECRET_LS;
	const char *verb = adds ? "add" : lists ? "ls" : "rm";
	struct err err = {0};
	int r;

	if (!is_sound(m, !lists)) {
		(void)err_set(&err, EINVAL, "not the name of a service, or not one of a secret");
		answer(verb, m, 2, &err);
		return;
	}
	if (!launcher.policies || !policy_device_service(&launcher.device, m->service)) {
		(void)err_set(&err, ENOENT, "the device policy does not name %s", m->service);
		answer(verb, m, EXIT_UNKNOWN_SERVICE, &err);
		return;
	}
	if (adds)
		r = add(m, received->fds[0], &err);
	else
		r = lists ? list(m, &err) : take_away(m, &err);
	if (!r && !lists)
		standby_secrets_changed(m->service);
	answer(verb, m, r ? 1 : 0, &err);
}

static void show_row(void *context, const char *key, const char *value)
{
	int *r = context;

	*r = *r ? *r : send_row(key, value);
}

static int show_trust(struct err *err)
{
	int r = 0;

	if (!launcher.policies)
		return err_set(err, EPERM, "no trust policy is in force");
	policy_report_trust(&launcher.trust, show_row, &r);
	return r ? err_sys(err, -r, "the list does not fit") : 0;
}

static void handle_trust(struct received *received)
{
	struct message_end end = HEADER(M_END);
	int r;

	if (received->message.head.type == M_TRUST_SHOW)
		r = show_trust(&end.err);
	else
		r = trust_install(received->fds[0], &end.err);
	end.exit = r ? EXIT_REFUSED_BY_US : 0;
	(void)channel_send(&client.channel, &end, NULL, 0);
}

static void handle(struct received *received)
{
	uint16_t type = received->message.head.type;

	if (type == M_TRUST_SHOW || type == M_TRUST_INSTALL)
		handle_trust(received);
	else
		handle_secret(received);
}

static void client_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	CLEAN_RECEIVED struct received received = {.fd_count = 0};
	struct err err = {0};
	int r = channel_receive(&client.channel, &received, &err);

	(void)loop;
	(void)watch;
	(void)events;
	if (r == -EAGAIN)
		return;
	if (r == 0)
		handle(&received);
	else if (r == -EBADMSG)
		audit_emit(EVENT_CONTROL_REFUSED, AUDIT_S(err.msg), AUDIT_N(client.peer.uid),
			   AUDIT_N((uint32_t)client.peer.pid));
	hang_up();
}

static void client_late(struct loop *loop, struct timer *timer)
{
	(void)loop;
	(void)timer;
	hang_up();
}

static void listener_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	CLEAN_FD int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	socklen_t size = sizeof(client.peer);

	(void)events;
	if (fd < 0)
		return;
	/* The socket's mode says the same; this says it again, of who called connect(2). */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &client.peer, &size) || client.peer.uid) {
		audit_emit(EVENT_CONTROL_REFUSED, AUDIT_S("not root"), AUDIT_N(client.peer.uid),
			   AUDIT_N((uint32_t)client.peer.pid));
		return;
	}
	if (loop_add(loop, &client.watch, fd, EPOLLIN))
		return;
	client.channel.fd = take_fd(&fd);
	loop_remove(loop, watch);
	loop_timer_set(loop, &client.limit, clock_monotonic_ms() + PATIENCE_MS);
}

static void listen_again(void)
{
	listener.ready = listener_ready;
	(void)loop_add(&launcher.loop, &listener, launcher.provision_fd, EPOLLIN);
}

void provision_open(void)
{
	if (launcher.provision_fd >= 0)
		listen_again();
}

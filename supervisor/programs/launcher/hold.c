#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "programs/launcher/launcher.h"

/*
 * Incident response. Frozen: the kernel runs no process of this life any more (cgroup.freeze of its
 * leaf, cgroup-v2.rst), and it can be looked at. Isolated: nor does another life begin, until root
 * says so; a file of the state partition says it, so it outlasts every helper and a new boot. The
 * supervisor is only told: taken over, it could not let a service go.
 *
 * What holds is read from the kernel and that file, never from memory.
 */
#define CGROUPS          "/sys/fs/cgroup/bartizan/services/"
#define PLACE            "isolated"
#define FREEZE_MS        2000 /* a process in the middle of a system call finishes that first */
#define EXIT_FAILED      1
#define EXIT_USAGE       2
#define EXIT_NOT_RUNNING 3
#define EXIT_UNKNOWN     4

static void place_of(const struct service *s, const char *file, char path[160])
{
	(void)snprintf(path, 160, CGROUPS "%s/%u/%s", s->name, s->generation, file);
}

static bool is_frozen(const struct service *s)
{
	char path[160];
	char text[8];

	place_of(s, "cgroup.freeze", path);
	return fd_read_file(AT_FDCWD, path, text, sizeof(text)) > 0 && text[0] == '1';
}

/* An error is no permission: what cannot be read counts as isolated. */
static bool is_isolated(const struct service *s)
{
	CLEAN_FD int place_fd = state_directory(launcher.state_fd, PLACE, false);

	if (place_fd < 0)
		return place_fd != -ENOENT;
	return !faccessat(place_fd, s->name, F_OK, AT_SYMLINK_NOFOLLOW) || errno != ENOENT;
}

enum hold hold_of(const struct service *s)
{
	if (is_isolated(s))
		return HOLD_ISOLATED;
	return start_is_alive(s) && is_frozen(s) ? HOLD_FROZEN : HOLD_NONE;
}

int hold_check_start(const struct service *s, struct err *err)
{
	if (!is_isolated(s))
		return 0;
	(void)err_set(err, EACCES, "%s is isolated", s->name);
	return err_hint(err, "bartizan unfreeze %s lets it go", s->name);
}

void hold_tell(const struct service *s)
{
	struct message_kind m = {.head = {.type = M_HELD,
					  .subject = SUBJECT_OF_SERVICE(s->slot),
					  .generation = s->generation},
				 .kind = hold_of(s)};

	link_send(&launcher.supervisor, &m, NULL, 0);
}

/* ---- the kernel */

static int await_frozen(const struct service *s, bool frozen, struct err *err)
{
	const char *wanted = frozen ? "frozen 1" : "frozen 0";
	uint64_t end = clock_monotonic_ms() + FREEZE_MS;
	CLEAN_FD int fd = -1;
	char path[160];
	char text[128];

	place_of(s, "cgroup.events", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "cgroup.events");
	for (;;) {
		/* A change of cgroup.events wakes POLLPRI, until it is read again. */
		struct pollfd changed = {.fd = fd, .events = POLLPRI};
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
		uint64_t now = clock_monotonic_ms();

		text[n > 0 ? n : 0] = '\0';
		if (strstr(text, wanted))
			return 0;
		if (n <= 0 || now >= end)
			return err_set(err, ETIMEDOUT,
				       "not %s after %d ms: a process does not leave the kernel",
				       frozen ? "frozen" : "thawed", FREEZE_MS);
		(void)poll(&changed, 1, (int)(end - now));
	}
}

static int freeze(const struct service *s, bool frozen, struct err *err)
{
	char path[160];
	int r;

	place_of(s, "cgroup.freeze", path);
	r = fd_write_file(AT_FDCWD, path, frozen ? "1" : "0");
	return r ? err_sys(err, -r, "cgroup.freeze = %d", frozen) : await_frozen(s, frozen, err);
}

/* ---- the file */

static int make_mark(int place_fd, const char *name)
{
	CLEAN_FD int fd = openat(place_fd, name,
				 O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

	return fd < 0 || fsync(fd) ? -errno : 0;
}

static int remove_mark(int place_fd, const char *name)
{
	return unlinkat(place_fd, name, 0) && errno != ENOENT ? -errno : 0;
}

static int mark(const struct service *s, bool isolated, struct err *err)
{
	CLEAN_FD int place_fd = state_directory(launcher.state_fd, PLACE, isolated);
	int r;

	if (place_fd == -ENOENT && !isolated)
		return 0;
	if (place_fd < 0)
		return err_sys(err, -place_fd, "state: " PLACE);
	r = isolated ? make_mark(place_fd, s->name) : remove_mark(place_fd, s->name);
	if (!r && (fsync(place_fd) || fsync(launcher.state_fd)))
		r = -errno;
	if (r)
		return err_sys(err, -r, "state: " PLACE);
	return is_isolated(s) == isolated
		       ? 0
		       : err_set(err, EPERM, "state: " PLACE " does not keep what is written");
}

/* First that no other life begins, then this one; back in the other order. */
static int hold(struct service *s, enum hold wanted, struct err *err)
{
	bool alive = start_is_alive(s);
	int r = 0;

	if (wanted == HOLD_ISOLATED) {
		standby_drop(s);
		r = mark(s, true, err);
	}
	if (!r && alive)
		r = freeze(s, wanted != HOLD_NONE, err);
	if (!r && wanted == HOLD_NONE)
		r = mark(s, false, err);
	return r;
}

/* ---- the question */

static void send_text(const char *key, const char *value)
{
	struct message_row_text row = {.head = {.type = M_ROW_TEXT, .subject = SUBJECT_NONE}};

	str_join(row.key, sizeof(row.key), key, "", "");
	str_join(row.value, sizeof(row.value), value, "", "");
	(void)desk_send(&row);
}

/* What an operator notes down first: which content it was, and what of it is there. */
static void send_evidence(const struct service *s)
{
	/* Of the directory above the leaf, which has the controllers. */
	static const char *const files[] = {"pids.current", "memory.current"};
	char hash[2 * sizeof(s->note.root_hash) + 1];
	char path[160];
	char text[32];

	str_hex(hash, s->note.root_hash, sizeof(s->note.root_hash));
	send_text("root_hash", hash);
	(void)snprintf(text, sizeof(text), "%u", s->generation);
	send_text("generation", text);
	for (size_t i = 0; i < ARRAY_SIZE(files) && start_is_alive(s); i++) {
		(void)snprintf(path, sizeof(path), CGROUPS "%s/%s", s->name, files[i]);
		if (fd_read_file(AT_FDCWD, path, text, sizeof(text)) < 0)
			continue;
		text[strcspn(text, "\n")] = '\0';
		send_text(files[i], text);
	}
	send_text("network", "no network to cut: none is built in");
}

static int answer(const struct message_hold *m, struct err *err)
{
	struct service *s = launcher_find(m->service);
	enum hold wanted = (enum hold)m->hold;
	int r;

	if (!s) {
		(void)err_set(err, ENOENT, "no such service");
		(void)err_hint(err, "`bartizan ps` lists them");
		return EXIT_UNKNOWN;
	}
	if (wanted == HOLD_FROZEN && is_isolated(s)) {
		(void)err_set(err, EBUSY, "%s is isolated", s->name);
		return EXIT_FAILED;
	}
	if (wanted == HOLD_FROZEN && !start_is_alive(s)) {
		(void)err_set(err, ESRCH, "%s does not run", s->name);
		return EXIT_NOT_RUNNING;
	}
	r = hold(s, wanted, err);
	/* Also when it failed half-way: the supervisor is told what holds. */
	hold_tell(s);
	if (!r && wanted == HOLD_ISOLATED)
		send_evidence(s);
	return r ? EXIT_FAILED : 0;
}

void hold_handle(struct received *received)
{
	struct message_hold *m = &received->message.hold;
	const struct ucred *peer = desk_peer();
	const struct service *s;
	struct err err = {0};
	int exit_code = EXIT_USAGE;

	str_sanitize(m->service, sizeof(m->service));
	if (m->hold < HOLD_COUNT)
		exit_code = answer(m, &err);
	else
		(void)err_set(&err, EINVAL, "no such hold: %u", m->hold);
	s = launcher_find(m->service);
	log_line("%s: %s, asked by root: %s", m->service,
		 m->hold == HOLD_NONE ? "let go" : hold_name((enum hold)m->hold),
		 exit_code ? err.msg : "done");
	audit_emit(EVENT_HELD, AUDIT_S(m->service), AUDIT_N(s ? s->generation : 0),
		   AUDIT_S(m->hold == HOLD_NONE ? "none" : hold_name((enum hold)m->hold)),
		   AUDIT_N(peer->uid), AUDIT_N((uint32_t)peer->pid), AUDIT_N((uint32_t)exit_code));
	(void)desk_end(exit_code, &err);
}

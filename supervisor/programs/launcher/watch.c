#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "policy/check.h"
#include "programs/launcher/launcher.h"

/*
 * Which programs services run and which files with passwords they open: fanotify(7), by this
 * process because only CAP_SYS_ADMIN may watch a whole file system and because the records name
 * processes of its pid namespace. Detection only: a watcher that was asked for leave would be asked
 * in vain once it is dead (the kernel then says yes), and would hold up services while it lives.
 * Whole file systems are marked, when they are made: nothing is added to a service without tmpfs.
 * What a file is called is text from a service and goes into a record, nowhere else.
 */
#define ONCE      256 /* events for each turn */
#define REST_MS   50
#define PER_TURNS 64 /* records of one service for each second */

static struct watch notices = {.fd = -1};
static struct timer rest;

/* Of these a service has no need to know more than that they are there. */
static const char *const sensitive[] = {
	"etc/shadow",       "etc/gshadow",          "etc/sudoers",          "etc/passwd-",
	"root/.ssh/id_rsa", "root/.ssh/id_ed25519", "root/.aws/credentials"};

/* Of the last second: a service that does nothing but run programs gets its share. */
static bool may_tell(struct service *s)
{
	uint64_t now_s = clock_monotonic_ms() / 1000;

	if (s->watched_s != now_s) {
		if (s->watched > PER_TURNS)
			audit_emit(EVENT_LIMIT, AUDIT_S(s->name), AUDIT_S("watch"),
				   AUDIT_N(s->watched - PER_TURNS));
		s->watched_s = now_s;
		s->watched = 0;
	}
	return ++s->watched <= PER_TURNS;
}

static struct service *service_of_image(dev_t device)
{
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++)
		if (launcher.services[i].admitted && launcher.services[i].image_device == device)
			return &launcher.services[i];
	return NULL;
}

/* By the owner of the process: every service has a uid of its own. */
static struct service *service_of_process(int pid)
{
	char name[16];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%d", pid);
	if (fstatat(launcher.proc_fd, name, &st, 0))
		return NULL;
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++)
		if (launcher.services[i].admitted && launcher.services[i].note.uid == st.st_uid)
			return &launcher.services[i];
	return NULL;
}

/* Is its input or output a connection? */
static const char *stdio_of(int pid)
{
	char name[32];
	char target[64];

	for (int fd = 0; fd < 2; fd++) {
		ssize_t n;

		(void)snprintf(name, sizeof(name), "%d/fd/%d", pid, fd);
		n = readlinkat(launcher.proc_fd, name, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		if (str_starts(target, "socket:"))
			return "<socket>";
	}
	return "";
}

static void executed(struct service *s, int pid, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *stdio = stdio_of(pid);
	const struct monitor_text texts[] = {{name, strlen(name)}, {stdio, strlen(stdio)}};
	const struct monitor_question question = {MONITOR_EXEC, s->name, texts, ARRAY_SIZE(texts)};
	const struct monitor_rules rules = {launcher.device.monitors,
					    launcher.device.monitor_count};
	struct monitor_rule rule;
	uint32_t index;

	if (monitor_find(&rules, &question, &rule, &index) && may_tell(s))
		audit_emit(EVENT_EXEC, AUDIT_S(s->name), AUDIT_N(pid), AUDIT_S(name), AUDIT_S(path),
			   AUDIT_S(stdio));
}

static void take(const struct fanotify_event_metadata *event)
{
	char name[32];
	char path[256] = "";
	struct service *s;
	struct stat st;

	(void)snprintf(name, sizeof(name), "self/fd/%d", event->fd);
	if (fstat(event->fd, &st) || readlinkat(launcher.proc_fd, name, path, sizeof(path) - 1) < 0)
		return;
	s = service_of_image(st.st_dev);
	if (s && event->mask & FAN_OPEN_EXEC) {
		executed(s, event->pid, path);
	} else if (s) {
		if (may_tell(s))
			audit_emit(EVENT_FILE_OPENED, AUDIT_S(s->name), AUDIT_N(event->pid),
				   AUDIT_S(path));
	} else if (S_ISREG(st.st_mode) && st.st_mode & 0111 &&
		   (s = service_of_process(event->pid)) && may_tell(s)) {
		audit_emit(EVENT_EXEC_OUTSIDE, AUDIT_S(s->name), AUDIT_N(event->pid),
			   AUDIT_S(path));
	}
}

/* The events of one read. Returns how many. */
static int take_all(const char *bytes, ssize_t size)
{
	struct fanotify_event_metadata event;
	int count = 0;

	for (; size >= (ssize_t)sizeof(event); count++) {
		memcpy(&event, bytes, sizeof(event));
		if (event.vers != FANOTIFY_METADATA_VERSION || event.event_len < sizeof(event) ||
		    event.event_len > (size_t)size)
			break;
		if (event.fd >= 0)
			take(&event);
		else
			audit_emit(EVENT_GAP, AUDIT_S("watch"), AUDIT_N(LANE_SERVICE), AUDIT_N(0));
		fd_close(&event.fd);
		bytes += event.event_len;
		size -= (ssize_t)event.event_len;
	}
	return count;
}

static void rested(struct loop *loop, struct timer *timer)
{
	(void)timer;
	if (loop_add(loop, &notices, launcher.watch_fd, EPOLLIN))
		log_line("launcher: programs are not watched any more");
}

static void ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	char bytes[32 * sizeof(struct fanotify_event_metadata)];
	int count = 0;
	ssize_t n;

	(void)events;
	while (count < ONCE && (n = read(watch->fd, bytes, sizeof(bytes))) > 0)
		count += take_all(bytes, n);
	if (count < ONCE)
		return;
	loop_remove(loop, watch);
	rest.due = rested;
	loop_timer_set(loop, &rest, clock_monotonic_ms() + REST_MS);
}

static void mark(int directory_fd, uint64_t mask)
{
	if (launcher.watch_fd >= 0 && directory_fd >= 0 &&
	    fanotify_mark(launcher.watch_fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, mask, directory_fd,
			  "."))
		log_line("launcher: a file system is not watched: %s", err_text(errno));
}

/* To run a file of a noexec file system is refused before fanotify hears of it (may_open() in
 * fs/namei.c), so what is looked for is a file that was written to be run. */
void watch_outside(int directory_fd)
{
	mark(directory_fd, FAN_OPEN_EXEC | FAN_CLOSE_WRITE);
}

/* A file of the image that has to be looked at; most images have none of these. */
static void watch_file(const struct service *s, const char *name)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC,
			       .resolve =
				       RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV};
	CLEAN_FD int fd = (int)syscall(SYS_openat2, s->template_fd, name, &how, sizeof(how));
	char link[32];

	if (fd < 0)
		return;
	/* fanotify_mark(2) takes no O_PATH descriptor, but the path to one. */
	(void)snprintf(link, sizeof(link), "self/fd/%d", fd);
	if (fanotify_mark(launcher.watch_fd, FAN_MARK_ADD, FAN_OPEN, launcher.proc_fd, link))
		log_line("launcher: %s: %s is not watched: %s", s->name, name, err_text(errno));
}

void watch_image(struct service *s)
{
	struct stat st;

	if (launcher.watch_fd < 0 || fstat(s->template_fd, &st))
		return;
	s->image_device = st.st_dev;
	mark(s->template_fd, FAN_OPEN_EXEC);
	for (size_t i = 0; i < ARRAY_SIZE(sensitive); i++)
		watch_file(s, sensitive[i]);
}

void watch_open(void)
{
	int r;

	if (launcher.watch_fd < 0) {
		launcher.watch_fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK,
						  O_CLOEXEC | O_NONBLOCK | O_LARGEFILE);
		if (launcher.watch_fd < 0) {
			log_line("launcher: programs are not watched: %s", err_text(errno));
			return;
		}
		init_store(SUBJECT_NONE, STORE_WATCH, launcher.watch_fd);
		mark(launcher.state_fd, FAN_OPEN_EXEC); /* volumes */
	}
	notices.ready = ready;
	r = loop_add(&launcher.loop, &notices, launcher.watch_fd, EPOLLIN);
	if (r)
		log_line("launcher: programs are not watched: %s", err_text(-r));
}

/* ---- what a rule asks for */

void watch_act(const struct message_kind *m)
{
	const struct monitor_rule *rule = &launcher.device.monitors[m->kind];
	struct service *s = launcher_service(m->head.subject);
	struct message_plain stop = {.head = {.type = M_MONITOR_STOP, .subject = m->head.subject}};

	/* The recorder only says which rule it was: whether it may name this service and what
	 * follows is the device's word. */
	if (!launcher.policies || m->kind >= launcher.device.monitor_count || !s ||
	    !rule->enabled || !str_glob(rule->service, s->name)) {
		link_refuse(&launcher.recorder, "a rule that the device does not have");
		return;
	}
	if (rule->action == MONITOR_STOP)
		link_send(&launcher.supervisor, &stop, NULL, 0);
	if (rule->action != MONITOR_LOG && start_is_alive(s))
		(void)syscall(SYS_pidfd_send_signal, s->pidfd, SIGKILL, NULL, 0);
}

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "base/log.h"
#include "policy/validate.h"
#include "programs/launcher/launcher.h"
#include "seccomp/filter.h"
#include "sys/process.h"

#define ABANDONED_MS 2000

/*
 * What the launcher before this one left with init. Only launchers store, yet nothing is believed
 * unseen: policies and filters are validated as if `compile` had just sent them.
 */
static int note_fds[CONFIG_SERVICES_MAX];
static int device_fd = -1;
static int trust_fd = -1;
static int link_fds[HELPER_COUNT];

static void put(int *place, int *fd)
{
	fd_close(place);
	*place = take_fd(fd);
}

static int *place_of_service(uint16_t slot, uint32_t kind)
{
	struct service *s = &launcher.services[slot];

	switch ((enum store_kind)kind) {
	case STORE_PIDFD:
		return &s->pidfd;
	case STORE_STDOUT:
		return &s->output_fd[0];
	case STORE_STDERR:
		return &s->output_fd[1];
	case STORE_USERNS:
		return &s->userns_fd;
	case STORE_TEMPLATE:
		return &s->template_fd;
	case STORE_NETNS:
		return &s->pool.network_fd;
	case STORE_MOUNTS:
		return &s->pool.mounts_fd;
	case STORE_PROC:
		return &s->pool.proc_fd;
	case STORE_POLICY:
		return &s->policy_fd;
	case STORE_FILTER:
		return &s->filter_fd;
	case STORE_RECORD:
		return &note_fds[slot];
	case STORE_READY:
		return &s->ready_fd;
	case STORE_DEVICE_LOG:
		return &s->log_fd;
	case STORE_SECRETS:
		return &s->secrets_fd;
	case STORE_STANDBY_SECRETS:
		return &s->standby.secrets_fd;
	case STORE_CGROUP:
	case STORE_LINK:
	case STORE_LISTENER:
	case STORE_AUDIT_NETLINK:
	case STORE_WATCH:
	case STORE_KIND_COUNT:
		break;
	}
	return NULL;
}

static int *place_of_none(uint32_t kind)
{
	switch (kind) {
	case STORE_POLICY:
		return &device_fd;
	case STORE_RECORD:
		return &trust_fd;
	case STORE_LISTENER:
		return &launcher.control_fd;
	case STORE_AUDIT_NETLINK:
		return &launcher.audit_fd;
	case STORE_WATCH:
		return &launcher.watch_fd;
	default:
		return NULL;
	}
}

static void handle_stored(struct received *received)
{
	uint16_t subject = received->message.head.subject;
	uint32_t kind = received->message.kind.kind;
	uint16_t helper = SUBJECT_SLOT(subject);
	int *place = NULL;

	if (subject == SUBJECT_NONE)
		place = place_of_none(kind);
	else if (subject == SUBJECT_OF_HELPER(HELPER_LAUNCHER) && kind == STORE_LISTENER)
		place = &launcher.desk_fd;
	else if (subject == SUBJECT_OF_HELPER(HELPER_VERIFY) && kind == STORE_LISTENER)
		place = &launcher.update_fd;
	else if (SUBJECT_IS_HELPER(subject) && kind == STORE_LINK && helper < HELPER_COUNT)
		place = &link_fds[helper];
	else if (subject < CONFIG_SERVICES_MAX)
		place = place_of_service(subject, kind);
	if (place)
		put(place, &received->fds[0]);
}

static void handle_live(const struct message_head *head)
{
	if (head->subject < CONFIG_SERVICES_MAX)
		launcher.services[head->subject].generation = head->generation;
}

int restore_run(struct err *err)
{
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++)
		note_fds[i] = -1;
	for (size_t i = 0; i < HELPER_COUNT; i++)
		link_fds[i] = -1;
	for (;;) {
		CLEAN_RECEIVED struct received received = {.fd_count = 0};
		int r = init_receive(&received, err);

		if (r)
			return r;
		switch (received.message.head.type) {
		case M_STORED:
			handle_stored(&received);
			break;
		case M_LIVE:
			handle_live(&received.message.head);
			break;
		case M_STORED_END:
			return 0;
		default:
			return err_set(err, EPROTO, "init greets with %s",
				       message_name(received.message.head.type));
		}
	}
}

static int read_note(const struct service *s, int fd, struct note *note, struct err *err)
{
	int r = fd_read_sealed(fd, note, sizeof(*note));

	if (r)
		return err_sys(err, -r, "stored note");
	if (note->magic != NOTE_MAGIC || note->size != sizeof(*note) ||
	    !str_terminated(note->name, sizeof(note->name)) || !str_equal(note->name, s->name) ||
	    !str_terminated(note->node, sizeof(note->node)) ||
	    !str_terminated(note->map_name, sizeof(note->map_name)))
		return err_set(err, EBADMSG, "stored note of another build or name");
	return 0;
}

static int take_over(struct service *s, int note_fd, struct err *err)
{
	static struct seccomp_filter filter;
	int r = read_note(s, note_fd, &s->note, err);

	if (r)
		return r;
	s->begun = s->note.generation;
	if (!s->generation) /* it does not live */
		s->generation = s->note.generation;
	if (s->template_fd < 0)
		return err_set(err, ENODATA, "stored image is gone");
	r = fd_read_sealed(s->policy_fd, &s->policy, sizeof(s->policy));
	r = r ? r : fd_read_sealed(s->filter_fd, &filter, sizeof(filter));
	if (r)
		return err_sys(err, -r, "stored policy and filter");
	r = policy_validate(&s->policy, err);
	return r ? r : seccomp_filter_validate(&filter, launcher.arch, err);
}

/*
 * The launcher before this one died between clone and exec. Nobody opens that gate any more, and a
 * process that will never run its program must not be taken for the service.
 */
static void abandon(struct service *s)
{
	struct pollfd end = {.fd = s->pidfd, .events = POLLIN};

	(void)syscall(SYS_pidfd_send_signal, s->pidfd, SIGKILL, NULL, 0);
	(void)poll(&end, 1, ABANDONED_MS);
	audit_emit(EVENT_START_REFUSED, AUDIT_S(s->name), AUDIT_N(s->generation),
		   AUDIT_S("restore"), AUDIT_S("the launcher died before the gate opened"),
		   AUDIT_S(""));
	fd_close(&s->pidfd);
	init_drop(s->slot, STORE_PIDFD);
}

void restore_services(void)
{
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++) {
		struct service *s = &launcher.services[i];
		struct err err = {0};

		/* A parked life left its gate with the launcher that held it. */
		secrets_wipe(s, true);
		if (note_fds[i] < 0)
			continue;
		s->admitted = *s->name && take_over(s, note_fds[i], &err) == 0;
		fd_close(&note_fds[i]);
		if (!s->admitted) {
			log_line("launcher: slot %zu: %s: verified anew", i, err.msg);
			admit_forget(s);
			continue;
		}
		watch_image(s);
		limits_resume(s); /* of one that has ended too: until it is released */
		if (!start_is_alive(s))
			continue;
		if (process_has_executed(launcher.proc_fd, start_pid(s->pidfd)))
			confirm_begin(s);
		else
			abandon(s);
		recording_restore(s);
	}
}

void restore_policies(void)
{
	struct err err = {0};

	if (device_fd < 0 || trust_fd < 0)
		return;
	if (policies_adopt(device_fd, trust_fd, &err)) {
		log_line("launcher: stored policies: %s", err.msg);
		fd_close(&device_fd);
	} else {
		launcher.device_fd = take_fd(&device_fd);
	}
	fd_close(&trust_fd);
}

void restore_links(void)
{
	if (link_fds[HELPER_RECORDER] >= 0)
		peers_recorder(take_fd(&link_fds[HELPER_RECORDER]), false);
	if (link_fds[HELPER_SHIPPER] >= 0)
		peers_shipper(take_fd(&link_fds[HELPER_SHIPPER]), false);
	if (link_fds[HELPER_SUPERVISOR] >= 0)
		requests_link(take_fd(&link_fds[HELPER_SUPERVISOR]));
}

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/log.h"
#include "policy/check.h"
#include "programs/launcher/launcher.h"
#include "seccomp/helper_filters.h"
#include "seccomp/neverlist.h"

/*
 * `bartizan seccomp record`: one life of a service under the widest list that it could name, of
 * which the kernel logs what the service calls (seccomp/moby.c, seccomp_recording). Weaker than
 * what the service has otherwise, so: only where the device policy says so for this service, for
 * one life, for so long and no longer, with a record when it begins and when it ends. The
 * never-list is refused as ever, and a launcher that takes over ends what it finds.
 */
#define SECONDS_MAX      3600u
#define LATE_MS          5000u /* beyond stop_timeout: then nobody is asked any more */
#define EXIT_FAILED      1
#define EXIT_NOT_RUNNING 3
#define EXIT_UNKNOWN     4
#define EXIT_REFUSED     5
#define EXIT_BUSY        6

static void tell(const struct service *s, const char *state)
{
	log_line("%s: recording of system calls: %s", s->name, state);
	audit_emit(EVENT_RECORDING, AUDIT_S(s->name), AUDIT_N(s->generation), AUDIT_S(state),
		   AUDIT_N(s->recording.seconds));
}

/* The supervisor is asked to begin a new life; one that does not in time loses this one. */
static void time_over(struct loop *loop, struct timer *timer)
{
	struct service *s = container_of(timer, struct service, recording.end);

	if (!s->note.recording || !start_is_alive(s))
		return;
	if (!s->recording.over) {
		s->recording.over = true;
		requests_renew(s);
		loop_timer_set(loop, timer,
			       clock_monotonic_ms() + s->policy.stop_timeout_ms + LATE_MS);
		return;
	}
	(void)syscall(SYS_pidfd_send_signal, s->pidfd, SIGKILL, NULL, 0);
}

static void end_in(struct service *s, uint32_t seconds)
{
	s->recording.end.due = time_over;
	loop_timer_set(&launcher.loop, &s->recording.end, clock_monotonic_ms() + seconds * 1000ull);
}

/* ---- one life */

int recording_plan(struct service *s, struct plan *plan, struct err *err)
{
	const struct helper_filter *filter;
	int r;

	s->note.recording = false;
	if (!s->recording.wanted)
		return 0;
	filter = helper_filter_find(s->policy.mdwe ? "recording" : "recording_jit");
	if (!filter)
		return err_set(err, ENOENT, "there is no filter to record with");
	r = seccomp_check_never(filter->code, filter->count, launcher.arch, err);
	if (r)
		return r;
	plan->filter = filter->code;
	plan->filter_count = filter->count;
	plan->filter_tried = false;
	/* Before it is begun: the launcher after this one must know. */
	s->note.recording = true;
	return 0;
}

void recording_begin(struct service *s, bool runs)
{
	if (!s->recording.wanted)
		return;
	s->recording.wanted = false;
	s->note.recording &= runs;
	if (!runs) {
		tell(s, "failed");
		return;
	}
	tell(s, "begun");
	s->recording.over = false;
	end_in(s, s->recording.seconds);
}

void recording_end(struct service *s)
{
	if (!s->note.recording)
		return;
	s->note.recording = false;
	loop_timer_clear(&launcher.loop, &s->recording.end);
	tell(s, "ended");
}

void recording_restore(struct service *s)
{
	if (s->note.recording && start_is_alive(s))
		end_in(s, 0);
}

/* ---- the question */

static int refuse(struct err *err, int exit_code, int code, const char *reason, const char *hint)
{
	(void)err_set(err, code, "%s", reason);
	(void)err_hint(err, "%s", hint);
	return exit_code;
}

static int answer(struct service *s, uint32_t seconds, struct err *err)
{
	const struct device_service *d =
		s ? policy_device_service(&launcher.device, s->name) : NULL;

	if (!s || !d)
		return refuse(err, EXIT_UNKNOWN, ENOENT, "no such service",
			      "`bartizan ps` lists them");
	if (!d->seccomp_record)
		return refuse(
			err, EXIT_REFUSED, EPERM, "the device policy does not let it be recorded",
			"seccomp_record = yes in its section of supervisor.conf, on a board for "
			"development");
	if (seconds < 1 || seconds > SECONDS_MAX)
		return refuse(err, EXIT_FAILED, EINVAL, "no such time", "1s to 1h");
	if (s->recording.wanted || s->note.recording)
		return refuse(err, EXIT_BUSY, EBUSY, "it is recorded already",
			      "it ends with this life");
	if (hold_check_start(s, err))
		return EXIT_REFUSED;
	if (!start_is_alive(s))
		return refuse(err, EXIT_NOT_RUNNING, ESRCH, "it does not run", "start it first");
	s->recording.wanted = true;
	s->recording.seconds = seconds;
	requests_renew(s);
	return 0;
}

void recording_handle(struct received *received)
{
	struct message_record *m = &received->message.record;
	const struct ucred *peer = desk_peer();
	struct err err = {0};
	int exit_code;

	str_sanitize(m->service, sizeof(m->service));
	exit_code = answer(launcher_find(m->service), m->seconds, &err);
	audit_emit(EVENT_RECORDING_ASKED, AUDIT_S(m->service), AUDIT_N(m->seconds),
		   AUDIT_N(peer->uid), AUDIT_N((uint32_t)peer->pid), AUDIT_N((uint32_t)exit_code));
	(void)desk_end(exit_code, &err);
}

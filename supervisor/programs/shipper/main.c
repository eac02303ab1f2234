#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/program.h"
#include "programs/shipper/shipper.h"

#define RETRY_START_MS 1000

/* Start descriptors, see the README. */
#define FD_LAUNCHER       3
#define FD_DEVICE_POLICY  4
#define CONF_DIR          "/etc/bartizan"
#define MESSAGES_PER_TURN 64

static struct shipper shipper; /* no initialiser: its buffers stay out of the file */

/* Once per change of what there is to say, not once per attempt. */
void shipper_tell(struct shipper *s, struct target *target, bool open, const char *why)
{
	struct message_collector m = {.head.type = M_COLLECTOR, .connected = open};

	if (target->told && target->told_open == open &&
	    strncmp(target->told_why, why, sizeof(target->told_why) - 1) == 0)
		return;
	str_join(m.collector, sizeof(m.collector), target->text, "", "");
	if (open) {
		str_join(m.protocol, sizeof(m.protocol),
			 export_session_protocol(s->current->session), "", "");
		str_join(m.suite, sizeof(m.suite), export_session_suite(s->current->session), "",
			 "");
	} else {
		(void)err_set(&m.why, ECONNREFUSED, "%s", why);
	}
	if (channel_send(&s->recorder, &m, NULL, 0))
		return; /* no recorder at present: said with the next one */
	/* Whoever was connected before is so no more: said again when it is. */
	for (size_t i = 0; open && i < s->target_count; i++)
		s->targets[i].told &= !s->targets[i].told_open;
	target->told = true;
	target->told_open = open;
	str_join(target->told_why, sizeof(target->told_why), why, "", "");
}

void shipper_acknowledge(struct shipper *s)
{
	struct message_shipped m = {.head.type = M_SHIPPED, .boot = s->boot, .n = s->safe};

	/* Lost on the way: the next checkpoint says more. */
	if (s->safe)
		(void)channel_send(&s->recorder, &m, NULL, 0);
}

static void drop_recorder(struct shipper *s)
{
	loop_remove(&s->loop, &s->recorder_watch);
	fd_close(&s->recorder.fd);
}

/* A batch may be half written: the session ends with it, the next one begins behind record @n. */
static void go_back(struct shipper *s, uint64_t n)
{
	s->safe = n;
	s->acked = n;
	if (s->current)
		connect_fail_current(s, "records are asked for once more");
	else
		pump_rewind(s, n);
}

static void recorder_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct shipper *s = container_of(watch, struct shipper, recorder_watch);
	bool news = false;
	bool hurry = false;

	(void)loop;
	(void)events;
	for (int i = 0; i < MESSAGES_PER_TURN; i++) {
		CLEAN_RECEIVED struct received in;
		int e = channel_receive(&s->recorder, &in, NULL);

		if (e == 0 && in.message.head.type == M_RESEND) {
			go_back(s, in.message.shipped.n);
			news = hurry = true;
		} else if (e == 0) {
			news = true;
			hurry |= in.message.head.request != 0;
		} else if (e != -EBADMSG) {
			if (e != -EAGAIN)
				drop_recorder(s);
			break;
		}
	}
	if (news)
		pump_soon(s, hurry);
}

static void link_recorder(struct shipper *s, int *fd)
{
	drop_recorder(s);
	s->recorder =
		(struct channel){.fd = take_fd(fd), .self = PEER_SHIPPER, .peer = PEER_RECORDER};
	s->recorder_watch.ready = recorder_ready;
	if (loop_add(&s->loop, &s->recorder_watch, s->recorder.fd, EPOLLIN))
		fd_close(&s->recorder.fd);
	else
		shipper_acknowledge(s);
	if (s->current && !s->current->target->told)
		shipper_tell(s, s->current->target, true, "");
}

static void take_from_launcher(struct shipper *s, struct received *in)
{
	if (in->message.head.type == M_LINK_RECORDER) {
		link_recorder(s, &in->fds[0]);
	} else if (in->message.head.type == M_DIALED) {
		connect_dialed(s, &in->fds[0]);
	} else if (in->message.head.type == M_DIAL_FAILED) {
		err_sanitize(&in->message.done.err);
		connect_refused(s, &in->message.done.err);
	}
}

static void launcher_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct shipper *s = container_of(watch, struct shipper, launcher_watch);

	(void)events;
	for (int i = 0; i < MESSAGES_PER_TURN; i++) {
		CLEAN_RECEIVED struct received in;
		int e = channel_receive(&s->launcher, &in, NULL);

		if (e == 0) {
			take_from_launcher(s, &in);
		} else if (e != -EBADMSG) {
			if (e != -EAGAIN)
				loop->stop = true;
			break;
		}
	}
}

static void signal_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct shipper *s = container_of(watch, struct shipper, signal_watch);
	struct signalfd_siginfo info;

	(void)events;
	if (read(watch->fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	s->stopping = true;
	if (!s->current) {
		loop->stop = true;
		return;
	}
	loop_timer_set(loop, &s->close_timer, clock_monotonic_ms() + STOP_MS);
	pump(s);
}

static int watch_signals(struct shipper *s)
{
	sigset_t mask;
	int fd;

	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGTERM);
	if (sigprocmask(SIG_SETMASK, &mask, NULL))
		return -errno;
	fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	s->signal_watch.ready = signal_ready;
	return loop_add(&s->loop, &s->signal_watch, fd, EPOLLIN);
}

static int read_policy(struct shipper *s, struct err *err)
{
	static struct device_policy policy;
	int r = fd_read_sealed(FD_DEVICE_POLICY, &policy, sizeof(policy));

	if (r)
		return err_sys(err, -r, "device policy");
	if (policy.magic != DEVICE_MAGIC || policy.size != sizeof(policy) ||
	    policy.syslog.count > DEVICE_COLLECTORS_MAX ||
	    policy.syslog.pins.count > DEVICE_PINS_MAX)
		return err_set(err, EBADMSG, "device policy of another build");
	s->policy = &policy;
	s->identity.ca = policy.syslog.ca;
	s->identity.cert = policy.syslog.cert;
	s->identity.key = policy.syslog.key;
	s->identity.name = policy.syslog.name;
	s->identity.pins = policy.syslog.pins.at;
	s->identity.pin_count = policy.syslog.pins.count;
	s->target_count = policy.syslog.count;
	for (size_t i = 0; i < s->target_count && i < DEVICE_COLLECTORS_MAX; i++)
		(void)snprintf(s->targets[i].text, sizeof(s->targets[i].text), "%s:%u",
			       policy.syslog.at[i].address, policy.syslog.at[i].port);
	return 0;
}

static int open_files(struct shipper *s, struct err *err)
{
	uint64_t boot;

	s->spool_fd = open("/spool", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->spool_fd < 0)
		return err_sys(err, errno, "/spool");
	s->identity.directory_fd = open(CONF_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->identity.directory_fd < 0)
		return err_sys(err, errno, CONF_DIR);
	if (spool_cursor_read(s->spool_fd, &boot, &s->safe) == 0)
		s->acked = s->safe;
	return 0;
}

static int open_all(struct shipper *s, struct err *err)
{
	int r = loop_open(&s->loop);

	if (!r)
		r = watch_signals(s);
	if (!r)
		r = export_session_init(clock_real_us);
	if (r)
		return err_sys(err, -r, "start");
	r = read_policy(s, err);
	if (!r)
		r = open_files(s, err);
	if (r)
		return r;
	s->launcher =
		(struct channel){.fd = FD_LAUNCHER, .self = PEER_SHIPPER, .peer = PEER_LAUNCHER};
	s->launcher_watch.ready = launcher_ready;
	r = loop_add(&s->loop, &s->launcher_watch, FD_LAUNCHER, EPOLLIN);
	return r ? err_sys(err, -r, "link to the launcher") : 0;
}

static int read_boot_id(struct shipper *s, const char *text)
{
	uint8_t bytes[8];

	if (str_unhex(text, bytes, sizeof(bytes)))
		return -EINVAL;
	for (size_t i = 0; i < sizeof(bytes); i++)
		s->boot = s->boot << 8 | bytes[i];
	return 0;
}

int PROGRAM_MAIN(int argc, char **argv)
{
	struct shipper *s = &shipper;
	struct err err = {0};

	log_open(2, "shipper");
	(void)prctl(PR_SET_DUMPABLE, 0);
	s->recorder.fd = -1;
	s->recorder_watch.fd = -1;
	if (argc != 3 || read_boot_id(s, argv[2])) {
		log_line("usage: shipper GENERATION BOOT-ID");
		return 2;
	}
	if (open_all(s, &err)) {
		log_line("%s", err.msg);
		/* A helper that exits is started again at once: what is wrong now is hardly right a
		 * moment later. */
		(void)poll(NULL, 0, RETRY_START_MS);
		return 1;
	}
	connect_init(s);
	pump_init(s);
	expiry_init(s);
	/* No collector configured: the records stay in the spool, and somebody has to be there to
	 * be asked to end. */
	if (s->policy->syslog.configured)
		connect_start(s);
	return loop_run(&s->loop) ? 1 : 0;
}

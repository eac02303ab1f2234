#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/program.h"
#include "crypto/sha256.h"
#include "programs/recorder/recorder.h"

#define RETRY_START_MS 1000

/* Start descriptors, see the README. */
#define FD_LAUNCHER      3
#define FD_RINGS         4
#define FD_DEVICE_POLICY 13

static struct recorder recorder; /* no initialiser: its buffers stay out of the file */

static void on_written(struct store *store, bool hurry)
{
	struct recorder *r = container_of(store, struct recorder, store);

	producer_release_all(r);
	ring_set_note(&r->producers[0].ring, NOTE_SN, store->sn[ORIGIN_RECORDER]);
	ring_set_note(&r->producers[0].ring, NOTE_SHIPPER_SN, store->sn[ORIGIN_SHIPPER]);
	peers_notify(r, hurry);
}

static void on_resumed(struct store *store)
{
	producer_drain_all(container_of(store, struct recorder, store));
}

/* A timer that never fires, but is cancelled by whoever sets the clock (timerfd_create(2),
 * TFD_TIMER_CANCEL_ON_SET). */
static int arm_clock(int fd)
{
	const struct itimerspec never = {.it_value.tv_sec = INT32_MAX};

	return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL)
		       ? -errno
		       : 0;
}

static void clock_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct recorder *r = container_of(watch, struct recorder, clock_watch);
	struct store *store = &r->store;
	uint64_t from_us;
	uint64_t to_us;
	uint64_t boot_us;
	uint64_t fired;

	(void)events;
	/* What was put before the step is dated by the clock of then. */
	producer_drain_all(r);
	(void)!read(watch->fd, &fired, sizeof(fired));
	if (arm_clock(watch->fd))
		loop_remove(loop, watch);
	if (!stamp_step(&store->stamp, &from_us, &to_us, &boot_us))
		return;
	/* From now on the clock is somebody's word and no guess: the floor has served. */
	ring_set_note(&r->producers[0].ring, NOTE_FLOOR, 1);
	store_event(store, ORIGIN_RECORDER, EVENT_CLOCK_STEP, AUDIT_N(from_us), AUDIT_N(to_us),
		    AUDIT_N(boot_us));
	seals_put(store, "clock");
	(void)store_flush(store);
}

static int watch_clock(struct recorder *r)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	int e = fd < 0 ? -errno : arm_clock(fd);

	if (e)
		return e;
	r->clock_watch.ready = clock_ready;
	return loop_add(&r->loop, &r->clock_watch, fd, EPOLLIN);
}

static void signal_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)events;
	if (read(watch->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		loop->stop = true;
}

static int watch_signals(struct recorder *r)
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
	r->signal_watch.ready = signal_ready;
	return loop_add(&r->loop, &r->signal_watch, fd, EPOLLIN);
}

/* What this process is told at its start: GENERATION, which is only written down, and what it
 * cannot find out itself. */
enum argument {
	ARG_GENERATION = 1,
	ARG_BOOT,
	ARG_FIRMWARE,
	ARG_TRUST,
	ARG_CMDLINE,
	ARG_AUDITOR,
	ARG_COUNT
};

static int read_facts(struct facts *facts, char **argv)
{
	if (str_u64(argv[ARG_FIRMWARE], 0, UINT32_MAX, &facts->firmware) ||
	    str_u64(argv[ARG_TRUST], 0, UINT64_MAX, &facts->trust_version))
		return -EINVAL;
	sha256_of(argv[ARG_CMDLINE], strlen(argv[ARG_CMDLINE]), facts->cmdline);
	facts->has_auditor = !str_equal(argv[ARG_AUDITOR], "-");
	return facts->has_auditor
		       ? str_unhex(argv[ARG_AUDITOR], facts->auditor, sizeof(facts->auditor))
		       : 0;
}

static int read_arguments(struct recorder *r, int argc, char **argv)
{
	uint8_t bytes[8];
	uint64_t generation;

	if (argc != ARG_COUNT || str_u64(argv[ARG_GENERATION], 1, UINT32_MAX, &generation) ||
	    str_unhex(argv[ARG_BOOT], bytes, sizeof(bytes)) || read_facts(&r->store.facts, argv))
		return -EINVAL;
	for (size_t i = 0; i < sizeof(bytes); i++)
		r->store.boot = r->store.boot << 8 | bytes[i];
	r->generation = (uint32_t)generation;
	return 0;
}

/* Absent: the defaults. There and not as it must be: refused. */
static int read_limits(const struct device_policy **limits)
{
	static struct device_policy policy;
	int r;

	if (fcntl(FD_DEVICE_POLICY, F_GETFD) < 0)
		return 0;
	r = fd_read_sealed(FD_DEVICE_POLICY, &policy, sizeof(policy));
	if (r)
		return r;
	if (policy.magic != DEVICE_MAGIC || policy.size != sizeof(policy) ||
	    policy.monitor_count > MONITOR_RULES_MAX)
		return -EBADMSG;
	*limits = &policy;
	return 0;
}

static int open_rings(struct recorder *r)
{
	int e = 0;

	for (unsigned int i = 0; i < RINGS && !e; i++)
		e = producer_open(r, i, FD_RINGS + 3 * (int)i, FD_RINGS + 3 * (int)i + 1,
				  FD_RINGS + 3 * (int)i + 2);
	return e;
}

/* Once per boot the last time in the spool is where this boot's clock has to be; later recorders of
 * the boot find it noted. */
static void set_floor(struct recorder *r)
{
	const struct ring_consumer *notes = &r->producers[0].ring;
	struct store *store = &r->store;

	if (!ring_note(notes, NOTE_FLOOR))
		ring_set_note(&r->producers[0].ring, NOTE_FLOOR,
			      store->found.other_time_us ? store->found.other_time_us : 1);
	store->stamp.floor_us = ring_note(notes, NOTE_FLOOR);
	store->stamp.build_us = store->facts.firmware * 1000000u;
	stamp_refresh(&store->stamp);
}

static void tell_recovered(struct store *store)
{
	const struct {
		const char *name;
		const struct spool_found *found;
	} spools[] = {{"audit", &store->found}, {"svc", &store->found_services}};

	for (size_t i = 0; i < ARRAY_SIZE(spools); i++)
		if (spools[i].found->cut_bytes)
			store_event(store, ORIGIN_RECORDER, EVENT_RECOVERED,
				    AUDIT_S(spools[i].name), AUDIT_N(spools[i].found->cut_bytes),
				    AUDIT_N(spools[i].found->cut_lines));
}

static void take_notes(struct recorder *r)
{
	const struct ring_consumer *notes = &r->producers[0].ring;
	struct store *store = &r->store;

	if (ring_note(notes, NOTE_SN) > store->sn[ORIGIN_RECORDER])
		store->sn[ORIGIN_RECORDER] = ring_note(notes, NOTE_SN);
	if (ring_note(notes, NOTE_SHIPPER_SN) > store->sn[ORIGIN_SHIPPER])
		store->sn[ORIGIN_SHIPPER] = ring_note(notes, NOTE_SHIPPER_SN);
}

/* First records: under which key and where the chain is taken up; then what the predecessor may
 * have lost. */
static void tell_start(struct recorder *r)
{
	struct store *store = &r->store;
	uint64_t held = ring_note(&r->producers[0].ring, NOTE_HELD);
	uint8_t head[32];

	set_floor(r);
	take_notes(r);
	memcpy(head, store->audit.head, sizeof(head));
	seals_begin(store);
	store_event(store, ORIGIN_RECORDER, EVENT_RECORDER_START, AUDIT_N(r->generation),
		    AUDIT_N(store->found.cut_bytes + store->found_services.cut_bytes),
		    AUDIT_H(head));
	tell_recovered(store);
	if (held)
		store_event(store, ORIGIN_RECORDER, EVENT_GAP, AUDIT_S("output"),
			    AUDIT_N(LANE_OUTPUT), AUDIT_N(held));
	seals_put(store, "start");
	if (store_flush(store) == 0)
		ring_set_note(&r->producers[0].ring, NOTE_HELD, 0);
}

static int open_all(struct recorder *r, struct err *err)
{
	const struct device_policy *limits = NULL;
	int spool_fd;
	/* First of all: the next descriptor that is opened has the number of a policy that is
	 * absent. */
	int e = read_limits(&limits);

	if (!e)
		e = loop_open(&r->loop);
	if (!e)
		e = watch_signals(r);
	if (e)
		return err_sys(err, -e, "start");
	spool_fd = open("/spool", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (spool_fd < 0)
		return err_sys(err, errno, "/spool");
	r->store.written = on_written;
	r->store.resumed = on_resumed;
	r->store.added = monitor_look;
	if (limits)
		r->rules = (struct monitor_rules){limits->monitors, limits->monitor_count};
	e = store_open(&r->store, &r->loop, spool_fd, limits, err);
	if (e)
		return e;
	r->launcher =
		(struct channel){.fd = FD_LAUNCHER, .self = PEER_RECORDER, .peer = PEER_LAUNCHER};
	e = open_rings(r);
	if (!e)
		e = peers_open(r);
	if (!e)
		e = watch_clock(r);
	return e ? err_sys(err, -e, "rings and link") : 0;
}

/* Bring the spool to rest: everything that is there, then the record that makes the next start a
 * clean one. */
static void finish(struct recorder *r)
{
	producer_drain_all(r);
	output_drain_all(r);
	producer_drain_all(r);
	store_event(&r->store, ORIGIN_RECORDER, EVENT_RECORDER_STOP, AUDIT_N(r->generation));
	seals_end(&r->store);
	store_sync(&r->store);
	peers_notify(r, true);
}

int PROGRAM_MAIN(int argc, char **argv)
{
	struct recorder *r = &recorder;
	struct err err = {0};

	r->kernel_fd = -1;
	r->kernel_watch.fd = -1;
	r->clock_watch.fd = -1;
	r->shipper.fd = -1;
	r->shipper_watch.fd = -1;
	log_open(2, "recorder");
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)umask(0); /* modes are given in full */
	if (read_arguments(r, argc, argv)) {
		log_line("usage: recorder GENERATION BOOT-ID FIRMWARE TRUST CMDLINE AUDITOR");
		return 2;
	}
	if (open_all(r, &err)) {
		log_line("%s", err.msg);
		/* A helper that exits is started again at once: what is wrong now is hardly right a
		 * moment later. */
		(void)poll(NULL, 0, RETRY_START_MS);
		return 1;
	}
	tell_start(r);
	producer_drain_all(r);
	if (loop_run(&r->loop))
		return 1;
	finish(r);
	return 0;
}

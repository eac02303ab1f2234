#include "boot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "init.h"
#include "net/uplink.h"
#include "sys/board.h"
#include "sys/harden.h"
#include "sys/module.h"
#include "sys/watchdog.h"

#define COMMAND_LINE_SIZE 4096
#define WATCHDOG_FEEDS    3 /* per timeout */
#define DEVICE_WAIT_MS    2000
#define DEVICE_PAUSE_MS   20

/*
 * In this order, each with the reason for its place. The word of a step that fails goes to the
 * launcher, which then starts no service;
 * "" is for what a service can do without.
 */
static const struct boot_step {
	const char *name;
	int (*run)(struct init *init, struct err *err);
	const char *word;
} steps[] = {
	{"mounts", boot_mounts, "mounts"},    /* everything below reads /proc or /sys */
	{"audit rings", boot_rings, "audit"}, /* so that every step that follows is recorded */
	{"modules", boot_modules,
	 "modules"}, /* devices of all that follows; from the initramfs, they are not kept */
	{"root", boot_root,
	 "root"}, /* before anything keeps a descriptor or mount of the old one */
	{"watchdog", boot_watchdog, ""}, /* as early as its module allows */
	{"state", boot_state, "state"},
	{"clock", boot_clock, "clock"},
	{"command line", boot_command_line, "cmdline"},
	{"cgroups", boot_cgroups, "cgroups"},
	{"features", boot_features, "features"},
	{"apparmor", boot_apparmor, "apparmor"}, /* once it is known that there is one */
	{"uplink", boot_uplink, ""},
	{"limits", boot_limits, "limits"},
	{"hardening", boot_harden, "harden"},           /* after everything that it forbids */
	{"read-only root", boot_read_only, "readonly"}, /* last: nobody but init has run yet */
};

void init_lock(struct init *init, const char *word, const char *reason)
{
	if (init->locked[0])
		return;
	(void)str_copy(init->locked, sizeof(init->locked), word);
	log_line("no service will start: %s", reason);
	audit_emit(EVENT_LOCKED_DOWN, AUDIT_S(reason));
}

void boot_run(struct init *init)
{
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct err err = {0};

		if (steps[i].run(init, &err) == 0)
			continue;
		log_line("%s: %s", steps[i].name, err.msg);
		if (steps[i].word[0])
			init_lock(init, steps[i].word, err.msg);
	}
	log_line("up after %llu ms", (unsigned long long)(clock_boot_us() / 1000));
}

void boot_console(void)
{
	/* O_NONBLOCK: a serial line that stands still must not stop PID 1; lines are lost then. */
	int fd = open(board.console, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null_fd >= 0)
		(void)dup2(null_fd, 0);
	if (fd >= 0) {
		(void)dup2(fd, 1);
		(void)dup2(fd, 2);
	}
	if (fd > 2)
		(void)close(fd);
	if (null_fd > 2)
		(void)close(null_fd);
	log_open(2, "bartizan");
}

static size_t read_command_line(char *text, size_t size)
{
	ssize_t n = fd_read_file(AT_FDCWD, "/proc/cmdline", text, size);
	size_t length = n > 0 ? (size_t)n : 0;

	if (length && text[length - 1] == '\n')
		length--;
	text[length] = '\0';
	return length;
}

int boot_rings(struct init *init, struct err *err)
{
	struct utsname kernel = {.release = ""};
	char text[COMMAND_LINE_SIZE];
	int r = producers_open(&init->producers, err);

	boot_console();
	(void)uname(&kernel);
	log_line("%s on %s, kernel %s", board.build, board.name, kernel.release);
	if (r)
		return r;
	(void)read_command_line(text, sizeof(text));
	audit_emit(EVENT_BOOT, AUDIT_S(board.name), AUDIT_S(kernel.release), AUDIT_S(board.build),
		   AUDIT_S(text));
	return 0;
}

int boot_modules(struct init *init, struct err *err)
{
	int loaded = 0;
	int failed = 0;

	(void)init;
	for (const char *const *module = board.modules; *module; module++) {
		int r = module_load(*module);

		/* Not in the initramfs: mkinitramfs found it built into this kernel. If that was
		 * wrong, what needs it fails. */
		if (r == -ENOENT)
			continue;
		if (r) {
			failed = err_sys(err, -r, "%s", *module);
			log_line("module %s", err->msg);
			continue;
		}
		loaded++;
		audit_emit(EVENT_MODULE, AUDIT_S(*module));
	}
	log_line("%d modules loaded", loaded);
	return failed;
}

static void feed(struct loop *loop, struct timer *timer)
{
	struct init *init = container_of(timer, struct init, watchdog);

	if (!init->unwell)
		watchdog_feed(init->watchdog_fd);
	loop_timer_set(loop, timer, clock_monotonic_ms() + init->watchdog_ms);
}

int boot_watchdog(struct init *init, struct err *err)
{
	const struct timespec pause = {.tv_nsec = DEVICE_PAUSE_MS * 1000000};
	uint32_t timeout_s = 0;
	int fd = -ENOENT;

	if (!board.watchdog)
		return 0;
	for (int waited = 0; fd == -ENOENT && waited < DEVICE_WAIT_MS; waited += DEVICE_PAUSE_MS) {
		fd = watchdog_open(board.watchdog, board.watchdog_timeout_s, &timeout_s);
		if (fd == -ENOENT)
			(void)nanosleep(&pause, NULL);
	}
	if (fd < 0) {
		(void)err_sys(err, -fd, "%s", board.watchdog);
		audit_emit(EVENT_WATCHDOG_FAILED, AUDIT_S(board.watchdog), AUDIT_S(err->msg));
		return fd;
	}
	init->watchdog_fd = fd;
	init->watchdog_ms = timeout_s * 1000u / WATCHDOG_FEEDS;
	init->watchdog.due = feed;
	loop_timer_set(&init->loop, &init->watchdog, clock_monotonic_ms());
	audit_emit(EVENT_WATCHDOG, AUDIT_S(board.watchdog), AUDIT_N(timeout_s));
	return 0;
}

/* A board without a battery starts in 1970, where no certificate is valid yet: it cannot be earlier
 * than its own firmware. */
int boot_clock(struct init *init, struct err *err)
{
	const struct timespec build = {.tv_sec = (time_t)board.build_time_s};
	uint64_t before = clock_real_us();

	(void)init;
	if (before / 1000000u >= board.build_time_s)
		return 0;
	if (clock_settime(CLOCK_REALTIME, &build))
		return err_sys(err, errno, "the clock cannot be set to the time of the build");
	audit_emit(EVENT_CLOCK, AUDIT_N(before), AUDIT_N(board.build_time_s * 1000000u));
	return 0;
}

int boot_command_line(struct init *init, struct err *err)
{
	char found[COMMAND_LINE_SIZE];
	size_t length = read_command_line(found, sizeof(found));

	(void)init;
	if (!IS_ENABLED(CONFIG_HARDEN_COMMAND_LINE))
		return 0;
	if (length == strlen(board.command_line) && memcmp(found, board.command_line, length) == 0)
		return 0;
	audit_emit(EVENT_CMDLINE, AUDIT_S(board.command_line), AUDIT_S(found));
	return err_set(err, EPERM, "the kernel command line is not the board's: %.120s", found);
}

int boot_uplink(struct init *init, struct err *err)
{
	const char *interface = board.uplink_interface;
	const char *gateway = board.uplink_gateway ? board.uplink_gateway : "";
	int r = net_link_up("lo", err);

	(void)init;
	if (!interface)
		return r;
	r = net_link_up(interface, err);
	if (!r)
		r = net_address_add(interface, board.uplink_address, board.uplink_prefix, err);
	if (!r && gateway[0])
		r = net_route_default(interface, gateway, err);
	if (r)
		audit_emit(EVENT_UPLINK_FAILED, AUDIT_S(interface), AUDIT_S(err->msg));
	else
		audit_emit(EVENT_UPLINK, AUDIT_S(interface), AUDIT_S(board.uplink_address),
			   AUDIT_S(gateway));
	return r;
}

/* PID 1 is never swapped out, never chosen by the OOM killer, never dumped, and can hold every
 * descriptor of a full store. */
int boot_limits(struct init *init, struct err *err)
{
	const struct rlimit no_core = {0, 0};
	const rlim_t files = STORE_SUBJECTS * STORE_KIND_COUNT + CHILDREN_MAX + 64;
	struct rlimit limit = {files, files};

	(void)init;
	if (setrlimit(RLIMIT_CORE, &no_core))
		return err_sys(err, errno, "core limit");
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return err_sys(err, errno, "descriptor limit %llu", (unsigned long long)files);
	if (fd_write_file(AT_FDCWD, "/proc/self/oom_score_adj", "-1000"))
		return err_set(err, EPERM, "oom_score_adj cannot be set");
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		return err_sys(err, errno, "memory cannot be locked");
	return 0;
}

static int harden_one(const struct harden *row, struct err *err)
{
	char wanted[HARDEN_TEXT];
	char found[HARDEN_TEXT];

	if (row->off)
		return 0;
	harden_wanted(row, wanted);
	/* Whether the write took is seen by reading, and only by that: some knobs refuse a second
	 * write of the same value. */
	(void)harden_write(row);
	switch (harden_read(row, found)) {
	case HARDEN_HELD:
		audit_emit(EVENT_HARDEN, AUDIT_S(row->path), AUDIT_S(found));
		return 0;
	case HARDEN_OLD:
	case HARDEN_LACKED:
	case HARDEN_OFF:
		return 0;
	case HARDEN_DIFFERS:
	case HARDEN_STATE_COUNT:
		break;
	}
	audit_emit(EVENT_HARDEN_FAILED, AUDIT_S(row->path), AUDIT_S(wanted), AUDIT_S(found));
	return err_set(err, EPERM, "%s is \"%s\" instead of \"%s\"", row->path, found, wanted);
}

int boot_harden(struct init *init, struct err *err)
{
	int failed = 0;

	(void)init;
	for (size_t i = 0; i < harden_count; i++) {
		int r = harden_one(&harden_rows[i], err);

		if (r)
			log_line("hardening: %s", err->msg);
		failed = r ? r : failed;
	}
	return failed;
}

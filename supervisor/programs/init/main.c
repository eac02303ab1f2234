#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "init.h"
#include "links.h"
#include "reap.h"
#include "sys/machine.h"

#define REPEAT_MS        1000 /* unacknowledged exits are sent again */
#define SIGNALS_PER_TURN 16

/* All that init knows. Nothing is allocated, and nothing here is ever given back. */
static struct init init;

/* Signals to PID 1 that mean something; all others are blocked for ever. */
static const struct request {
	uint32_t number;
	enum power how;
	const char *why;
} requests[] = {
	{SIGTERM, POWER_OFF, "SIGTERM"},
	{SIGPWR, POWER_OFF, "power failure"},
	{SIGINT, POWER_REBOOT, "ctrl-alt-del"},
	{SIGUSR1, POWER_HALT, "SIGUSR1"},
};

/* A keyboard is nobody's authority on a production board. */
static bool is_from_keyboard(const struct signalfd_siginfo *info)
{
	return info->ssi_signo == SIGINT && info->ssi_code == SI_KERNEL;
}

static void handle_signal(const struct signalfd_siginfo *info)
{
	if (info->ssi_signo == SIGCHLD) {
		reap_some(&init);
		return;
	}
	if (is_from_keyboard(info) && !IS_ENABLED(CONFIG_QEMU))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
		if (requests[i].number == info->ssi_signo)
			power_ask(&init, requests[i].how, requests[i].why);
}

static void signals_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)loop;
	(void)events;
	for (int i = 0; i < SIGNALS_PER_TURN; i++) {
		if (read(watch->fd, &info, sizeof(info)) != sizeof(info))
			return;
		handle_signal(&info);
	}
}

static void repeat_due(struct loop *loop, struct timer *timer)
{
	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		if (init.children.rows[i].state == CHILD_EXITED)
			init.children.rows[i].told = false;
		reap_tell_start(&init.children.rows[i]);
	}
	links_tell_refusals(&init);
	/* Also finds what a lost SIGCHLD would have left behind. */
	reap_some(&init);
	loop_timer_set(loop, timer, clock_monotonic_ms() + REPEAT_MS);
}

static void pause_after_failure(const char *what, int r)
{
	const struct timespec second = {.tv_sec = 1};

	log_line("%s: %s", what, err_text(-r));
	(void)nanosleep(&second, NULL);
}

static int open_signals(void)
{
	sigset_t all;

	(void)sigfillset(&all);
	init.signal_fd = signalfd(init.signal_fd, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (init.signal_fd < 0)
		return -errno;
	init.signals.ready = signals_ready;
	init.signals.fd = -1;
	return loop_add(&init.loop, &init.signals, init.signal_fd, EPOLLIN);
}

/* Before anything else: what cannot fail, and what is tried until it does not. */
static void prepare(void)
{
	sigset_t all;
	int r;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	init.signal_fd = -1;
	init.watchdog_fd = -1;
	init.launcher.channel.fd = -1;
	init.launcher.watch.fd = -1;
	init.supervisor.channel.fd = -1;
	init.supervisor.watch.fd = -1;
	init.helpers.state_fd = -1;
	store_init(&init.store);
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		init.children.rows[i].pidfd = -1;
	log_open(2, "bartizan");
	while ((r = loop_open(&init.loop)) != 0)
		pause_after_failure("epoll", r);
	while ((r = open_signals()) != 0)
		pause_after_failure("signals", r);
	(void)reboot_disable_keys();
}

/* A service that computes or floods must not delay what only PID 1 does: reap, feed the watchdog,
 * switch off. Each turn of its loop is bounded, so it takes the processor at once and gives it
 * back. What it starts has the usual policy again: sched(7), "The reset-on-fork flag". */
static void run_first(void)
{
	const struct sched_param lowest = {.sched_priority = 1};

	/* musl has no such call. */
	if (syscall(SYS_sched_setscheduler, 0, SCHED_FIFO | SCHED_RESET_ON_FORK, &lowest))
		log_line("real-time scheduling: %s: a busy service may delay init",
			 err_text(errno));
}

int main(void)
{
	/* As anything but PID 1 it would mount over a running system. */
	if (getpid() != 1)
		return 125;
	prepare();
	boot_run(&init);
	run_first();
	helpers_start(&init);
	init.repeat.due = repeat_due;
	loop_timer_set(&init.loop, &init.repeat, clock_monotonic_ms() + REPEAT_MS);
	/* The kernel panics when PID 1 ends, so it does not: an error of epoll is a state to try
	 * again in. */
	for (;;) {
		int r = loop_run(&init.loop);

		if (r)
			pause_after_failure("loop", r);
	}
}

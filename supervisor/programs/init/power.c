#include "power.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/log.h"
#include "cgroups.h"
#include "init.h"
#include "links.h"
#include "sys/machine.h"
#include "sys/watchdog.h"

#define UNMOUNT_TRIES    20
#define UNMOUNT_PAUSE_MS 100
#define ASKING_SLACK_MS  15000

static void stage_asking(struct init *init);
static void stage_killing(struct init *init);
static void stage_flushing(struct init *init);
static void stage_shipping(struct init *init);
static void stage_clearing(struct init *init);
static void stage_leaving(struct init *init);
static void stage_forcing(struct init *init);
static void stage_lost(struct init *init);

static bool nobody_to_ask(const struct init *init);
static bool services_gone(const struct init *init);
static bool recorder_gone(const struct init *init);
static bool shipper_gone(const struct init *init);

/* One row per stage: what begins it, for how long at most, and what ends it sooner. */
static const struct stage {
	const char *name;
	void (*begin)(struct init *init);
	uint32_t limit_ms;
	bool (*over)(const struct init *init);
} stages[STAGE_COUNT] = {
	[STAGE_UP] = {"up", NULL, 0, NULL},
	/* The supervisor gives up 10 s after the slowest service should have stopped; this is for
	 * one that hangs or does not want to. */
	[STAGE_ASKING] = {"asking the supervisor", stage_asking, 0, nobody_to_ask},
	[STAGE_KILLING] = {"killing services", stage_killing, 5000, services_gone},
	[STAGE_FLUSHING] = {"flushing the recorder", stage_flushing, 3000, recorder_gone},
	[STAGE_SHIPPING] = {"stopping the shipper", stage_shipping, 3000, shipper_gone},
	[STAGE_CLEARING] = {"killing helpers", stage_clearing, 300, NULL},
	[STAGE_LEAVING] = {"unmounting", stage_leaving, 15000, NULL},
	[STAGE_FORCING] = {"leaving without sync", stage_forcing, 5000, NULL},
	[STAGE_LOST] = {"lost: waiting for the watchdog", stage_lost, 0, NULL},
};

static void pause_ms(long ms)
{
	const struct timespec time = {.tv_sec = 0, .tv_nsec = ms * 1000000};

	(void)nanosleep(&time, NULL);
}

static bool helper_gone(const struct init *init, enum helper helper)
{
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		if (init->children.rows[i].state == CHILD_ALIVE &&
		    init->children.rows[i].subject == SUBJECT_OF_HELPER(helper))
			return false;
	return true;
}

/* Its link is open from the moment it is asked for; a supervisor that crashed comes back and is
 * asked again. */
static bool nobody_to_ask(const struct init *init)
{
	return init->supervisor.channel.fd < 0 && services_gone(init);
}

static bool services_gone(const struct init *init)
{
	return !children_services_alive(&init->children);
}

static bool recorder_gone(const struct init *init)
{
	return helper_gone(init, HELPER_RECORDER);
}

static bool shipper_gone(const struct init *init)
{
	return helper_gone(init, HELPER_SHIPPER);
}

static void end_helper(struct init *init, enum helper helper)
{
	const struct child *child = children_alive(&init->children, SUBJECT_OF_HELPER(helper));

	if (child)
		(void)syscall(SYS_pidfd_send_signal, child->pidfd, SIGTERM, NULL, 0);
}

static const char *power_name(enum power how)
{
	static const char *const names[] = {"poweroff", "reboot", "halt"};

	_Static_assert(ARRAY_SIZE(names) == POWER_COUNT, "one name each");
	return names[how];
}

static void stage_asking(struct init *init)
{
	loop_timer_set(&init->loop, &init->power.deadline,
		       clock_monotonic_ms() + children_stop_ms(&init->children) + ASKING_SLACK_MS);
}

/* Every service is below this one cgroup, announced or not. */
static void stage_killing(struct init *init)
{
	audit_emit(EVENT_POWER, AUDIT_S(power_name(init->power.how)));
	log_line("%s", power_name(init->power.how));
	(void)cgroup_kill("services");
	/* Also one that got out of its cgroup, or whose cgroup is gone. */
	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		const struct child *child = &init->children.rows[i];

		if (child->state == CHILD_ALIVE && !SUBJECT_IS_HELPER(child->subject))
			(void)syscall(SYS_pidfd_send_signal, child->pidfd, SIGKILL, NULL, 0);
	}
}

/* On SIGTERM it writes what is in the rings, syncs and exits. */
static void stage_flushing(struct init *init)
{
	end_helper(init, HELPER_RECORDER);
}

static void stage_shipping(struct init *init)
{
	end_helper(init, HELPER_SHIPPER);
}

static void stage_clearing(struct init *init)
{
	(void)kill(-1, SIGKILL);
	/* The stored descriptors hold mounts of images, whose files are on the state partition. */
	store_clear(&init->store);
	link_close(init, &init->launcher);
	link_close(init, &init->supervisor);
}

static void stage_leaving(struct init *init)
{
	pid_t pid;

	watchdog_feed(init->watchdog_fd);
	pid = fork();
	if (pid == 0)
		power_leave(init->power.how);
	if (pid < 0)
		log_line("power: %s", err_text(errno));
}

static void stage_forcing(struct init *init)
{
	static const enum reboot_how how[POWER_COUNT] = {REBOOT_POWER_OFF, REBOOT_RESTART,
							 REBOOT_HALT};

	(void)reboot_by_child(how[init->power.how]);
}

static void stage_lost(struct init *init)
{
	/* Nothing is left that could be lost by a reset. */
	loop_timer_clear(&init->loop, &init->watchdog);
}

_Noreturn void power_leave(enum power how)
{
	static const enum reboot_how hows[POWER_COUNT] = {REBOOT_POWER_OFF, REBOOT_RESTART,
							  REBOOT_HALT};
	int r = -1;

	/* Copies of init's descriptors hold mounts as well; 1 and 2 are the console. */
	(void)syscall(SYS_close_range, 3, ~0u, 0);
	sync();
	/* Loop devices and device-mapper nodes let go of their files some time after their last
	 * user. */
	for (int i = 0; i < UNMOUNT_TRIES; i++) {
		r = umount2("/state", UMOUNT_NOFOLLOW);
		if (r == 0 || errno == EINVAL || errno == ENOENT)
			break;
		pause_ms(UNMOUNT_PAUSE_MS);
	}
	if (r)
		(void)mount(NULL, "/state", NULL, MS_REMOUNT | MS_RDONLY, NULL);
	sync();
	log_line("good-bye");
	(void)reboot_by_child(hows[how]);
	_exit(0);
}

/* ---- from stage to stage */

static void enter(struct init *init, enum power_stage stage);

static void deadline_due(struct loop *loop, struct timer *timer)
{
	struct power_off *power = container_of(timer, struct power_off, deadline);

	(void)loop;
	if (power->stage < STAGE_LOST)
		enter(power->init, power->stage + 1);
}

static void enter(struct init *init, enum power_stage stage)
{
	struct power_off *power = &init->power;
	const struct stage *row = &stages[stage];

	power->stage = stage;
	power->init = init;
	power->deadline.due = deadline_due;
	log_line("power: %s", row->name);
	loop_timer_clear(&init->loop, &power->deadline);
	if (row->limit_ms)
		loop_timer_set(&init->loop, &power->deadline, clock_monotonic_ms() + row->limit_ms);
	if (row->begin)
		row->begin(init);
}

void power_check(struct init *init)
{
	/* Each stage may find its work done already. */
	while (stages[init->power.stage].over && stages[init->power.stage].over(init))
		enter(init, init->power.stage + 1);
}

bool power_is_ending(const struct init *init)
{
	return init->power.stage >= STAGE_FLUSHING;
}

void power_ask(struct init *init, enum power how, const char *why)
{
	if (init->power.stage != STAGE_UP)
		return;
	log_line("%s: %s", power_name(how), why);
	init->power.how = how;
	init->power.shutdown_due = true;
	enter(init, STAGE_ASKING);
	power_check(init);
	links_pump(init);
}

void power_now(struct init *init, enum power how)
{
	if (init->power.stage > STAGE_ASKING)
		return;
	init->power.how = how;
	enter(init, STAGE_KILLING);
	power_check(init);
}

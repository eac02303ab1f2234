#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "cgroups.h"
#include "init.h"
#include "links.h"
#include "sys/board.h"

#define LAUNCHER_PATH "/usr/lib/bartizan/launcher"
#define HIGH_FD       32 /* above every number that the launcher is promised */

/* What nobody below init needs. The bounding set is inherited for ever, so that not even a launcher
 * that was taken over gets it back. */
/* clang-format off */
static const int dropped[] = {
	CAP_SYS_MODULE,		/* modules are loaded by init, before the launcher exists */
	CAP_SYS_BOOT,		/* the device goes down by init alone; also kexec */
	CAP_SYS_TIME,		/* the clock is set by init, within bounds */
	CAP_SYSLOG,		/* the kernel log and its addresses */
	CAP_MAC_OVERRIDE,	/* labels hold for the launcher too */
	CAP_MAC_ADMIN,
	CAP_SYS_RAWIO,		/* ports, /dev/mem, SCSI commands */
	CAP_SYS_PACCT,
	CAP_SYS_TTY_CONFIG,
	CAP_WAKE_ALARM,
	CAP_BLOCK_SUSPEND,
	CAP_LEASE,
	CAP_LINUX_IMMUTABLE,
	CAP_AUDIT_CONTROL,	/* the kernel's audit rules */
	CAP_AUDIT_WRITE,	/* forged records in the kernel's audit stream */
	CAP_IPC_OWNER,
	CAP_CHECKPOINT_RESTORE, /* choosing a pid */
};
/* clang-format on */

struct start {
	char generation[16];
	char locked[LOCK_WORD + 16];
	char procs[160]; /* cgroup.procs of its leaf */
	int fds[4];      /* become 3, 4, 5, 6 */
};

/* ---- in the child: any failure ends it, and init sees the exit status */

static _Noreturn void child_fail(const char *what)
{
	log_line("launcher: cannot be started: %s: %s", what, err_text(errno));
	_exit(125);
}

static void child_descriptors(const struct start *s)
{
	int high[4];
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	int console_fd = open(board.console, O_WRONLY | O_NOCTTY | O_CLOEXEC);

	/* Two steps, because a source may have the number that another one is to get. */
	for (int i = 0; i < 4; i++) {
		high[i] = fcntl(s->fds[i], F_DUPFD, HIGH_FD);
		if (high[i] < 0)
			child_fail("descriptor");
	}
	if (null_fd < 0)
		child_fail("/dev/null");
	if (console_fd < 0)
		console_fd = null_fd;
	if (dup2(null_fd, 0) < 0 || dup2(console_fd, 1) < 0 || dup2(console_fd, 2) < 0)
		child_fail("standard descriptors");
	for (int i = 0; i < 4; i++)
		if (dup2(high[i], 3 + i) < 0)
			child_fail("descriptor");
	if (syscall(SYS_close_range, 7, ~0u, 0))
		child_fail("close_range");
}

static void child_rights(void)
{
	const struct rlimit no_core = {0, 0};

	for (size_t i = 0; i < ARRAY_SIZE(dropped); i++)
		if (prctl(PR_CAPBSET_READ, dropped[i], 0, 0, 0) != 0 &&
		    prctl(PR_CAPBSET_DROP, dropped[i], 0, 0, 0))
			child_fail("bounding set");
	/* Read back: what could not be dropped must not be there. */
	for (size_t i = 0; i < ARRAY_SIZE(dropped); i++)
		if (prctl(PR_CAPBSET_READ, dropped[i], 0, 0, 0) > 0)
			child_fail("bounding set");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		child_fail("no_new_privs");
	if (setrlimit(RLIMIT_CORE, &no_core))
		child_fail("core limit");
}

static void child_signals(void)
{
	sigset_t none;

	/* init ignores and handles nothing, it only blocks. */
	(void)sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL))
		child_fail("signal mask");
}

static _Noreturn void child_run(const struct start *s)
{
	static char name[] = "launcher";
	char *arguments[4];
	char generation[16];
	char locked[LOCK_WORD + 16];
	char *none[] = {NULL};

	memcpy(generation, s->generation, sizeof(generation));
	memcpy(locked, s->locked, sizeof(locked));
	arguments[0] = name;
	arguments[1] = generation;
	arguments[2] = locked;
	arguments[3] = NULL;
	(void)setsid();
	(void)umask(022);
	/* A device without cgroups is locked already, and the launcher then refuses every service.
	 */
	if (s->procs[0] && fd_write_file(AT_FDCWD, s->procs, "0"))
		child_fail("cgroup");
	child_descriptors(s);
	child_rights();
	child_signals();
	(void)execve(LAUNCHER_PATH, arguments, none);
	child_fail(LAUNCHER_PATH);
}

/* ---- in init */

static void describe(struct init *init, struct start *s, uint32_t generation,
		     struct message_child *m)
{
	const struct producer_ring *ring = &init->producers.rings[PRODUCER_LAUNCHER];

	(void)snprintf(s->generation, sizeof(s->generation), "%u", generation);
	if (init->locked[0])
		str_join(s->locked, sizeof(s->locked), "no-services:", init->locked, "");
	else
		(void)str_copy(s->locked, sizeof(s->locked), "-");
	s->fds[1] = ring->ring_fd;
	s->fds[2] = ring->index_read_fd;
	s->fds[3] = ring->bell_fd;
	*m = (struct message_child){.head = {.type = M_CHILD,
					     .subject = SUBJECT_OF_HELPER(HELPER_LAUNCHER),
					     .generation = generation}};
	(void)str_copy(m->name, sizeof(m->name), "launcher");
	if (cgroups_launcher_leaf(generation, m->cgroup, sizeof(m->cgroup)))
		m->cgroup[0] = '\0';
	s->procs[0] = '\0';
	if (m->cgroup[0])
		(void)snprintf(s->procs, sizeof(s->procs), CGROUP_OURS "/%s/cgroup.procs",
			       m->cgroup);
}

static int start_child(struct init *init, struct start *s, struct message_child *m)
{
	CLEAN_FD int pidfd = -1;
	pid_t pid = fork();

	if (pid == 0)
		child_run(s);
	if (pid < 0)
		return -errno;
	m->pid = pid;
	/* Not yet reaped, so the number cannot have been given to another. */
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		pidfd = -1;
	(void)children_add(&init->children, m, take_fd(&pidfd));
	return helpers_started(init, HELPER_LAUNCHER, m->head.generation, pid);
}

static int start(struct init *init, uint32_t generation)
{
	struct message_child m;
	struct start s;
	int pair[2];
	int r = channel_pair(pair);

	if (r)
		return r;
	s.fds[0] = pair[1];
	describe(init, &s, generation, &m);
	r = start_child(init, &s, &m);
	fd_close(&pair[1]);
	if (!r)
		r = link_open(init, &init->launcher, PEER_LAUNCHER, &pair[0]);
	fd_close(&pair[0]);
	return r;
}

void launcher_start(struct init *init)
{
	struct helper_row *row = &init->helpers.rows[HELPER_LAUNCHER];
	struct err err = {0};
	int r;

	if (power_is_ending(init) ||
	    children_alive(&init->children, SUBJECT_OF_HELPER(HELPER_LAUNCHER)))
		return;
	row->generation++;
	r = start(init, row->generation);
	if (r) {
		(void)err_sys(&err, -r, "generation %u", row->generation);
		(void)helpers_failed(init, HELPER_LAUNCHER, row->generation, &err);
		return;
	}
	links_pump(init);
}

void launcher_gone(struct init *init)
{
	link_drain_and_close(init, &init->launcher);
	init->launcher_ready = false;
	init->launcher_up_due = false;
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		init->children.rows[i].ack_due = false;
	helpers_launcher_gone(init);
}

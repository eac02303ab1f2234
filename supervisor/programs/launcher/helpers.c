#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "programs/launcher/launcher.h"
#include "sandbox/cgroup.h"
#include "sandbox/root_parts.h"
#include "sandbox/userns.h"
#include "seccomp/helper_filters.h"
#include "sys/board.h"
#include "sys/mounts.h"

#define RLIMIT_CORE_INDEX                                                                          \
	4 /* asm-generic/resource.h; the same on every architecture we build for */
#define RLIMIT_NOFILE_INDEX 7
#define INSTANCES           16 /* uids of concurrent verify and compile processes differ */

#define GROUP_SPOOL 903
#define MIB         ((uint64_t)1 << 20)
#define QUIET       (MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC)

/* A directory of the device that a helper sees. */
struct view {
	const char *from;
	const char *to;
	uint32_t attributes;
	const char *root; /* of @from in the file system that init mounted there */
};

/*
 * The built-in policies of our own processes: what services say in their files. Everything that is
 * not here is as for a service: all namespaces new, one uid, no capability, a filter, a proof each.
 */
struct helper_row {
	const char *program;
	const char *directories[4]; /* of its otherwise empty root */
	struct view views[3];
	uid_t uid;
	gid_t gid;
	uint64_t memory;
	int32_t oom_score_adj;
	bool many; /* + generation % INSTANCES to uid and gid */
	bool terminal;
	bool given_files; /* opens files below what it is handed later: no rule can name that before
			   */
	bool sees_root;   /* must know root at the other end of the control socket */
};

/* clang-format off */
static const struct helper_row rows[HELPER_COUNT] = {
	/* Sole writer of the spool. Its loss would be noticed last, so memory pressure takes others first. */
	[HELPER_RECORDER] = {
		.program = PROGRAMS "recorder", .uid = 903, .gid = GROUP_SPOOL, .memory = 64 * MIB, .oom_score_adj = -900,
		.directories = {"spool"}, .views = {{"/state/spool", "/spool", QUIET, "/spool"}},
	},
	/* No network at all: it asks for a connection (M_DIAL), the launcher knows the one address. */
	[HELPER_SHIPPER] = {
		.program = PROGRAMS "shipper", .uid = 904, .gid = GROUP_SPOOL, .memory = 32 * MIB,
		.directories = {"spool", "etc", "etc/bartizan"},
		.views = {{"/state/spool", "/spool", QUIET | MOUNT_RDONLY, "/spool"}, {CONF_DIR, CONF_DIR, QUIET | MOUNT_RDONLY, CONF_DIR}},
	},
	[HELPER_SUPERVISOR] = {
		.program = PROGRAMS "supervisor", .uid = 901, .gid = 901, .memory = 32 * MIB, .oom_score_adj = -500, .sees_root = true,
	},
	/* uid 0 without a capability: only root may connect to the control socket. */
	[HELPER_CONSOLE] = {
		.program = "/usr/bin/bartizan", .uid = 0, .gid = GROUP_SPOOL, .memory = 16 * MIB, .terminal = true,
		.directories = {"spool", "run", "run/bartizan"},
		.views = {{"/state/spool", "/spool", QUIET | MOUNT_RDONLY, "/spool"}, {"/run/bartizan", "/run/bartizan", QUIET | MOUNT_RDONLY, "/bartizan"}},
	},
	[HELPER_VERIFY] = {.program = PROGRAMS "verify", .uid = 910, .gid = 910, .memory = 32 * MIB, .many = true},
	[HELPER_COMPILE] = {.program = PROGRAMS "compile", .uid = 930, .gid = 930, .memory = 32 * MIB, .many = true, .given_files = true},
};
/* clang-format on */

/* mountinfo names the file system; the copies are of whatever init mounted there. */
static const char *type_of(int fd)
{
	static const struct {
		uint32_t magic; /* f_type is a long: not every magic fits one of 32 bits */
		const char *name;
	} types[] = {{0xef53, "ext4"}, {0x01021994, "tmpfs"}, {0x858458f6, "ramfs"}};
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return "?";
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if ((uint32_t)fs.f_type == types[i].magic)
			return types[i].name;
	return "?";
}

static int add_views(const struct helper_row *row, struct plan *plan, struct err *err)
{
	for (const struct view *v = row->views; v->from; v++) {
		struct plan_mount *m = &plan->mounts[plan->mount_count];
		int fd = mounts_copy(v->from, v->attributes, err);

		if (fd < 0)
			return fd;
		*m = (struct plan_mount){
			.fd = fd, .attributes = v->attributes, .type = type_of(fd)};
		str_join(m->path, sizeof(m->path), v->to, "", "");
		str_join(m->root, sizeof(m->root), v->root, "", "");
		plan->mount_count++;
	}
	return 0;
}

static int add_root(const struct helper_row *row, struct plan *plan, struct err *err)
{
	plan->root_fd = root_make_empty(row->directories, err);
	plan->image_fd = plan->root_fd;
	plan->root_type = "tmpfs";
	return plan->root_fd < 0 ? plan->root_fd : add_views(row, plan, err);
}

static int add_cgroup(enum helper which, const struct helper_row *row, struct plan *plan,
		      struct err *err)
{
	const struct cgroup_limits limits = {.memory = row->memory, .pids = 4};
	char parent[32];
	char leaf[16];
	int r;

	str_join(parent, sizeof(parent), "helpers/", helper_name(which), "");
	(void)snprintf(leaf, sizeof(leaf), "%u", plan->generation);
	(void)snprintf(plan->cgroup, sizeof(plan->cgroup), "%s/%s", parent, leaf);
	r = cgroup_prepare(parent, &limits, err);
	if (r)
		return r;
	process_sweep(parent);
	plan->cgroup_fd = cgroup_leaf(parent, leaf, err);
	return plan->cgroup_fd < 0 ? plan->cgroup_fd : 0;
}

/* A link only where the programs share one file; the root is read-only. */
static int open_program(const char *path)
{
	if (IS_ENABLED(CONFIG_MULTICALL))
		return open(path, O_RDONLY | O_CLOEXEC);
	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

static int add_program(enum helper which, const struct helper_row *row, struct plan *plan,
		       struct err *err)
{
	const struct helper_filter *filter = helper_filter_find(helper_name(which));

	if (!filter)
		return err_set(err, ENOENT, "%s has no filter", helper_name(which));
	plan->filter = filter->code;
	plan->filter_count = filter->count;
	plan->rlimits[RLIMIT_NOFILE_INDEX] = (struct policy_rlimit){HELPER_NOFILE, HELPER_NOFILE};
	plan->rlimits[RLIMIT_CORE_INDEX] = (struct policy_rlimit){0, 0};
	plan->mdwe = true;
	plan->exec_fd = open_program(row->program);
	return plan->exec_fd < 0 ? err_sys(err, errno, "%s", row->program) : 0;
}

static void set_identity(enum helper which, const struct helper_row *row, struct plan *plan)
{
	uint32_t instance = row->many ? plan->generation % INSTANCES : 0;

	plan->name = helper_name(which);
	plan->hostname = plan->name;
	plan->subject = SUBJECT_OF_HELPER(which);
	plan->uid = row->uid + instance;
	plan->gid = row->gid + instance;
	plan->oom_score_adj = row->oom_score_adj;
}

/* argv: NAME GENERATION BOOT-ID, and facts for the recorder; the console is a command of the
 * command line. */
static void set_arguments(enum helper which, struct plan *plan)
{
	static char generation[16];

	(void)snprintf(generation, sizeof(generation), "%u", plan->generation);
	plan->argv[0] = (char *)(uintptr_t)helper_name(which);
	plan->argv[1] = generation;
	plan->argv[2] =
		which == HELPER_RECORDER || which == HELPER_SHIPPER ? launcher.boot_id : NULL;
	if (which == HELPER_RECORDER)
		auditor_arguments(plan->argv + 3);
	if (which == HELPER_CONSOLE) {
		plan->argv[0] = (char *)(uintptr_t) "bartizan";
		plan->argv[1] = (char *)(uintptr_t) "console";
		plan->envp[0] = (char *)(uintptr_t) "TERM=vt100";
	}
}

static int prepare(enum helper which, struct plan *plan, struct err *err)
{
	const struct helper_row *row = &rows[which];
	int r;

	set_identity(which, row, plan);
	set_arguments(which, plan);
	r = add_program(which, row, plan, err);
	r = r ? r : add_root(row, plan, err);
	r = r ? r : add_cgroup(which, row, plan, err);
	if (r)
		return r;
	plan->sees_root = row->sees_root;
	/* Where no service starts for want of it, those that say so start without. */
	if (row->given_files || launcher.boot_locked)
		plan->landlock_abi = 0;
	plan->userns_fd = userns_make_for(
		launcher.proc_fd, &(const struct userns_ids){plan->uid, plan->gid, row->sees_root},
		err);
	return plan->userns_fd < 0 ? plan->userns_fd : 0;
}

static int open_terminal(struct plan *plan, struct err *err)
{
	int fd = open(board.console, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "%s", board.console);
	for (int i = 0; i < 3; i++)
		plan->stdio[i] = fd;
	return 0;
}

int helpers_start(enum helper which, uint32_t generation, const struct helper_fds *fds,
		  struct child *child, struct err *err)
{
	static struct plan plan;
	char step[24] = "";
	int r;

	if (!rows[which].program)
		return err_set(err, EINVAL, "%s is not started by the launcher",
			       helper_name(which));
	process_defaults(&plan);
	plan.generation = generation;
	for (unsigned int i = 0; i < fds->count; i++)
		plan.fds[plan.fd_count++] = fds->fds[i];
	r = rows[which].terminal ? open_terminal(&plan, err) : 0;
	r = r ? r : prepare(which, &plan, err);
	r = r ? r : process_start(&plan, child, step, err);
	process_close_mounts(&plan);
	fd_close(&plan.userns_fd);
	if (plan.stdio[0] != launcher.null_fd)
		fd_close(&plan.stdio[0]);
	if (r && *step)
		(void)err_prefix(err, "%s", step);
	return r ? -err->code : 0;
}

/* ---- what init asks for */

/* Our end of a new link; the other one is @fds[0] of the helper. */
static int link_new(int *own, int *theirs, struct err *err)
{
	int ends[2];
	int r = channel_pair(ends);

	if (r)
		return err_sys(err, -r, "socket pair");
	*own = ends[0];
	*theirs = ends[1];
	return 0;
}

static int start_recorder(struct received *received, int *own, struct child *child, struct err *err)
{
	struct helper_fds fds = {.count = 1};
	int r = link_new(own, &fds.fds[0], err);

	if (r)
		return r;
	for (int i = 0; i < received->fd_count; i++)
		fds.fds[fds.count++] = received->fds[i];
	if (launcher.device_fd >= 0) /* 13 in the recorder; without one it takes its defaults */
		fds.fds[fds.count++] = launcher.device_fd;
	r = helpers_start(HELPER_RECORDER, received->message.head.generation, &fds, child, err);
	fd_close(&fds.fds[0]);
	return r;
}

static int start_shipper(struct received *received, int *own, struct child *child, struct err *err)
{
	struct helper_fds fds = {.fds = {-1, launcher.device_fd}, .count = 2};
	int r;

	if (launcher.device_fd < 0)
		return err_set(err, ENODATA, "there is no device policy");
	r = link_new(own, &fds.fds[0], err);
	if (r)
		return r;
	r = helpers_start(HELPER_SHIPPER, received->message.head.generation, &fds, child, err);
	fd_close(&fds.fds[0]);
	return r;
}

static int start_supervisor(struct received *received, int *own, struct child *child,
			    struct err *err)
{
	struct helper_fds fds = {.count = 0};
	int theirs = -1;
	int r = link_new(own, &theirs, err);

	if (r)
		return r;
	for (int i = 0; i < received->fd_count; i++)
		fds.fds[fds.count++] = received->fds[i];
	fds.fds[fds.count++] = theirs;
	fds.fds[fds.count++] = launcher.control_fd;
	r = helpers_start(HELPER_SUPERVISOR, received->message.head.generation, &fds, child, err);
	fd_close(&theirs);
	return r;
}

static int start_console(struct received *received, int *own, struct child *child, struct err *err)
{
	const struct helper_fds none = {.count = 0};

	(void)own;
	return helpers_start(HELPER_CONSOLE, received->message.head.generation, &none, child, err);
}

static void no_link(int fd, bool fresh)
{
	(void)fd;
	(void)fresh;
}

static void supervisor_link(int fd, bool fresh)
{
	(void)fresh;
	requests_link(fd);
}

/* What init may ask for with which message, and who takes over our end of the link. */
static const struct {
	uint16_t type;
	enum helper which;
	int (*start)(struct received *, int *own, struct child *, struct err *);
	void (*linked)(int fd, bool fresh);
} askable[] = {
	{M_HELPER_RECORDER, HELPER_RECORDER, start_recorder, peers_recorder},
	{M_HELPER_SUPERVISOR, HELPER_SUPERVISOR, start_supervisor, supervisor_link},
	{M_HELPER, HELPER_SHIPPER, start_shipper, peers_shipper},
	{M_HELPER, HELPER_CONSOLE, start_console, no_link},
};

static void report_failure(const struct message_head *asked, const struct err *err)
{
	struct message_done m = {.head = *asked, .err = *err};

	m.head.type = M_HELPER_FAILED;
	init_send(&m, NULL, 0);
}

void helpers_handle(struct received *received)
{
	const struct message_head *head = &received->message.head;
	struct err err = {0};

	for (size_t i = 0; i < ARRAY_SIZE(askable); i++) {
		struct child child = CHILD_NONE;
		int own = -1;

		if (askable[i].type != head->type ||
		    SUBJECT_OF_HELPER(askable[i].which) != head->subject)
			continue;
		if (askable[i].start(received, &own, &child, &err)) {
			fd_close(&own);
			report_failure(head, &err);
			return;
		}
		sandbox_child_close(&child);
		if (own >= 0)
			init_store(head->subject, STORE_LINK, own);
		askable[i].linked(own, true);
		return;
	}
	(void)err_set(&err, EINVAL, "no such helper");
	report_failure(head, &err);
}

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "fault.h"
#include "programs/launcher/launcher.h"
#include "sandbox/cgroup.h"
#include "sandbox/root_parts.h"
#include "sys/board.h"
#include "sys/mounts.h"
#include "tests/bench/launch/world.h"

/*
 * The launcher without its messages: process.c and prepared.c as they are, and what start.c puts
 * into a plan. init is the parent of world.c.
 */
#define UID    10000
#define KEPT   (MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC)
#define PARENT "services/faulty"

struct launcher launcher;
/* What every board declares; nothing else of it is looked at. */
const struct board board = {.landlock_abi = 2};
static struct service service = {.name = "faulty", .userns_fd = -1, .pool = {-1, -1, -1}};

/* ---- doubles */

int init_announce(const struct plan *plan, const struct child *child, struct err *err)
{
	(void)plan;
	(void)err;
	world_announce(child->pid);
	return 0;
}

void init_store(uint16_t subject, enum store_kind kind, int fd)
{
	(void)subject;
	(void)kind;
	(void)fd;
}

void init_drop(uint16_t subject, enum store_kind kind)
{
	(void)subject;
	(void)kind;
}

int map_mount(const struct note *note, uint32_t attributes, struct err *err)
{
	(void)note;
	return mounts_copy("/image", attributes, err);
}

/* ---- one launch */

static void add(struct plan *p, int fd, const char *path, uint32_t attributes, const char *type)
{
	struct plan_mount *m = &p->mounts[p->mount_count++];

	*m = (struct plan_mount){.fd = fd, .attributes = attributes, .type = type};
	str_join(m->path, sizeof(m->path), path, "", "");
}

static void set_limits(struct plan *p)
{
	for (int i = 0; i < POLICY_RLIMITS; i++) {
		struct rlimit now = {RLIM_INFINITY, RLIM_INFINITY};

		(void)getrlimit(i, &now);
		p->rlimits[i] = (struct policy_rlimit){now.rlim_max, now.rlim_max};
	}
	p->rlimits[RLIMIT_NOFILE] = (struct policy_rlimit){1024, 1024};
	p->rlimits[RLIMIT_CORE] = (struct policy_rlimit){0, 0};
}

static int make_plan(struct plan *p, struct err *err)
{
	const struct root_tmpfs tmp = {1 << 20, 64, 0700, UID, UID};
	const struct cgroup_limits none = {0};
	int r;

	process_defaults(p);
	set_limits(p);
	p->name = p->hostname = "faulty";
	p->uid = p->gid = UID;
	p->umask = 027;
	p->oom_score_adj = 300;
	p->mdwe = true;
	p->filter = world.filter.code;
	p->filter_count = (uint16_t)world.filter.count;
	p->filter_tried = service.proven;
	p->subject = SUBJECT_OF_HELPER(HELPER_VERIFY); /* nothing to store for it */
	p->root_type = "tmpfs";
	p->argv[0] = (char *)(uintptr_t) "/bin/true";
	p->argv[1] = (char *)(uintptr_t) "asleep";
	add(p, -1, "/dev", MOUNT_RDONLY | MOUNT_NOSUID | MOUNT_NOEXEC, "tmpfs");
	p->mounts[0].pooled = true;
	r = prepared_user(&service, p, err);
	r = r ? r : prepared_root(&service, p, err);
	if (r)
		return r;
	add(p, -1, "/proc", KEPT, "proc");
	r = root_make_tmpfs(&tmp, err);
	if (r < 0)
		return r;
	add(p, r, "/tmp", KEPT, "tmpfs");
	p->program = p->argv[0];
	p->image_fd = world.image_fd;
	p->exec_fd = openat(world.image_fd, "bin/true", O_RDONLY | O_CLOEXEC);
	if (p->exec_fd < 0)
		return err_sys(err, errno, "program");
	str_join(p->cgroup, sizeof(p->cgroup), PARENT "/1", "", "");
	r = cgroup_prepare(PARENT, &none, err);
	if (r)
		return r;
	process_sweep(PARENT);
	p->cgroup_fd = cgroup_leaf(PARENT, "1", err);
	return p->cgroup_fd < 0 ? p->cgroup_fd : 0;
}

static int launch(struct child *child)
{
	static struct plan plan;
	struct err err = {0};
	char step[24] = "";
	int r = make_plan(&plan, &err);

	r = r ? r : process_start(&plan, child, step, &err);
	process_close_mounts(&plan);
	if (r)
		prepared_drop(&service);
	service.proven = !r;
	return r;
}

/* ---- what is left of it */

static int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int count = 0;

	while (dir && (entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	if (dir)
		(void)closedir(dir);
	return count;
}

static int count_lines(const char *path)
{
	int fd = openat(world.proc_fd, path, O_RDONLY | O_CLOEXEC);
	static char text[65536];
	ssize_t n = fd < 0 ? -1 : fd_read_up_to(fd, text, sizeof(text));
	int count = 0;

	(void)close(fd);
	for (ssize_t i = 0; i < n; i++)
		count += text[i] == '\n';
	return count;
}

/* Whoever is dead has been reaped when its cgroup can be removed. */
static int leaves_left(void)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	for (int i = 0; i < 3000; i++) {
		char told[64];

		while (recv(world.parent_fd, told, sizeof(told), MSG_DONTWAIT) > 0)
			;
		if (cgroup_remove_leaf(PARENT, "1") == 0)
			return 0;
		(void)nanosleep(&pause, NULL);
	}
	return 1;
}

static long mark(enum mark what, long a, long b, long c)
{
	return syscall(SYS_getppid, MAGIC, what, a, b, c);
}

static void cycle(long order)
{
	struct child child = CHILD_NONE;
	char fds[32];
	int leaves, r;

	if (order == ORDER_COLD)
		prepared_drop(&service);
	(void)mark(MARK_BEGIN, 0, 0, 0);
	r = launch(&child);
	(void)mark(MARK_END, r, 0, 0);
	if (r == 0)
		(void)syscall(SYS_pidfd_send_signal, child.pidfd, SIGKILL, NULL, 0);
	sandbox_child_close(&child);
	leaves = leaves_left();
	(void)snprintf(fds, sizeof(fds), "/proc/self/fd");
	(void)mark(MARK_LEFT, count_entries(fds), count_lines("self/mountinfo"), leaves);
}

_Noreturn void launching_run(const char *program, int tell_fd, int go_fd)
{
	pid_t own;
	long order;
	char go;

	world_split();
	world_open(program, true, NULL);
	if (mkdir("/sys", 0755) || mkdir("/sys/fs", 0755) || mkdir("/sys/fs/cgroup", 0755) ||
	    mkdir("/proc", 0755) || mount("none", "/sys/fs/cgroup", "cgroup2", 0, NULL) ||
	    mount("none", "/proc", "proc", 0, NULL))
		world_die("places", NULL);
	(void)mkdir("/sys/fs/cgroup/bartizan/services", 0755);
	launcher.proc_fd = world.proc_fd;
	launcher.null_fd = world.null_fd;
	own = getpid();
	if (write(tell_fd, &own, sizeof(own)) != (ssize_t)sizeof(own) || read(go_fd, &go, 1) != 1)
		world_die("not traced", NULL);
	(void)close(tell_fd);
	(void)close(go_fd);
	while ((order = mark(MARK_ASK, 0, 0, 0)) != ORDER_END)
		cycle(order);
	(void)cgroup_remove_leaf("services", "faulty");
	world_close();
	_exit(0);
}

#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "sandbox/root_parts.h"
#include "seccomp/build.h"
#include "sys/mounts.h"

#define SERVICE_FILES 1024

struct world world;
static int cgroups_fd = -1;

/* From parent to child: who was reaped, the largest that ever was, and what all of them used. */
struct reaped {
	pid_t pid; /* 0: an acknowledgement */
	unsigned long peak_kib;
	uint64_t cpu_us;
};

_Noreturn void world_die(const char *what, const struct err *err)
{
	(void)fprintf(stderr, "launch: %s: %s\n", what, err ? err->msg : strerror(errno));
	_exit(1);
}

static uint64_t microseconds(const struct timeval *t)
{
	return (uint64_t)t->tv_sec * 1000000 + (uint64_t)t->tv_usec;
}

static void count_up(struct reaped *told)
{
	struct rusage used;

	if (getrusage(RUSAGE_CHILDREN, &used))
		return;
	told->peak_kib = (unsigned long)used.ru_maxrss;
	told->cpu_us = microseconds(&used.ru_utime) + microseconds(&used.ru_stime);
}

/* Everybody who is dead. True: the child that measures is one of them. */
static bool reap(int fd, pid_t own, int *status)
{
	struct reaped told = {0};
	int ended;

	while ((told.pid = waitpid(-1, &ended, WNOHANG)) > 0) {
		count_up(&told);
		if (told.pid == own) {
			*status = ended;
			return true;
		}
		(void)!write(fd, &told, sizeof(told));
	}
	return false;
}

static _Noreturn void be_parent(int fd, pid_t own, int signal_fd)
{
	struct pollfd all[2] = {{.fd = signal_fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
	const struct reaped ack = {0};
	int status = 0;

	for (;;) {
		struct signalfd_siginfo info;
		pid_t pid;

		(void)poll(all, 2, -1);
		if (all[1].revents & POLLIN && read(fd, &pid, sizeof(pid)) == (ssize_t)sizeof(pid))
			(void)!write(fd, &ack, sizeof(ack));
		if (all[0].revents & POLLIN &&
		    read(signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info) &&
		    reap(fd, own, &status))
			_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	}
}

void world_split(void)
{
	int pair[2];
	int signal_fd;
	sigset_t set;
	pid_t pid;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (signal_fd < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		world_die("parent", NULL);
	pid = fork();
	if (pid < 0)
		world_die("fork", NULL);
	if (pid) {
		(void)close(pair[1]);
		be_parent(pair[0], pid, signal_fd);
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)close(pair[0]);
	(void)close(signal_fd);
	world.parent_fd = pair[1];
}

static struct reaped last;

static void receive(void)
{
	if (read(world.parent_fd, &last, sizeof(last)) != (ssize_t)sizeof(last))
		_exit(1);
}

void world_announce(pid_t pid)
{
	if (write(world.parent_fd, &pid, sizeof(pid)) != (ssize_t)sizeof(pid))
		world_die("announce", NULL);
	do
		receive();
	while (last.pid);
}

void world_wait(pid_t pid)
{
	do
		receive();
	while (last.pid != pid);
}

unsigned long world_peak_kib(void)
{
	return last.peak_kib;
}

uint64_t world_cpu_us(void)
{
	struct rusage own;

	if (getrusage(RUSAGE_SELF, &own))
		return 0;
	return microseconds(&own.ru_utime) + microseconds(&own.ru_stime) + last.cpu_us;
}

/* ---- file systems */

static void copy(const char *from, int directory, const char *to)
{
	static char bytes[1 << 20];
	CLEAN_FD int in = open(from, O_RDONLY | O_CLOEXEC);
	CLEAN_FD int out = openat(directory, to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	ssize_t n = in < 0 ? -1 : fd_read_up_to(in, bytes, sizeof(bytes));

	if (n <= 0 || out < 0 || fd_write_all(out, bytes, (size_t)n))
		world_die(from, NULL);
}

static void make_image(const char *program)
{
	static const char *const dirs[] = {"bin", "dev", "proc", "tmp"};
	static const struct mount_option options[] = {{"mode", "0755"}, {NULL, NULL}};
	struct err err = {0};

	world.image_fd = mounts_new("tmpfs", options, MOUNT_NOSUID | MOUNT_NODEV, &err);
	if (world.image_fd < 0)
		world_die("image", &err);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (mkdirat(world.image_fd, dirs[i], 0755))
			world_die(dirs[i], NULL);
	copy(program, world.image_fd, "bin/true");
	if (mounts_change(world.image_fd, MOUNT_RDONLY, 0))
		world_die("image", NULL);
}

/* What has been attached once can be cloned in every kernel. */
int world_root(void)
{
	struct err err = {0};
	int fd = access("/image", F_OK)
			 ? fcntl(world.image_fd, F_DUPFD_CLOEXEC, 3)
			 : mounts_copy("/image", MOUNT_RDONLY | MOUNT_NOSUID | MOUNT_NODEV, &err);

	if (fd < 0)
		world_die("root", &err);
	return fd;
}

static void open_cgroup(void)
{
	static const char *const places[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};
	char path[128];

	(void)snprintf(world.cgroup, sizeof(world.cgroup), "bench-%d", getpid());
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		(void)snprintf(path, sizeof(path), "%s/cgroup.procs", places[i]);
		if (access(path, F_OK))
			continue;
		(void)snprintf(path, sizeof(path), "%s/bartizan", places[i]);
		(void)mkdir(path, 0755);
		cgroups_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (mkdirat(cgroups_fd, world.cgroup, 0755) && errno != EEXIST)
			world_die(path, NULL);
		world.cgroup_fd = openat(cgroups_fd, world.cgroup, O_DIRECTORY | O_CLOEXEC);
		return;
	}
	world_die("no unified cgroup hierarchy", NULL);
}

int world_leaf(const char *name)
{
	int fd;

	if (mkdirat(world.cgroup_fd, name, 0755))
		world_die("leaf", NULL);
	fd = openat(world.cgroup_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		world_die("leaf", NULL);
	return fd;
}

void world_remove_leaf(const char *name)
{
	if (unlinkat(world.cgroup_fd, name, AT_REMOVEDIR))
		world_die("leaf cannot be removed", NULL);
}

/* A root of our own with two mounts: cloning a mount namespace copies all that the caller has. */
static void be_small(void)
{
	if (mount("none", "/mnt", "tmpfs", 0, "mode=0755") || mkdir("/mnt/run", 0755) ||
	    mkdir("/mnt/image", 0755) || chdir("/mnt") || syscall(SYS_pivot_root, ".", ".") ||
	    umount2(".", MNT_DETACH) || chdir("/"))
		world_die("small root", NULL);
}

/* Validated as the launcher does it when it takes one over. */
static void read_filter(const char *path)
{
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct err err = {0};

	if (fd < 0 || fd_pread_exact(fd, &world.filter, sizeof(world.filter), 0))
		world_die(path, NULL);
	if (seccomp_filter_validate(&world.filter, ARCH_X86_64, &err))
		world_die(path, &err);
}

static void make_filter(void)
{
	static struct policy policy = {.seccomp = SECCOMP_STRICT, .mdwe = true};
	struct err err = {0};

	policy.rlimits[7] = (struct policy_rlimit){SERVICE_FILES, SERVICE_FILES};
	if (seccomp_build(&policy, NULL, ARCH_X86_64, &world.filter, &err))
		world_die("filter", &err);
}

int world_write_filter(const char *path)
{
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	make_filter();
	if (fd < 0 || fd_write_all(fd, &world.filter, sizeof(world.filter)))
		world_die(path, NULL);
	return 0;
}

void world_open(const char *program, bool alone, const char *filter)
{
	struct rlimit files;
	struct err err = {0};

	/* A thousand services need several thousand; a machine that gives fewer says so by itself.
	 */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		world_die("own mounts", NULL);
	if (filter)
		read_filter(filter);
	else
		make_filter();
	open_cgroup();
	world.null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	make_image(program);
	if (alone)
		be_small();
	else if (mount("none", "/run", "tmpfs", 0, "mode=0755") ||
		 mount("none", "/mnt", "tmpfs", 0, NULL))
		world_die("places", NULL);
	world.proc_fd = procfs_open(&err);
	if (world.proc_fd < 0 || sandbox_open(&err))
		world_die("places", &err);
	if (alone && mounts_attach(world.image_fd, "/image"))
		world_die("image", NULL);
}

void world_close(void)
{
	(void)unlinkat(cgroups_fd, world.cgroup, AT_REMOVEDIR);
}

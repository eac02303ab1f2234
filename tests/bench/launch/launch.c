#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "moment.h"
#include "sandbox/attest.h"
#include "sandbox/pool.h"
#include "sandbox/root_parts.h"
#include "sandbox/userns.h"
#include "sys/mounts.h"
#include "world.h"

/*
 * launch PROGRAM once [FILTER] | compile FILTER | run COMMAND... | cycle fresh|pooled|standby COUNT
 * | plain COUNT | scale COUNT | filter COUNT: the sandbox code of the launcher, measured. One line
 * of JSON per measurement on standard output; times in microseconds.
 */
#define READY_MS     10000
#define UID          10000
#define OOM_SCORE    300
#define LANDLOCK_ABI 2 /* what the boards declare */
#define KEPT         (MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC)

/* ---- phases */

enum phase { PREPARE, CLONE, ANNOUNCE, STEPS, ATTEST, EXEC, RUN, CLEAN, PHASES };
static const char *const phase_names[PHASES] = {"prepare", "clone", "announce", "steps",
						"attest",  "exec",  "run",      "clean"};
static uint64_t marks[PHASES + 1];

static void mark(enum phase done)
{
	marks[done + 1] = now_ns();
}

static void print_phases(const char *mode)
{
	printf("{\"mode\": \"%s\", \"total\": " TENTHS, mode, IN_US(marks[PHASES] - marks[0]));
	for (int i = 0; i < PHASES; i++)
		printf(", \"%s\": " TENTHS, phase_names[i], IN_US(marks[i + 1] - marks[i]));
	printf("}\n");
}

/* ---- one service */

/* As in the launcher: one start at a time, so that what is kept of a thousand services is small and
 * a fork copies little. */
static struct plan plan;

struct service {
	struct pool pool;
	struct child child;
	int userns_fd;
	char leaf[16];
};

static struct plan_mount *add(struct plan *p, int fd, const char *path, uint32_t attributes,
			      const char *type)
{
	struct plan_mount *m = &p->mounts[p->mount_count++];

	*m = (struct plan_mount){.fd = fd, .attributes = attributes, .type = type};
	str_join(m->path, sizeof(m->path), path, "", "");
	return m;
}

static void defaults(bool asleep)
{
	static char *const words[] = {(char *)(uintptr_t) "/bin/true",
				      (char *)(uintptr_t) "asleep"};
	struct plan *p = &plan;

	*p = (struct plan){
		.name = "bench",
		.hostname = "bench",
		.cgroup_fd = -1,
		.join_pidfd = -1,
		.uid = UID,
		.gid = UID,
		.userns_fd = -1,
		.proc_fd = world.proc_fd,
		.pool = POOL_NONE,
		.root_fd = -1,
		.image_fd = -1,
		.rules_fd = -1,
		.landlock_abi = LANDLOCK_ABI,
		.root_type = "tmpfs",
		.umask = 077,
		.working_dir = "/",
		.oom_score_adj = OOM_SCORE,
		.mdwe = true,
		.filter = world.filter.code,
		.filter_count = (uint16_t)world.filter.count,
		.exec_fd = -1,
		.stdio = {world.null_fd, world.null_fd, world.null_fd},
		.argv = {words[0], asleep ? words[1] : NULL},
	};
	for (int i = 0; i < POLICY_RLIMITS; i++) {
		struct rlimit now = {RLIM_INFINITY, RLIM_INFINITY};

		(void)getrlimit(i, &now);
		p->rlimits[i] = (struct policy_rlimit){now.rlim_max, now.rlim_max};
	}
	p->rlimits[7] = (struct policy_rlimit){1024, 1024};
	p->rlimits[13] = p->rlimits[14] = (struct policy_rlimit){0, 0};
}

static int must(int r, const char *what, const struct err *err)
{
	if (r < 0)
		world_die(what, err);
	return r;
}

static void add_dev(struct plan *p)
{
	struct err err = {0};

	add(p, must(root_make_dev(p, &err), "/dev", &err), "/dev",
	    MOUNT_RDONLY | MOUNT_NOSUID | MOUNT_NOEXEC, "tmpfs")
		->pooled = true;
}

static void prepare_pool(struct service *s)
{
	struct err err = {0};

	defaults(false);
	s->userns_fd = must(userns_make(world.proc_fd, UID, UID, &err), "userns", &err);
	fd_raise(&s->userns_fd);
	plan.root_fd = world_root();
	add_dev(&plan);
	must(pool_make(&plan, &s->pool, &err), "pool", &err);
	fd_close(&plan.root_fd);
	fd_close(&plan.mounts[0].fd);
}

static void prepare(struct service *s, bool pooled, bool asleep)
{
	const struct root_tmpfs tmp = {1 << 20, 64, 0700, UID, UID};
	struct plan *p = &plan;
	struct err err = {0};

	defaults(asleep);
	if (pooled) {
		p->userns_fd = s->userns_fd;
		p->pool = s->pool;
		p->proc_fd = s->pool.proc_fd;
		p->filter_tried = true;
		add(p, -1, "/dev", MOUNT_RDONLY | MOUNT_NOSUID | MOUNT_NOEXEC, "tmpfs")->pooled =
			true;
	} else {
		p->userns_fd = must(userns_make(world.proc_fd, UID, UID, &err), "userns", &err);
		p->root_fd = world_root();
		add_dev(p);
	}
	add(p, -1, "/proc", KEPT, "proc");
	add(p, must(root_make_tmpfs(&tmp, &err), "/tmp", &err), "/tmp", KEPT, "tmpfs");
	p->exec_fd = must(openat(world.image_fd < 0 ? p->root_fd : world.image_fd, "bin/true",
				 O_RDONLY | O_CLOEXEC),
			  "true", NULL);
	p->program = p->argv[0];
	p->image_fd = world.image_fd;
	p->cgroup_fd = world_leaf(s->leaf);
	(void)snprintf(p->cgroup, sizeof(p->cgroup), "%s/%s", world.cgroup, s->leaf);
}

static void set_oom_score(const struct service *s)
{
	char path[48];
	char value[8];

	(void)snprintf(path, sizeof(path), "%d/oom_score_adj", s->child.pid);
	(void)snprintf(value, sizeof(value), "%d", OOM_SCORE);
	must(fd_write_file(world.proc_fd, path, value), "oom_score_adj", NULL);
}

static void park(struct service *s)
{
	struct err err = {0};
	char step[24] = "";
	unsigned int proofs;

	must(sandbox_clone(&plan, &s->child, &err), "clone", &err);
	mark(CLONE);
	world_announce(s->child.pid);
	mark(ANNOUNCE);
	must(sandbox_release(&s->child), "release", NULL);
	set_oom_score(s);
	if (sandbox_wait_ready(&s->child, step, READY_MS, &err))
		world_die(step, &err);
	mark(STEPS);
	must(sandbox_attest(world.proc_fd, &plan, &s->child, &proofs, &err), "attest", &err);
	mark(ATTEST);
}

static void execute(struct service *s)
{
	struct err err = {0};
	char step[24] = "";

	if (sandbox_exec(&s->child, step, READY_MS, &err))
		world_die(step, &err);
	mark(EXEC);
}

static void close_plan(bool pooled)
{
	for (unsigned int i = 0; i < plan.mount_count; i++)
		fd_close(&plan.mounts[i].fd);
	fd_close(&plan.root_fd);
	fd_close(&plan.exec_fd);
	fd_close(&plan.cgroup_fd);
	if (!pooled)
		fd_close(&plan.userns_fd);
}

static void finish(struct service *s)
{
	sandbox_child_close(&s->child);
	world_wait(s->child.pid);
	mark(RUN);
	world_remove_leaf(s->leaf);
	mark(CLEAN);
}

static void cycle(struct service *s, bool pooled)
{
	marks[0] = now_ns();
	prepare(s, pooled, false);
	mark(PREPARE);
	park(s);
	close_plan(pooled);
	execute(s);
	finish(s);
}

/* ---- measurements */

static int measure_cycles(const char *mode, int count)
{
	static struct service s = {.leaf = "leaf"};
	bool pooled = !str_equal(mode, "fresh");

	if (pooled)
		prepare_pool(&s);
	for (int i = 0; i < count; i++) {
		cycle(&s, pooled);
		print_phases(mode);
	}
	return 0;
}

/* From the byte into the gate to the call of execveat(2), and to the end of file that says that it
 * succeeded. */
static int measure_standby(int count)
{
	static struct service s = {.leaf = "leaf"};

	prepare_pool(&s);
	moment_open();
	for (int i = 0; i < count; i++) {
		uint64_t begin;
		uint64_t end;

		prepare(&s, true, false);
		park(&s);
		close_plan(true);
		(void)usleep(2000); /* it waits for good: not caught on its way to the gate */
		begin = now_ns();
		execute(&s);
		end = now_ns();
		printf("{\"mode\": \"standby\", \"total\": " TENTHS ", \"running\": " TENTHS "}\n",
		       IN_US(moment_ns() - begin), IN_US(end - begin));
		finish(&s);
	}
	return 0;
}

static int measure_plain(const char *program, int count)
{
	for (int i = 0; i < count; i++) {
		uint64_t begin = now_ns();
		pid_t pid = fork();

		if (pid == 0) {
			(void)execl(program, program, (char *)NULL);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			world_die("plain", NULL);
		printf("{\"mode\": \"plain\", \"total\": " TENTHS "}\n", IN_US(now_ns() - begin));
	}
	return 0;
}

/* Somebody else's command, from a process as small as this one. */
static int measure_run(char **command)
{
	uint64_t begin = now_ns();
	pid_t pid = fork();
	struct rusage used = {0};
	int status = 0;

	if (pid == 0) {
		int fd = open("/dev/null", O_RDWR);

		for (int i = 0; i < 3; i++)
			(void)dup2(fd, i);
		(void)execvp(command[0], command);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
		world_die("run", NULL);
	printf("{\"mode\": \"run\", \"total\": " TENTHS ", \"peak_kib\": %ld, \"exit\": %d}\n",
	       IN_US(now_ns() - begin), used.ru_maxrss,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128);
	return fflush(stdout) ? 1 : 0;
}

static int compare(const void *a, const void *b)
{
	return *(const uint64_t *)a < *(const uint64_t *)b ? -1 : 1;
}

/* The middle one: a machine with other things to do stretches single ones. */
static uint64_t middle_ns(uint64_t *ns, int count)
{
	qsort(ns, (size_t)count, sizeof(*ns), compare);
	return ns[count / 2];
}

static void start_asleep(struct service *s)
{
	prepare(s, true, true);
	park(s);
	close_plan(true);
	execute(s);
	fd_close(&s->child.gate_fd);
	fd_close(&s->child.report_fd);
	fd_raise(&s->child.pidfd);
}

static void stop(struct service *s)
{
	(void)syscall(SYS_pidfd_send_signal, s->child.pidfd, SIGKILL, NULL, 0);
	finish(s);
}

/* For each of @count services, one after the other; the middle one of what it took. */
static uint64_t middle_of(struct service *all, int count, void (*change)(struct service *))
{
	uint64_t *took = calloc((size_t)count, sizeof(*took));
	uint64_t middle;

	if (!took)
		world_die("memory", NULL);
	for (int i = 0; i < count; i++) {
		uint64_t begin = now_ns();

		change(&all[i]);
		took[i] = now_ns() - begin;
	}
	middle = middle_ns(took, count);
	free(took);
	return middle;
}

/* @count services: all started, all asleep at once, all stopped. */
static int measure_scale(int count)
{
	struct service *all = calloc((size_t)count, sizeof(*all));
	uint64_t pool, started, stopped, cpu;

	if (!all)
		world_die("memory", NULL);
	for (int i = 0; i < count; i++)
		(void)snprintf(all[i].leaf, sizeof(all[i].leaf), "%d", i);
	pool = middle_of(all, count, prepare_pool);
	cpu = world_cpu_us();
	started = middle_of(all, count, start_asleep);
	stopped = middle_of(all, count, stop);
	cpu = (world_cpu_us() - cpu) * 1000 / (uint64_t)count;
	printf("{\"mode\": \"scale\", \"services\": %d, \"pool\": " TENTHS ", \"start\": " TENTHS
	       ", \"stop\": " TENTHS ", \"cpu\": " TENTHS "}\n",
	       count, IN_US(pool), IN_US(started), IN_US(stopped), IN_US(cpu));
	free(all);
	return 0;
}

/* Of one call, in tenths of a nanosecond: the best of some batches, each shorter than a time slice.
 */
static uint64_t call_cost(void)
{
	const uint64_t calls = 2000;
	uint64_t best = UINT64_MAX;

	for (int batch = 0; batch < 50; batch++) {
		uint64_t begin = now_ns();
		uint64_t took;

		for (uint64_t i = 0; i < calls; i++)
			(void)syscall(SYS_getppid);
		took = (now_ns() - begin) * 10 / calls;
		best = took < best ? took : best;
	}
	return best;
}

/* In a process of its own: a filter cannot be taken off. */
static void measure_filter_once(void)
{
	const struct sock_fprog program = {.len = (unsigned short)world.filter.count,
					   .filter = world.filter.code};
	uint64_t without = call_cost();
	uint64_t begin, loaded;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		world_die("no_new_privs", NULL);
	begin = now_ns();
	if (syscall(SYS_seccomp, 1u /* SECCOMP_SET_MODE_FILTER */, 2u /* FLAG_LOG */, &program))
		world_die("filter", NULL);
	loaded = now_ns();
	printf("{\"mode\": \"filter\", \"instructions\": %u, \"load\": " TENTHS
	       ", \"without_ns\": " TENTHS ", \"with_ns\": " TENTHS "}\n",
	       world.filter.count, IN_US(loaded - begin), IN_TENTHS(without),
	       IN_TENTHS(call_cost()));
}

static int measure_filter(int count)
{
	for (int i = 0; i < count; i++) {
		pid_t pid;

		(void)fflush(stdout);
		pid = fork();
		if (pid == 0) {
			measure_filter_once();
			_exit(fflush(stdout) ? 1 : 0);
		}
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			world_die("fork", NULL);
	}
	return 0;
}

/* A program of its own that starts one service and ends with it, as the peers do. */
static int once(void)
{
	static struct service s = {.leaf = "leaf"};

	cycle(&s, false);
	return 0;
}

static int run(int argc, char **argv)
{
	int count = argc > 3 ? atoi(argv[argc - 1]) : 0;

	if (str_equal(argv[2], "once"))
		return once();
	if (argc == 5 && str_equal(argv[3], "standby"))
		return measure_standby(count);
	if (argc == 5)
		return measure_cycles(argv[3], count);
	if (argc == 4 && str_equal(argv[2], "scale"))
		return measure_scale(count);
	if (argc == 4 && str_equal(argv[2], "filter"))
		return measure_filter(count);
	return 2;
}

int main(int argc, char **argv)
{
	bool is_once = argc > 2 && str_equal(argv[2], "once");
	int r;

	if (argc < 3)
		return 2;
	if (argc == 4 && str_equal(argv[2], "compile"))
		return world_write_filter(argv[3]);
	if (argc == 4 && str_equal(argv[2], "plain"))
		return measure_plain(argv[1], atoi(argv[3]));
	if (argc > 3 && str_equal(argv[2], "run"))
		return measure_run(argv + 3);
	world_split();
	world_open(argv[1], !is_once, is_once && argc > 3 ? argv[3] : NULL);
	r = run(argc, argv);
	world_close();
	return fflush(stdout) ? 1 : r;
}

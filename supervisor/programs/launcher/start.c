#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "base/log.h"
#include "policy/capabilities.h"
#include "policy/check.h"
#include "policy/key.h"
#include "programs/launcher/launcher.h"
#include "programs/launcher/slots.h"
#include "sandbox/cgroup.h"
#include "sandbox/root_parts.h"
#include "seccomp/filter.h"
#include "sys/mounts.h"

#define SERVICE_OOM_SCORE 300 /* before any process of ours */
#define KEPT_SAFE         (MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC)

bool start_is_alive(const struct service *s)
{
	struct pollfd end = {.fd = s->pidfd, .events = POLLIN};

	/* pidfd_open(2): readable from the moment that the process has ended. */
	return s->pidfd >= 0 && poll(&end, 1, 0) == 0;
}

int start_pid(int pidfd)
{
	char path[48];
	char text[512];
	char *at;
	uint64_t pid;

	(void)snprintf(path, sizeof(path), "self/fdinfo/%d", pidfd);
	if (fd_read_file(launcher.proc_fd, path, text, sizeof(text)) < 0)
		return -1;
	at = strstr(text, "\nPid:\t");
	if (!at)
		return -1;
	at += strlen("\nPid:\t");
	at[strcspn(at, "\n")] = '\0';
	/* "-1" once it was reaped, which is no number here. */
	return str_u64(at, 1, INT32_MAX, &pid) ? -1 : (int)pid;
}

/*
 * The program as the image names it. Links inside the image are followed, below its root: they are
 * as verified as the file itself.
 */
int start_program(int root_fd, const char *path, struct err *err)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	CLEAN_FD int fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
	char magic[SELFMAG];
	struct stat st;
	int r;

	if (fd < 0)
		return err_sys(err, errno, "%s", path);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return err_set(err, EACCES, "%s is not an executable file", path);
	r = fd_pread_exact(fd, magic, sizeof(magic), 0);
	if (r)
		return err_sys(err, -r, "%s", path);
	if (memcmp(magic, ELFMAG, SELFMAG) == 0)
		return take_fd(&fd);
	(void)err_set(err, ENOEXEC, "%s is not an ELF file", path);
	return err_hint(err, "for a script, name its interpreter in command");
}

static int split(const struct policy_words *words, const char *text, char **to, struct err *err)
{
	const char *at = text;

	if (words->count >= PLAN_ARGS_MAX)
		return err_set(err, E2BIG, "more than %d words", PLAN_ARGS_MAX - 1);
	for (unsigned int i = 0; i < words->count; i++) {
		to[i] = (char *)(uintptr_t)at;
		at += strlen(at) + 1;
	}
	to[words->count] = NULL;
	return 0;
}

static int take_filter(const struct service *s, struct plan *plan, struct err *err)
{
	static struct seccomp_filter filter; /* sealed and validated when it was taken over */
	int r = fd_read_sealed(s->filter_fd, &filter, sizeof(filter));

	if (r)
		return err_sys(err, -r, "filter");
	plan->filter = filter.code;
	plan->filter_count = (uint16_t)filter.count;
	return 0;
}

/* SYS_NICE becomes the limits that the kernel asks about instead: what the device grants, unless
 * the service asked for less (policy_check_caps). */
static void set_priority(const struct service *s, struct plan *plan)
{
	const struct device_service *d = policy_device_service(&launcher.device, s->name);
	struct policy_rlimit *nice = &plan->rlimits[RLIMIT_NICE];
	struct policy_rlimit *real_time = &plan->rlimits[RLIMIT_RTPRIO];

	if (!(s->policy.caps & POLICY_CAP_SYS_NICE) || !d || nice->hard || real_time->hard)
		return;
	*nice = (struct policy_rlimit){20u + d->bounds.nice, 20u + d->bounds.nice};
	*real_time = (struct policy_rlimit){d->bounds.rtprio, d->bounds.rtprio};
}

/* What the policy says and nothing has to be opened for. */
static void describe(const struct service *s, struct plan *plan)
{
	const struct policy *p = &s->policy;

	process_defaults(plan);
	plan->name = s->name;
	plan->hostname = *p->hostname ? p->hostname : s->name;
	plan->uid = s->note.uid;
	plan->gid = s->note.gid;
	memcpy(plan->rlimits, p->rlimits, sizeof(plan->rlimits));
	plan->umask = p->umask;
	plan->stop_ms = p->stop_timeout_ms;
	plan->working_dir = p->working_dir;
	plan->oom_score_adj = SERVICE_OOM_SCORE;
	plan->mdwe = p->mdwe;
	plan->has_shm = p->shm_size > 0;
	plan->has_log = p->device_log;
	plan->image_fd = s->template_fd;
	plan->profile = walls_profile(p);
	plan->caps = p->caps & POLICY_CAPS_HELD;
	plan->low_ports = (p->caps & POLICY_CAP_NET_BIND_SERVICE) != 0;
	plan->sysctl_count = p->sysctls.count;
	plan->sysctl_text = p->sysctl_text;
	set_priority(s, plan);
}

/* What start and probe have in common. */
int start_plan(struct service *s, struct plan *plan, struct err *err)
{
	const struct policy *p = &s->policy;
	int r;

	describe(s, plan);
	r = devices_find(p, plan, err);
	if (r)
		return r;
	r = split(&p->env, p->environment, plan->envp, err);
	r = r ? r : take_filter(s, plan, err);
	if (r)
		return r;
	plan->filter_tried = s->proven;
	return prepared_user(s, plan, err);
}

struct plan_mount *start_mount(struct plan *plan, int fd, const char *path, uint32_t attributes,
			       const char *type)
{
	struct plan_mount *m = &plan->mounts[plan->mount_count++];

	*m = (struct plan_mount){.fd = fd, .attributes = attributes, .type = type};
	str_join(m->path, sizeof(m->path), path, "", "");
	return m;
}

static int add_tmpfs(const struct service *s, struct plan *plan, struct err *err)
{
	for (unsigned int i = 0; i < s->policy.tmpfs_count; i++) {
		const struct policy_tmpfs *t = &s->policy.tmpfs[i];
		const struct root_tmpfs tmpfs = {.size = t->size,
						 .inodes = t->inodes,
						 .mode = t->mode,
						 .uid = plan->uid,
						 .gid = plan->gid};
		int fd = plan->described ? -1 : root_make_tmpfs(&tmpfs, err);

		if (fd < 0 && !plan->described)
			return fd;
		watch_outside(fd);
		(void)start_mount(plan, fd, t->path, KEPT_SAFE, "tmpfs");
	}
	return 0;
}

int start_mounts(struct service *s, struct plan *plan, struct err *err)
{
	int r;

	plan->root_type = "erofs";
	start_mount(plan, -1, "/dev", MOUNT_RDONLY | MOUNT_NOSUID | MOUNT_NOEXEC, "tmpfs")->pooled =
		true;
	r = prepared_root(s, plan, err);
	if (r)
		return r;
	(void)start_mount(plan, -1, "/proc", KEPT_SAFE, "proc");
	r = add_tmpfs(s, plan, err);
	r = r ? r : volumes_add(s, plan, err);
	r = r ? r : secrets_add(s, plan, err);
	return r ? r : parts_add(s, plan, err);
}

static void describe_limits(const struct service *s, bool memory_high, struct cgroup_limits *limits)
{
	const struct policy *p = &s->policy;
	struct text cpus = TEXT_IN(limits->cpuset);

	*limits = (struct cgroup_limits){
		.memory = p->memory,
		.memory_high = memory_high ? p->memory_high : 0,
		.memory_low = p->memory_reservation,
		.swap = p->memory_swap > p->memory ? p->memory_swap - p->memory : 0,
		.pids = p->pids_limit,
		.cpus_thousandths = p->cpus_thousandths,
		.cpu_weight =
			p->cpu_weight ? p->cpu_weight : cgroup_weight_of_shares(p->cpu_shares),
	};
	policy_print_cpus(&cpus, p->cpuset);
}

int start_limits(struct service *s, bool memory_high, struct err *err)
{
	struct cgroup_limits limits;
	char parent[64];

	describe_limits(s, memory_high, &limits);
	str_join(parent, sizeof(parent), "services/", s->name, "");
	return cgroup_prepare(parent, &limits, err);
}

int start_describe(struct service *s, struct plan *plan, struct err *err)
{
	int r;

	describe(s, plan);
	plan->described = true;
	plan->generation = s->generation;
	(void)snprintf(plan->cgroup, sizeof(plan->cgroup), "services/%s/%u", s->name,
		       s->generation);
	/* It gave way to memory.max in this life (limits.c): that is no difference. */
	describe_limits(s, !s->note.limits_told[LIMIT_MEMORY_HIGH], &plan->limits);
	r = devices_find(&s->policy, plan, err);
	r = r ? r : prepared_user(s, plan, err);
	return r ? r : start_mounts(s, plan, err);
}

/* A parked life stands beside the one that runs, in a leaf of its own; every other one is alone. */
static int add_cgroup(struct service *s, struct plan *plan, struct err *err)
{
	bool parked = SUBJECT_IS_STANDBY(plan->subject);
	char parent[64];
	char leaf[16];
	int r;

	str_join(parent, sizeof(parent), "services/", s->name, "");
	(void)snprintf(leaf, sizeof(leaf), "%u", plan->generation);
	(void)snprintf(plan->cgroup, sizeof(plan->cgroup), "%s/%s", parent, leaf);
	process_sweep(parent);
	/* A directory of another admission may carry limits that this one does not speak of. */
	if (!parked && !s->proven && cgroup_remove_leaf("services", s->name))
		return err_set(err, EBUSY, "processes of %s are still there", s->name);
	r = start_limits(s, !parked || !s->note.limits_told[LIMIT_MEMORY_HIGH], err);
	r = r ? r : cgroup_devices(parent, plan, &s->device_program, err);
	if (r)
		return r;
	if (!parked && !cgroup_is_empty(parent))
		return err_set(err, EBUSY, "processes of %s are still there", s->name);
	plan->cgroup_fd = cgroup_leaf(parent, leaf, err);
	return plan->cgroup_fd < 0 ? plan->cgroup_fd : 0;
}

/* init = yes: ours is executed, and executes the program that was just looked at, by its path. */
static int put_init(struct plan *plan, struct err *err)
{
	static char name[] = "init";
	unsigned int count = 0;

	while (plan->argv[count])
		count++;
	if (count + 1 >= PLAN_ARGS_MAX)
		return err_set(err, E2BIG, "more than %d words", PLAN_ARGS_MAX - 2);
	memmove(plan->argv + 1, plan->argv, (count + 1) * sizeof(plan->argv[0]));
	plan->argv[0] = name;
	fd_close(&plan->exec_fd);
	plan->exec_fd = open(PROGRAMS "reaper", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	plan->program = NULL;
	return plan->exec_fd < 0 ? err_sys(err, errno, PROGRAMS "reaper") : 0;
}

static int prepare(struct service *s, struct plan *plan, char step[24], struct err *err)
{
	int r;

	(void)str_copy(step, 24, "image");
	r = map_check(s, err);
	r = r ? r : start_mounts(s, plan, err);
	if (r)
		return r;
	plan->exec_fd = start_program(s->template_fd, s->policy.argv, err);
	if (plan->exec_fd < 0)
		return plan->exec_fd;
	plan->program = s->policy.argv;
	r = s->policy.init ? put_init(plan, err) : 0;
	if (r)
		return r;
	(void)str_copy(step, 24, "cgroup");
	return add_cgroup(s, plan, err);
}

int start_build(struct service *s, struct plan *plan, bool parked, char step[24], struct err *err)
{
	int r;

	(void)str_copy(step, 24, "plan");
	r = start_plan(s, plan, err);
	plan->subject = parked ? SUBJECT_OF_STANDBY(s->slot) : SUBJECT_OF_SERVICE(s->slot);
	plan->generation = s->begun;
	r = r ? r : split(&s->policy.command, s->policy.argv, plan->argv, err);
	r = r || parked ? r : recording_plan(s, plan, err);
	return r ? r : prepare(s, plan, step, err);
}

/* New pipes for every start, so that the recorder sees where one life ends and the next begins. */
int start_pipes(int read_fds[2], int write_fds[2], struct err *err)
{
	for (unsigned int i = 0; i < 2; i++) {
		int pair[2];

		if (pipe2(pair, O_CLOEXEC))
			return err_sys(err, errno, "pipe");
		fd_close(&read_fds[i]);
		read_fds[i] = pair[0];
		fd_raise(&read_fds[i]);
		write_fds[i] = pair[1];
	}
	return 0;
}

static int make_output(struct service *s, int write_fds[2], struct err *err)
{
	int r = start_pipes(s->output_fd, write_fds, err);

	if (r)
		return r;
	init_store(s->slot, STORE_STDOUT, s->output_fd[0]);
	init_store(s->slot, STORE_STDERR, s->output_fd[1]);
	peers_output(s);
	return 0;
}

static int run(struct service *s, struct plan *plan, char step[24], struct err *err)
{
	struct child child = CHILD_NONE;
	int write_fds[2] = {-1, -1};
	int r;

	limits_begin(s);
	/* From here on this generation is never begun again, by no launcher. */
	r = note_store(s, err);
	r = r ? r : make_output(s, write_fds, err);
	if (!r) {
		plan->stdio[1] = write_fds[0];
		plan->stdio[2] = write_fds[1];
		r = process_start(plan, &child, step, err);
	}
	fd_close(&write_fds[0]);
	fd_close(&write_fds[1]);
	if (r)
		return r;
	fd_close(&s->pidfd);
	s->pidfd = take_fd(&child.pidfd);
	fd_raise(&s->pidfd);
	init_started(plan->subject, plan->generation);
	sandbox_child_close(&child);
	return 0;
}

int start_service(struct service *s, uint32_t generation, char step[24], struct err *err)
{
	static struct plan plan;
	int r;

	(void)str_copy(step, 24, "admit");
	if (!s->admitted || *launcher.locked)
		return err_set(err, EPERM, "%s is not admitted", s->name);
	if (hold_check_start(s, err))
		return -EACCES;
	if (start_is_alive(s))
		return err_set(err, EBUSY, "%s runs", s->name);
	standby_drop(s);
	fd_close(&s->pidfd);
	init_drop(s->slot, STORE_PIDFD);
	s->note.generation = s->begun = s->generation = generation;
	/* Damage that was seen meanwhile is the reason then, and no try is spent on it. */
	(void)str_copy(step, 24, "image");
	r = map_check(s, err);
	if (r)
		return start_conclude(s, r, err);
	(void)str_copy(step, 24, "trial");
	r = slots_begin_try(s, err);
	if (r)
		return r;
	r = start_build(s, &plan, false, step, err);
	r = r ? r : run(s, &plan, step, err);
	process_close_mounts(&plan);
	parts_close(&plan);
	return start_conclude(s, r, err);
}

int start_conclude(struct service *s, int r, struct err *err)
{
	struct err damage = {0};

	/* What looks like a missing file or a bad program may be a block that does not match. */
	if (r && map_check(s, &damage) == -EBADMSG) {
		*err = damage;
		r = -EBADMSG;
		if (slots_quarantine(s))
			requests_renew(s);
		admit_forget(s);
	}
	/* Whatever was wrong, the next start does not meet it again in what is kept. */
	if (r) {
		prepared_drop(s);
		secrets_wipe(s, false);
		parts_forget_ready(s);
	}
	/* A life that is recorded says nothing of the service's own filter. */
	s->proven = !r && !s->note.recording;
	recording_begin(s, !r);
	if (!r)
		confirm_begin(s);
	return r;
}

void start_release(struct service *s)
{
	char parent[64];

	confirm_end(s);
	if (start_is_alive(s))
		return;
	recording_end(s);
	secrets_wipe(s, false);
	parts_forget_ready(s);
	for (unsigned int i = 0; i < 2; i++)
		fd_close(&s->output_fd[i]);
	fd_close(&s->pidfd);
	init_drop(s->slot, STORE_STDOUT);
	init_drop(s->slot, STORE_STDERR);
	init_drop(s->slot, STORE_PIDFD);
	str_join(parent, sizeof(parent), "services/", s->name, "");
	limits_end(s);
	process_sweep(parent);
}

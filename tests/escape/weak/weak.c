/*
 * A launcher with protections taken away, to show that the programs of tests/escape do get out
 * without them. This file exists in the test build only: it is linked with --wrap around the
 * product's own functions, which know nothing of it. What is taken away is named per service in
 * WEAK_FILE: the name of a row of sandbox_steps (a blank in it written as "-"), or one of the words
 * below. For such a service no proof runs; every other process has all protections and all proofs.
 *
 *   pid net ipc uts cgroup   stays in the launcher's namespace
 *   proc                     procfs shows everything
 *   mount-attributes         no nosuid, nodev, noexec, ro; a tmpfs of any size
 *   device-filter            no eBPF of the cgroup says which devices may be opened or made
 *   cgroup-limits            no memory, swap, process or processor limit
 *   close-range              descriptors are not closed, and the launcher forgot one
 *   working-dir              the working directory is one of the launcher's
 *   oom-score                it is no sooner victim than others
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "programs/launcher/launcher.h"
#include "sandbox/attest.h"
#include "sandbox/cgroup.h"
#include "sandbox/step.h"
#include "sys/mounts.h"

#define WEAK_FILE  "/tests/weak" /* "SERVICE WORD WORD ..." lines */
#define WEAK_STEPS 64
#define FORGOTTEN  100000 /* a descriptor above every number that a sandbox uses */

/* What child.c of the test build runs. */
struct step weak_steps[WEAK_STEPS];
size_t weak_step_count;

static char words[256]; /* " seccomp pid " of the service that is being started, else "" */
static int host_fd = -1;

static bool lacks(const char *word)
{
	char spaced[48];

	snprintf(spaced, sizeof(spaced), " %s ", word);
	for (char *at = spaced + 1; at[1]; at++)
		if (*at == ' ')
			*at = '-';
	return strstr(words, spaced) != NULL;
}

static void begin(const char *service)
{
	static char text[32768];
	char start[48];
	const char *at;

	words[0] = '\0';
	text[0] = '\n';
	if (fd_read_file(AT_FDCWD, WEAK_FILE, text + 1, sizeof(text) - 1) < 0)
		return;
	snprintf(start, sizeof(start), "\n%s ", service);
	at = strstr(text, start);
	if (at)
		snprintf(words, sizeof(words), " %.*s ", (int)strcspn(at + strlen(start), "\n"),
			 at + strlen(start));
}

int __real_start_service(struct service *s, uint32_t generation, char step[24], struct err *err);
int __wrap_start_service(struct service *s, uint32_t generation, char step[24], struct err *err)
{
	int r;

	begin(s->name);
	r = __real_start_service(s, generation, step, err);
	words[0] = '\0';
	return r;
}

/* ---- the step table */

static int stay_outside(struct plan *p, struct err *err)
{
	(void)p;
	return fchdir(host_fd) ? err_sys(err, errno, "working directory") : 0;
}

/* Without a root of its own nothing was mounted for this life, so no rule names it. */
static int rules_of_what_there_is(struct plan *p, struct err *err)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < p->mount_count; i++)
		if (p->mounts[i].fd >= 0 || p->mounts[i].pooled)
			p->mounts[kept++] = p->mounts[i];
	p->mount_count = kept;
	return step_rules_apply(p, err);
}

/* A row goes with the word of its own name, or with what it needs. */
static bool is_dropped(const char *row)
{
	return lacks(row) || (strcmp(row, "network") == 0 && lacks("net")) ||
	       ((strcmp(row, "program") == 0 || strcmp(row, "mounts") == 0) && lacks("root")) ||
	       (strcmp(row, "hostname") == 0 && lacks("uts"));
}

/* The pool of a service is made by the same rows. */
int __real_step_root_prove(const struct plan *p, struct err *err);
int __wrap_step_root_prove(const struct plan *p, struct err *err)
{
	return words[0] ? 0 : __real_step_root_prove(p, err);
}

static void make_steps(void)
{
	weak_step_count = 0;
	for (size_t i = 0; i < sandbox_step_count; i++) {
		struct step row = sandbox_steps[i];

		if (is_dropped(row.name))
			continue;
		if (words[0])
			row.prove = NULL;
		if (strcmp(row.name, "place") == 0 && lacks("working-dir"))
			row.apply = stay_outside;
		if (strcmp(row.name, "rules") == 0 && lacks("root"))
			row.apply = rules_of_what_there_is;
		weak_steps[weak_step_count++] = row;
	}
}

int __real_sandbox_clone(const struct plan *plan, struct child *child, struct err *err);
int __wrap_sandbox_clone(const struct plan *plan, struct child *child, struct err *err)
{
	int flags = O_RDONLY | O_DIRECTORY;
	int fd = -1;
	int r;

	make_steps();
	fd_close(&host_fd); /* of a child that did not become ready */
	if (lacks("close-range") || lacks("working-dir"))
		fd = open("/", flags | O_CLOEXEC);
	if (fd >= 0)
		host_fd = fcntl(fd, lacks("close-range") ? F_DUPFD : F_DUPFD_CLOEXEC,
				lacks("close-range") ? 3 : FORGOTTEN);
	fd_close(&fd);
	r = __real_sandbox_clone(plan, child, err);
	return r;
}

int __real_sandbox_attest(int proc_fd, const struct plan *plan, const struct child *child,
			  unsigned int *proofs, struct err *err);
int __wrap_sandbox_attest(int proc_fd, const struct plan *plan, const struct child *child,
			  unsigned int *proofs, struct err *err)
{
	/* It is ready, so it has a table of its own. */
	fd_close(&host_fd);
	return words[0] ? 0 : __real_sandbox_attest(proc_fd, plan, child, proofs, err);
}

/* ---- namespaces and descriptors */

static long weak_clone(struct clone_args args)
{
	static const struct {
		const char *word;
		uint64_t flag;
	} rows[] = {{"pid", CLONE_NEWPID},
		    {"net", CLONE_NEWNET},
		    {"ipc", CLONE_NEWIPC},
		    {"uts", CLONE_NEWUTS},
		    {"cgroup", CLONE_NEWCGROUP}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (lacks(rows[i].word))
			args.flags &= ~rows[i].flag;
	return syscall(SYS_clone3, &args, sizeof(args));
}

long __real_syscall(long number, ...);

/* The child leaves the launcher's table and keeps what lies below @first, and the descriptor that
 * it needs above everything else. */
static long leave_table(long first)
{
	if (unshare(CLONE_FILES) || __real_syscall(SYS_close_range, first, (long)host_fd - 1, 0L))
		return -1;
	return __real_syscall(SYS_close_range, (long)host_fd + 1, (long)~0u, 0L);
}

long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	static bool inside;
	long a[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_close_range && a[2] && host_fd >= a[0])
		return leave_table(a[0]);
	if (number == SYS_close_range && !a[2] && lacks("close-range"))
		return 0;
	if (number == SYS_clone3 && words[0] && !inside) {
		long r;

		inside = true;
		r = weak_clone(*(struct clone_args *)a[0]);
		inside = false;
		return r;
	}
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* ---- mounts and limits */

#define OPTIONS 16

int __real_mounts_new(const char *type, const struct mount_option *options, uint32_t attributes,
		      struct err *err);
int __wrap_mounts_new(const char *type, const struct mount_option *options, uint32_t attributes,
		      struct err *err)
{
	struct mount_option kept[OPTIONS] = {0};
	size_t count = 0;

	if (strcmp(type, "proc") == 0)
		return __real_mounts_new(type, lacks("proc") ? NULL : options, attributes, err);
	if (!lacks("mount-attributes"))
		return __real_mounts_new(type, options, attributes, err);
	for (; options && options->key && count < OPTIONS - 1; options++)
		if (strcmp(options->key, "size") != 0 && strcmp(options->key, "nr_inodes") != 0)
			kept[count++] = *options;
	return __real_mounts_new(type, kept, 0, err);
}

int __real_mounts_change(int mount_fd, uint32_t set, uint32_t clear);
int __wrap_mounts_change(int mount_fd, uint32_t set, uint32_t clear)
{
	return lacks("mount-attributes") ? 0 : __real_mounts_change(mount_fd, set, clear);
}

int __real_map_mount(const struct note *note, uint32_t attributes, struct err *err);
int __wrap_map_mount(const struct note *note, uint32_t attributes, struct err *err)
{
	return __real_map_mount(note, lacks("mount-attributes") ? 0 : attributes, err);
}

int __real_cgroup_prepare(const char *path, const struct cgroup_limits *limits, struct err *err);
int __wrap_cgroup_prepare(const char *path, const struct cgroup_limits *limits, struct err *err)
{
	static const struct cgroup_limits none;

	return __real_cgroup_prepare(path, lacks("cgroup-limits") ? &none : limits, err);
}

int __real_cgroup_devices(const char *path, const struct plan *plan, uint32_t *program,
			  struct err *err);
int __wrap_cgroup_devices(const char *path, const struct plan *plan, uint32_t *program,
			  struct err *err)
{
	return lacks("device-filter") ? 0 : __real_cgroup_devices(path, plan, program, err);
}

int __real_fd_write_file(int dir_fd, const char *path, const char *value);
int __wrap_fd_write_file(int dir_fd, const char *path, const char *value)
{
	return lacks("oom-score") && strstr(path, "oom_score_adj")
		       ? 0
		       : __real_fd_write_file(dir_fd, path, value);
}

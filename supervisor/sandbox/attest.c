#include "sandbox/attest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "sandbox/procfs_text.h"
#include "sys/mounts.h"

/* What one attestation looks at. */
struct view {
	int proc_fd; /* of the launcher */
	int dir_fd;  /* of the process in there, and its ns/: looked up once for all rows */
	int ns_fd;
	const struct plan *plan;
	pid_t pid;
	struct err *err;
};

static ssize_t read_entry(const struct view *v, const char *entry, char *text, size_t size)
{
	ssize_t n = fd_read_file(v->dir_fd, entry, text, size);

	return n < 0 ? err_sys(v->err, (int)-n, "/proc/%d/%s", v->pid, entry) : n;
}

static int prove_ids(const struct view *v, const struct process_status *s)
{
	for (int i = 0; i < 4; i++)
		if (s->uid[i] != v->plan->uid || s->gid[i] != v->plan->gid)
			return err_set(v->err, EPERM, "ids are %u:%u instead of %u:%u", s->uid[i],
				       s->gid[i], v->plan->uid, v->plan->gid);
	if (s->group_count)
		return err_set(v->err, EPERM, "there are %u supplementary groups", s->group_count);
	return 0;
}

static int prove_status(const struct view *v)
{
	char text[4096];
	uint64_t caps = v->plan->caps;
	struct process_status s;
	ssize_t n = read_entry(v, "status", text, sizeof(text));

	if (n < 0)
		return (int)n;
	if (process_status_parse(text, &s))
		return err_set(v->err, EBADMSG, "/proc/%d/status cannot be understood", v->pid);
	if (prove_ids(v, &s))
		return -v->err->code;
	if (s.cap_inh != caps || s.cap_prm != caps || s.cap_eff != caps || s.cap_bnd != caps ||
	    s.cap_amb != caps)
		return err_set(v->err, EPERM, "capabilities are not as planned");
	if (s.no_new_privs != 1)
		return err_set(v->err, EPERM, "no_new_privs is off");
	if (s.seccomp != 2 || s.seccomp_filters != 1)
		return err_set(v->err, EPERM, "seccomp mode %u with %u filters instead of 2 with 1",
			       s.seccomp, s.seccomp_filters);
	return 0;
}

/* Each namespace, and what of it the plan carries: -1 when it is made by the clone. */
enum kind { KIND_MNT, KIND_PID, KIND_NET, KIND_IPC, KIND_UTS, KIND_CGROUP, KIND_USER, KINDS };
static const char *const kinds[KINDS] = {"mnt", "pid", "net", "ipc", "uts", "cgroup", "user"};

static int stat_namespace(const struct view *v, int dir, const char *name, struct stat *st)
{
	*st = (struct stat){0};
	if (fstatat(dir, name, st, 0) || !st->st_ino)
		return err_sys(v->err, errno, "%s namespace", name);
	return 0;
}

/* Those of the launcher, which are init's and never change. */
static int stat_own(const struct view *v, enum kind kind, struct stat *st)
{
	static struct stat own[KINDS];
	char path[32];
	int r = 0;

	if (!own[kind].st_ino) {
		(void)snprintf(path, sizeof(path), "self/ns/%s", kinds[kind]);
		r = stat_namespace(v, v->proc_fd, path, &own[kind]);
	}
	*st = own[kind];
	return r;
}

static int stat_joined(const struct view *v, enum kind kind, struct stat *st)
{
	char path[48];

	(void)snprintf(path, sizeof(path), "%d/ns/%s", v->plan->join_pid, kinds[kind]);
	return stat_namespace(v, v->proc_fd, path, st);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* Prepared, @fd: it is that one; but of the mounts it must have a copy of its own. */
static int prove_prepared(const struct view *v, enum kind kind, const struct stat *have, int fd)
{
	struct stat prepared = {0};
	bool same = kind != KIND_MNT;

	if (fd < 0)
		return 0;
	if (fstat(fd, &prepared) || !prepared.st_ino)
		return err_sys(v->err, errno, "prepared %s namespace", kinds[kind]);
	if (is_same(have, &prepared) != same)
		return err_set(v->err, EPERM, "the %s namespace is %s", kinds[kind],
			       same ? "not the planned one" : "the template itself");
	return 0;
}

/* New: another namespace than the launcher's. Joined: the very one of the service. */
static int prove_namespace(const struct view *v, enum kind kind)
{
	bool join = v->plan->join_pidfd >= 0 && kind != KIND_USER;
	const int prepared[KINDS] = {[KIND_MNT] = v->plan->pool.mounts_fd,
				     [KIND_PID] = -1,
				     [KIND_NET] = v->plan->pool.network_fd,
				     [KIND_IPC] = -1,
				     [KIND_UTS] = -1,
				     [KIND_CGROUP] = -1,
				     [KIND_USER] = v->plan->userns_fd};
	struct stat have;
	struct stat other;
	int r = stat_namespace(v, v->ns_fd, kinds[kind], &have);

	r = r ? r : join ? stat_joined(v, kind, &other) : stat_own(v, kind, &other);
	if (r)
		return r;
	if (is_same(&have, &other) != join)
		return err_set(v->err, EPERM, "the %s namespace is %s", kinds[kind],
			       join ? "not the service's" : "init's");
	return prove_prepared(v, kind, &have, prepared[kind]);
}

static int prove_namespaces(const struct view *v)
{
	int r = 0;

	for (int kind = 0; kind < KINDS && !r; kind++)
		r = prove_namespace(v, (enum kind)kind);
	return r;
}

/* The maps as the kernel prints them to a reader of the initial user namespace. */
static int prove_map(const struct view *v, const char *file, unsigned int id, bool with_root)
{
	char found[160];
	char wanted[80];
	int used = 0;
	ssize_t n = read_entry(v, file, found, sizeof(found));

	if (n < 0)
		return (int)n;
	if (with_root)
		used = snprintf(wanted, sizeof(wanted), "%10u %10u %10u\n", 0u, 0u, 1u);
	(void)snprintf(wanted + used, sizeof(wanted) - (size_t)used, "%10u %10u %10u\n", id, id,
		       1u);
	return str_equal(found, wanted) ? 0
					: err_set(v->err, EPERM, "%s holds more than %u", file, id);
}

static int prove_maps(const struct view *v)
{
	int r = prove_map(v, "uid_map", v->plan->uid, v->plan->sees_root);

	return r ? r : prove_map(v, "gid_map", v->plan->gid, false);
}

static int prove_cgroup(const struct view *v)
{
	char text[256];
	char wanted[160];
	ssize_t n = read_entry(v, "cgroup", text, sizeof(text));

	if (n < 0)
		return (int)n;
	(void)snprintf(wanted, sizeof(wanted), "0::/bartizan/%s\n", v->plan->cgroup);
	if (!str_equal(text, wanted))
		return err_set(v->err, EPERM, "the process is not in cgroup %s", v->plan->cgroup);
	return 0;
}

static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0'))
			return true;
	return false;
}

static int prove_attributes(const struct view *v, const struct mount_line *m, const char *type,
			    uint32_t attributes)
{
	static const struct {
		uint32_t bit;
		const char *word;
	} words[] = {{MOUNT_RDONLY, "ro"},
		     {MOUNT_NOSUID, "nosuid"},
		     {MOUNT_NODEV, "nodev"},
		     {MOUNT_NOEXEC, "noexec"},
		     {MOUNT_NOSYMFOLLOW, "nosymfollow"}};

	if (!str_equal(m->type, type))
		return err_set(v->err, EPERM, "%s is %s instead of %s", m->point, m->type, type);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if ((attributes & words[i].bit) && !has_word(m->options, words[i].word))
			return err_set(v->err, EPERM, "%s is not mounted %s", m->point,
				       words[i].word);
	return 0;
}

static int prove_mount(const struct view *v, const struct mount_line *m)
{
	if (str_equal(m->point, "/"))
		return prove_attributes(v, m, v->plan->root_type,
					MOUNT_RDONLY | MOUNT_NOSUID | MOUNT_NODEV);
	for (unsigned int i = 0; i < v->plan->mount_count; i++) {
		const struct plan_mount *p = &v->plan->mounts[i];

		if (!str_equal(p->path, m->point))
			continue;
		if (!str_equal(m->root, *p->root ? p->root : "/"))
			return err_set(v->err, EPERM, "%s shows %s instead of %s", m->point,
				       m->root, *p->root ? p->root : "/");
		return prove_attributes(v, m, p->type, p->attributes);
	}
	return err_set(v->err, EPERM, "%s is mounted and not planned", m->point);
}

static int prove_mounts(const struct view *v)
{
	static char text[16384];
	struct mount_line line;
	const char *at = text;
	unsigned int count = 0;
	ssize_t n;
	int r;

	/* A probe shares the mount namespace that was proven when its service started. */
	if (v->plan->join_pidfd >= 0)
		return 0;
	n = read_entry(v, "mountinfo", text, sizeof(text));
	if (n < 0)
		return (int)n;
	while ((r = mountinfo_next(&at, &line)) > 0) {
		r = prove_mount(v, &line);
		if (r)
			return r;
		count++;
	}
	if (r < 0)
		return err_set(v->err, EBADMSG, "/proc/%d/mountinfo cannot be understood", v->pid);
	if (count != v->plan->mount_count + 1)
		return err_set(v->err, EPERM, "%u mounts instead of %u", count,
			       v->plan->mount_count + 1);
	return 0;
}

static int prove_limits(const struct view *v)
{
	for (int i = 0; i < POLICY_RLIMITS; i++) {
		struct rlimit have;

		if (prlimit(v->pid, i, NULL, &have))
			return err_sys(v->err, errno, "resource limit %d", i);
		if (have.rlim_cur != v->plan->rlimits[i].soft ||
		    have.rlim_max != v->plan->rlimits[i].hard)
			return err_set(v->err, EPERM, "resource limit %d is not as planned", i);
	}
	return 0;
}

static bool is_planned_fd(const struct plan *p, int number)
{
	if (number >= 0 && (unsigned int)number < 3 + p->fd_count)
		return true;
	return number >= plan_exec_number(p) && number <= plan_report_number(p);
}

static int prove_descriptors(const struct view *v)
{
	struct dirent *entry;
	DIR *dir;
	int fd;
	int r = 0;

	fd = openat(v->dir_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		r = err_sys(v->err, errno, "/proc/%d/fd", v->pid);
		fd_close(&fd);
		return r;
	}
	while ((entry = readdir(dir))) {
		uint64_t number;

		if (str_u64(entry->d_name, 0, INT32_MAX, &number))
			continue; /* . and .. */
		if (!is_planned_fd(v->plan, (int)number))
			r = err_set(v->err, EPERM, "descriptor %u leaked", (unsigned int)number);
	}
	(void)closedir(dir);
	return r;
}

int sandbox_attest(int proc_fd, const struct plan *plan, const struct child *child,
		   unsigned int *proofs, struct err *err)
{
	static int (*const rows[])(const struct view *) = {
		prove_status, prove_namespaces, prove_maps,        prove_cgroup,
		prove_mounts, prove_limits,     prove_descriptors,
	};
	CLEAN_FD int dir_fd = -1;
	CLEAN_FD int ns_fd = -1;
	struct view view = {.proc_fd = proc_fd, .plan = plan, .pid = child->pid, .err = err};
	char path[24];

	(void)snprintf(path, sizeof(path), "%d", child->pid);
	view.dir_fd = dir_fd = openat(proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	view.ns_fd = ns_fd = openat(dir_fd, "ns", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0 || ns_fd < 0)
		return err_sys(err, errno, "/proc/%d", child->pid);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int r = rows[i](&view);

		if (r)
			return r;
	}
	*proofs = ARRAY_SIZE(rows);
	return 0;
}

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
	int proc_fd;
	const struct plan *plan;
	pid_t pid;
	struct err *err;
};

static ssize_t read_entry(const struct view *v, const char *entry, char *text, size_t size)
{
	char path[64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%d/%s", v->pid, entry);
	n = fd_read_file(v->proc_fd, path, text, size);
	return n < 0 ? err_sys(v->err, (int)-n, "/proc/%s", path) : n;
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
	struct process_status s;
	ssize_t n = read_entry(v, "status", text, sizeof(text));

	if (n < 0)
		return (int)n;
	if (process_status_parse(text, &s))
		return err_set(v->err, EBADMSG, "/proc/%d/status cannot be understood", v->pid);
	if (prove_ids(v, &s))
		return -v->err->code;
	if (s.cap_inh | s.cap_prm | s.cap_eff | s.cap_bnd | s.cap_amb)
		return err_set(v->err, EPERM, "capabilities are left");
	if (s.no_new_privs != 1)
		return err_set(v->err, EPERM, "no_new_privs is off");
	if (s.seccomp != 2 || s.seccomp_filters != 1)
		return err_set(v->err, EPERM, "seccomp mode %u with %u filters instead of 2 with 1",
			       s.seccomp, s.seccomp_filters);
	return 0;
}

static int namespace_of(const struct view *v, int pid, const char *name, struct stat *st)
{
	char path[64];

	if (pid)
		(void)snprintf(path, sizeof(path), "%d/ns/%s", pid, name);
	else
		(void)snprintf(path, sizeof(path), "self/ns/%s", name);
	if (fstatat(v->proc_fd, path, st, 0))
		return err_sys(v->err, errno, "/proc/%s", path);
	return 0;
}

/* New: another namespace than the launcher's, which is init's. Joined: the very one of the service.
 */
static int prove_namespace(const struct view *v, const char *name)
{
	bool join = v->plan->join_pidfd >= 0;
	struct stat have;
	struct stat other;
	int r = namespace_of(v, v->pid, name, &have);

	r = r ? r : namespace_of(v, join ? v->plan->join_pid : 0, name, &other);
	if (r)
		return r;
	if ((have.st_ino == other.st_ino && have.st_dev == other.st_dev) != join)
		return err_set(v->err, EPERM, "the %s namespace is %s", name,
			       join ? "not the service's" : "init's");
	return 0;
}

/* The namespace @name of the process is (@same) or is not the one that @fd refers to. */
static int prove_prepared(const struct view *v, const char *name, int fd, bool same)
{
	struct stat have;
	struct stat prepared;

	if (namespace_of(v, v->pid, name, &have))
		return -v->err->code;
	if (fstat(fd, &prepared))
		return err_sys(v->err, errno, "%s namespace", name);
	if ((have.st_ino == prepared.st_ino && have.st_dev == prepared.st_dev) != same)
		return err_set(v->err, EPERM, "the %s namespace is %s", name,
			       same ? "not the planned one" : "the template itself");
	return 0;
}

static int prove_namespaces(const struct view *v)
{
	static const char *const names[] = {"mnt", "pid", "net", "ipc", "uts", "cgroup"};
	const struct pool *pool = &v->plan->pool;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names) && !r; i++)
		r = prove_namespace(v, names[i]);
	r = r ? r : prove_prepared(v, "user", v->plan->userns_fd, true);
	if (!r && pool->network_fd >= 0)
		r = prove_prepared(v, "net", pool->network_fd, true);
	if (!r && pool->mounts_fd >= 0)
		r = prove_prepared(v, "mnt", pool->mounts_fd, false);
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
	char path[32];
	struct dirent *entry;
	DIR *dir;
	int fd;
	int r = 0;

	(void)snprintf(path, sizeof(path), "%d/fd", v->pid);
	fd = openat(v->proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		r = err_sys(v->err, errno, "/proc/%s", path);
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
	const struct view view = {.proc_fd = proc_fd, .plan = plan, .pid = child->pid, .err = err};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int r = rows[i](&view);

		if (r)
			return r;
	}
	*proofs = ARRAY_SIZE(rows);
	return 0;
}

/* Attestation: namespaces and the maps of ids. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/str.h"
#include "sandbox/attest_view.h"

static const char *const kinds[NAMESPACES] = {"mnt", "pid", "net", "ipc", "uts", "cgroup", "user"};

static int stat_namespace(const struct attest_view *v, int dir, const char *name, struct stat *st)
{
	*st = (struct stat){0};
	if (fstatat(dir, name, st, 0) || !st->st_ino)
		return err_sys(v->err, errno, "%s namespace", name);
	return 0;
}

/* Those of the launcher, which are init's and never change. */
static int stat_own(const struct attest_view *v, enum attest_namespace kind, struct stat *st)
{
	static struct stat own[NAMESPACES];
	char path[32];
	int r = 0;

	if (!own[kind].st_ino) {
		(void)snprintf(path, sizeof(path), "self/ns/%s", kinds[kind]);
		r = stat_namespace(v, v->proc_fd, path, &own[kind]);
	}
	*st = own[kind];
	return r;
}

static int stat_joined(const struct attest_view *v, enum attest_namespace kind, struct stat *st)
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
static int prove_prepared(const struct attest_view *v, enum attest_namespace kind,
			  const struct stat *have, int fd)
{
	struct stat prepared = {0};
	bool same = kind != NAMESPACE_MNT;

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
int attest_namespace(const struct attest_view *v, int argument)
{
	enum attest_namespace kind = (enum attest_namespace)argument;
	bool join = v->plan->join_pidfd >= 0 && kind != NAMESPACE_USER;
	/* What of each the plan carries: -1 when it is made by the clone. */
	const int prepared[NAMESPACES] = {[NAMESPACE_MNT] = v->plan->pool.mounts_fd,
					  [NAMESPACE_PID] = -1,
					  [NAMESPACE_NET] = v->plan->pool.network_fd,
					  [NAMESPACE_IPC] = -1,
					  [NAMESPACE_UTS] = -1,
					  [NAMESPACE_CGROUP] = -1,
					  [NAMESPACE_USER] = v->plan->userns_fd};
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

/* The maps as the kernel prints them to a reader of the initial user namespace. */
static int prove_map(const struct attest_view *v, const char *file, unsigned int id, bool with_root)
{
	char found[160];
	char wanted[80];
	int used = 0;
	ssize_t n = attest_read(v, file, found, sizeof(found));

	if (n < 0)
		return (int)n;
	if (with_root)
		used = snprintf(wanted, sizeof(wanted), "%10u %10u %10u\n", 0u, 0u, 1u);
	(void)snprintf(wanted + used, sizeof(wanted) - (size_t)used, "%10u %10u %10u\n", id, id,
		       1u);
	return str_equal(found, wanted) ? 0
					: err_set(v->err, EPERM, "%s holds more than %u", file, id);
}

int attest_maps(const struct attest_view *v, int argument)
{
	int r = prove_map(v, "uid_map", v->plan->uid, v->plan->sees_root);

	(void)argument;
	return r ? r : prove_map(v, "gid_map", v->plan->gid, false);
}

/* Attestation: namespaces and the maps of ids. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "sandbox/attest_view.h"

static const char *const kinds[NAMESPACES] = {"mnt", "pid", "net", "ipc", "uts", "cgroup", "user"};

/*
 * Which one it is: the number in "net:[4026531840]" (namespaces(7)), which is the inode that
 * fstat(2) tells of an open one. Read, not followed: a namespace that nobody has open is no inode
 * yet.
 */
static int read_namespace(const struct attest_view *v, int dir, const char *path, uint64_t *number)
{
	char text[40] = "";
	ssize_t n = readlinkat(dir, path, text, sizeof(text) - 1);
	char *at = strchr(text, '[');

	if (n < 0)
		return err_sys(v->err, errno, "%s namespace", path);
	text[n > 0 ? n - 1 : 0] = '\0'; /* the bracket */
	if (!at || str_u64(at + 1, 1, UINT32_MAX, number))
		return err_set(v->err, EBADMSG, "%s namespace cannot be understood", path);
	return 0;
}

/* Those of the launcher, which are init's and never change. */
static int read_own(const struct attest_view *v, enum attest_namespace kind, uint64_t *number)
{
	static uint64_t own[NAMESPACES];
	char path[32];
	int r = 0;

	if (!own[kind]) {
		(void)snprintf(path, sizeof(path), "self/ns/%s", kinds[kind]);
		r = read_namespace(v, v->proc_fd, path, &own[kind]);
	}
	*number = own[kind];
	return r;
}

static int read_joined(const struct attest_view *v, enum attest_namespace kind, uint64_t *number)
{
	char path[48];

	(void)snprintf(path, sizeof(path), "%d/ns/%s", v->plan->join_pid, kinds[kind]);
	return read_namespace(v, v->proc_fd, path, number);
}

/* Prepared, @fd: it is that one; but of the mounts it must have a copy of its own. */
static int prove_prepared(const struct attest_view *v, enum attest_namespace kind, uint64_t have,
			  int fd)
{
	struct stat prepared = {0};
	bool same = kind != NAMESPACE_MNT;

	if (fd < 0)
		return 0;
	if (fstat(fd, &prepared) || !prepared.st_ino)
		return err_sys(v->err, errno, "prepared %s namespace", kinds[kind]);
	if ((have == prepared.st_ino) != same)
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
	uint64_t have = 0;
	uint64_t other = 0;
	int r = read_namespace(v, v->ns_fd, kinds[kind], &have);

	r = r ? r : join ? read_joined(v, kind, &other) : read_own(v, kind, &other);
	if (r)
		return r;
	if ((have == other) != join)
		return err_set(v->err, EPERM, "the %s namespace is %s", kinds[kind],
			       join ? "not the service's" : "init's");
	return prove_prepared(v, kind, have, prepared[kind]);
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

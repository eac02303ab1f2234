#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "sandbox/child.h"
#include "sandbox/root_parts.h"
#include "sandbox/step.h"
#include "sys/mounts.h"

/*
 * Landlock (Documentation/userspace-api/landlock.rst): the second wall around files, made from the
 * same mount table. Rules name objects, not paths: the image, the mounts and the nodes that the
 * launcher chose. Whatever else shows up below "/", because a mount or the root itself went wrong,
 * has no rule and cannot be opened.
 *
 * The headers of the toolchains differ in age, so the kernel's numbers stand here:
 * linux/landlock.h.
 */
#define RIGHT(bit)  ((uint64_t)1 << (bit))
#define EXECUTE     RIGHT(0)
#define WRITE_FILE  RIGHT(1)
#define READ_FILE   RIGHT(2)
#define READ_DIR    RIGHT(3)
#define REMOVE_DIR  RIGHT(4)
#define REMOVE_FILE RIGHT(5)
#define MAKE_DIR    RIGHT(7)
#define MAKE_REG    RIGHT(8)
#define MAKE_SOCK   RIGHT(9)
#define MAKE_FIFO   RIGHT(10)
#define MAKE_SYM    RIGHT(12)
#define REFER       RIGHT(13) /* ABI 2 */
#define TRUNCATE    RIGHT(14) /* ABI 3 */
#define IOCTL_DEV   RIGHT(15) /* ABI 5 */

#define READ (READ_FILE | READ_DIR)
#define CHANGE                                                                                     \
	(WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SOCK | MAKE_FIFO |     \
	 MAKE_SYM | REFER | TRUNCATE)

#define OF_FILES (EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV)
#define DEV      "/dev"

#define SCOPE_ABSTRACT_SOCKET RIGHT(0) /* ABI 6 */
#define SCOPE_SIGNAL          RIGHT(1)

#define PATH_BENEATH 1
#define LAST_ABI     6         /* what later ones add is no right that a service could lack */
#define ENTRIES_MAX  512       /* beside mount points; each is one rule */
#define SENTINEL     "version" /* of the launcher's own procfs, which has no rule */

struct ruleset {
	uint64_t files;
	uint64_t net;
	uint64_t scopes;
};

struct making {
	const struct plan *plan;
	int fd;
	uint64_t handled;
	unsigned int entries;
	struct err *err;
};

static uint64_t rights_of(uint32_t abi)
{
	/* Every right of an ABI is handled, whether somebody is granted it or not. */
	static const uint64_t rights[LAST_ABI + 1] = {0,
						      REFER - 1,
						      TRUNCATE - 1,
						      IOCTL_DEV - 1,
						      IOCTL_DEV - 1,
						      2 * IOCTL_DEV - 1,
						      2 * IOCTL_DEV - 1};

	return rights[abi < LAST_ABI ? abi : LAST_ABI];
}

/*
 * TCP ports (ABI 4) are not handled: a rule names a port and no address, and a service without a
 * network uses whatever ports it likes on its own loopback; there is nothing else it could reach.
 * Scopes: a probe is a domain of its own and may talk to and signal its service, which is all that
 * there is in the namespaces it joined; the service itself has no business outside of its domain.
 */
static int new_ruleset(const struct plan *p)
{
	const bool scoped = p->landlock_abi >= 6 && p->join_pidfd < 0;
	const struct ruleset set = {
		.files = rights_of(p->landlock_abi),
		.scopes = scoped ? SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL : 0,
	};
	int fd = (int)syscall(SYS_landlock_create_ruleset, &set,
			      scoped ? sizeof(set) : sizeof(set.files), 0);
	int high = fd < 0 ? -errno : fd_duplicate(fd, plan_report_number(p) + 1);

	fd_close(&fd);
	return high;
}

static int grant(const struct making *m, int fd, uint64_t rights, const char *what)
{
	const struct {
		uint64_t rights;
		int32_t fd;
	} __attribute__((packed)) rule = {rights & m->handled, fd};

	if (syscall(SYS_landlock_add_rule, m->fd, PATH_BENEATH, &rule, 0))
		return err_sys(m->err, errno, "landlock: %s", what);
	return 0;
}

/* ---- the image */

enum relation { NO_MOUNT, MOUNT_POINT, ON_THE_WAY };

/* Is @path/@name where something is mounted, or a directory above such a place? */
static enum relation relation_of(const struct plan *p, const char *path, const char *name)
{
	size_t above = strlen(path);
	size_t length = strlen(name);
	enum relation found = NO_MOUNT;

	for (unsigned int i = 0; i < p->mount_count; i++) {
		const char *at = p->mounts[i].path;

		if (strncmp(at, path, above) != 0 || at[above] != '/' ||
		    strncmp(at + above + 1, name, length) != 0)
			continue;
		if (at[above + 1 + length] == '\0')
			return MOUNT_POINT;
		if (at[above + 1 + length] == '/')
			found = ON_THE_WAY;
	}
	return found;
}

/* Below each other no deeper than the path of a mount is. NOLINTBEGIN(misc-no-recursion) */
static int grant_entries(struct making *m, int dir_fd, const char *path);

static int grant_entry(struct making *m, int dir_fd, const char *path, const char *name)
{
	const enum relation relation = relation_of(m->plan, path, name);
	CLEAN_FD int fd = -1;
	char below[POLICY_PATH_SIZE];
	struct stat st;

	if (relation == MOUNT_POINT)
		return 0;
	fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return err_sys(m->err, errno, "landlock: %s/%s", path, name);
	if (relation == ON_THE_WAY) {
		str_join(below, sizeof(below), path, "/", name);
		return grant_entries(m, fd, below);
	}
	if (++m->entries > ENTRIES_MAX)
		return err_set(m->err, E2BIG, "landlock: more than %d entries beside mount points",
			       ENTRIES_MAX);
	if (S_ISDIR(st.st_mode))
		return grant(m, fd, READ | EXECUTE, name);
	/* Links are read, not opened; what they lead to has its own rule. */
	return S_ISREG(st.st_mode) ? grant(m, fd, READ_FILE | EXECUTE, name) : 0;
}

/*
 * A rule holds for everything below, mounts included, and none can take away again: so "/" and what
 * leads to a mount point get no rule for files, but each of their other entries does.
 */
static int grant_entries(struct making *m, int dir_fd, const char *path)
{
	int list_fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = list_fd < 0 ? NULL : fdopendir(list_fd);
	struct dirent *entry;
	int r = 0;

	if (!dir) {
		r = err_sys(m->err, errno, "landlock: %s/", path);
		fd_close(&list_fd);
		return r;
	}
	while (!r && (entry = readdir(dir)))
		if (!str_equal(entry->d_name, ".") && !str_equal(entry->d_name, ".."))
			r = grant_entry(m, dirfd(dir), path, entry->d_name);
	(void)closedir(dir);
	return r;
}
/* NOLINTEND(misc-no-recursion) */

/* ---- mounts and devices */

static int grant_node(const struct making *m, int dev_fd, const char *name, uint64_t rights)
{
	CLEAN_FD int fd = openat(dev_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_sys(m->err, errno, "landlock: /dev/%s", name);
	return grant(m, fd, rights | IOCTL_DEV, name);
}

static int grant_devices(const struct making *m, int dev_fd)
{
	const struct plan *p = m->plan;
	const char *name;
	int r = 0;

	for (size_t i = 0; !r && (name = root_device_name(i)); i++)
		r = grant_node(m, dev_fd, name, READ_FILE | WRITE_FILE | TRUNCATE);
	for (unsigned int i = 0; !r && i < p->device_count; i++)
		r = grant_node(m, dev_fd, p->devices[i].name,
			       p->devices[i].write ? READ_FILE | WRITE_FILE | TRUNCATE : READ_FILE);
	return r;
}

static uint64_t rights_in(const struct plan_mount *mount)
{
	const bool proc = str_equal(mount->type, "proc");
	const bool fixed = proc || (mount->attributes & MOUNT_RDONLY);
	uint64_t rights = READ;

	if (!fixed)
		rights |= CHANGE;
	if (!(mount->attributes & MOUNT_NOEXEC))
		rights |= EXECUTE;
	return rights;
}

static int grant_mount(const struct making *m, const struct plan_mount *mount)
{
	/* Made for this life, or known by its place alone: of a template, of a service that a probe
	 * joined. Then that place was proven. */
	const bool by_place = mount->pooled || m->plan->join_pidfd >= 0;
	/* cppcheck-suppress unreadVariable */
	CLEAN_FD int point_fd = -1; /* closed in the end */
	int fd = mount->fd;
	struct stat st;

	if (fd < 0 && by_place) {
		point_fd = mounts_open_point(mount, m->err);
		fd = point_fd;
	} else if (fd < 0) {
		return err_set(m->err, EBADF, "landlock: %s is not mounted", mount->path);
	}
	if (fd < 0)
		return -m->err->code;
	if (str_equal(mount->path, DEV))
		return grant_devices(m, fd);
	/* One file of /sys; what concerns directories is no right of a file. */
	if (fstat(fd, &st))
		return err_sys(m->err, errno, "landlock: %s", mount->path);
	return grant(m, fd, rights_in(mount) & (S_ISDIR(st.st_mode) ? ~0ull : OF_FILES),
		     mount->path);
}

static int make_rules(struct making *m)
{
	const struct plan *p = m->plan;
	int r = grant(m, p->image_fd, READ_DIR, "/");

	r = r ? r : grant_entries(m, p->image_fd, "");
	for (unsigned int i = 0; !r && i < p->mount_count; i++)
		r = grant_mount(m, &p->mounts[i]);
	/* A program of ours lies outside of the root: a helper, the reaper of init = yes. */
	if (!r && !p->program)
		r = grant(m, p->exec_fd, READ_FILE | EXECUTE, "program");
	return r;
}

int step_rules_apply(struct plan *p, struct err *err)
{
	struct making m = {.plan = p, .fd = -1, .handled = rights_of(p->landlock_abi), .err = err};

	if (!p->landlock_abi)
		return 0;
	m.fd = new_ruleset(p);
	if (m.fd < 0)
		return err_sys(err, -m.fd, "landlock ABI %u", p->landlock_abi);
	p->rules_fd = m.fd;
	return make_rules(&m);
}

/* ---- in force */

/* 0 or -errno of opening what no rule names. Every process may read it: it has no mode, owner or
 * mount that could be the reason for a refusal. */
static int open_sentinel(const struct plan *p)
{
	CLEAN_FD int fd = openat(p->proc_fd, SENTINEL, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

int step_landlock_apply(struct plan *p, struct err *err)
{
	int r;

	if (!p->landlock_abi)
		return 0;
	/* So that the refusal that is proven afterwards has this step as its reason. */
	r = open_sentinel(p);
	if (r)
		return err_sys(err, -r, "landlock: the sentinel");
	if (syscall(SYS_landlock_restrict_self, p->rules_fd, 0))
		return err_sys(err, errno, "landlock_restrict_self");
	fd_close(&p->rules_fd);
	return 0;
}

static bool has_dev(const struct plan *p)
{
	for (unsigned int i = 0; i < p->mount_count; i++)
		if (str_equal(p->mounts[i].path, DEV))
			return true;
	return false;
}

int step_landlock_prove(const struct plan *p, struct err *err)
{
	/* What must stay: a service has its /dev, a helper its empty root. */
	const bool dev = has_dev(p);
	const char *path = dev ? DEV "/null" : "/";
	CLEAN_FD int fd = -1;

	if (!p->landlock_abi)
		return 0;
	if (open_sentinel(p) != -EACCES)
		return err_set(err, EPERM, "landlock: a file without a rule can be opened");
	fd = open(path, (dev ? O_RDWR : O_RDONLY | O_DIRECTORY) | O_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "landlock: %s", path) : 0;
}

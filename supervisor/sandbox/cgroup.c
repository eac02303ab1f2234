#include "sandbox/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "sandbox/device_filter.h"

#define CGROUPS   "/sys/fs/cgroup/bartizan/"
#define PERIOD_US 100000u /* of cpu.max; the kernel's default */

static void place(char *to, size_t size, const char *path, const char *leaf)
{
	char directory[160];

	str_join(directory, sizeof(directory), CGROUPS, path, "/");
	str_join(to, size, directory, leaf, "");
}

/* The directory, and whether what differs is written or an error. */
struct target {
	int dir;
	bool change;
};

static int read_value(int dir, const char *file, char *found, size_t size, struct err *err)
{
	ssize_t n = fd_read_file(dir, file, found, size);

	if (n < 0)
		return err_sys(err, (int)-n, "%s", file);
	found[strcspn(found, "\n")] = '\0';
	return 0;
}

/* The directory outlives a life: then the limit is there, and reading it is the proof. */
static int write_and_prove(const struct target *t, const char *file, const char *value,
			   struct err *err)
{
	char found[64];
	int r = read_value(t->dir, file, found, sizeof(found), err);

	if (r || str_equal(found, value))
		return r;
	if (t->change) {
		r = fd_write_file(t->dir, file, value);
		if (r)
			return err_sys(err, -r, "%s = %s", file, value);
		r = read_value(t->dir, file, found, sizeof(found), err);
	}
	if (!r && !str_equal(found, value))
		r = err_set(err, EPERM, "%s reads back as %s instead of %s", file, found, value);
	return r;
}

/* The kernel keeps memory limits in whole pages: what is asked for is cut the same way. */
static int write_bytes(const struct target *t, const char *file, uint64_t bytes, struct err *err)
{
	unsigned long long page = (unsigned long long)getpagesize();
	char value[24];

	(void)snprintf(value, sizeof(value), "%llu", bytes / page * page);
	return write_and_prove(t, file, value, err);
}

static int write_number(const struct target *t, const char *file, uint32_t number, struct err *err)
{
	char value[24];

	(void)snprintf(value, sizeof(value), "%u", number);
	return write_and_prove(t, file, value, err);
}

/* A CPU that can never come is refused by the kernel; one that is off is left out: what is in
 * effect is compared. */
static int write_cpuset(const struct target *t, const struct cgroup_limits *l, struct err *err)
{
	char effective[64] = "";

	if (!l->cpuset[0])
		return 0;
	if (!write_and_prove(t, "cpuset.cpus", l->cpuset, err) &&
	    !read_value(t->dir, "cpuset.cpus.effective", effective, sizeof(effective), err) &&
	    str_equal(effective, l->cpuset))
		return 0;
	(void)err_set(err, ERANGE, "cpuset_cpus = %s: not all of them are online", l->cpuset);
	return err_hint(err, "name processors that the board has");
}

static int write_cpu(const struct target *t, const struct cgroup_limits *l, struct err *err)
{
	char value[40];
	int r = 0;

	if (l->cpus_thousandths) {
		(void)snprintf(value, sizeof(value), "%u %u",
			       l->cpus_thousandths * (PERIOD_US / 1000), PERIOD_US);
		r = write_and_prove(t, "cpu.max", value, err);
	}
	if (!r && l->cpu_weight)
		r = write_number(t, "cpu.weight", l->cpu_weight, err);
	return r ? r : write_cpuset(t, l, err);
}

/* A kernel without swap has no memory.swap.max; then there is nothing to limit. */
static int write_swap(const struct target *t, const struct cgroup_limits *l, struct err *err)
{
	if (faccessat(t->dir, "memory.swap.max", F_OK, 0) && errno == ENOENT)
		return 0;
	return write_bytes(t, "memory.swap.max", l->swap, err);
}

static int write_memory(const struct target *t, const struct cgroup_limits *l, struct err *err)
{
	int r = 0;

	if (l->memory) {
		/* Killed as a whole: half a service after an out-of-memory kill is worse than none.
		 */
		r = write_number(t, "memory.oom.group", 1, err);
		r = r ? r : write_bytes(t, "memory.max", l->memory, err);
		r = r ? r : write_swap(t, l, err);
	}
	if (!r && l->memory_high)
		r = write_bytes(t, "memory.high", l->memory_high, err);
	if (!r && l->memory_low)
		r = write_bytes(t, "memory.low", l->memory_low, err);
	return r;
}

static int write_pids(const struct target *t, const struct cgroup_limits *l, struct err *err)
{
	return l->pids ? write_number(t, "pids.max", l->pids, err) : 0;
}

/* By enum cgroup_part. */
static int (*const parts[])(const struct target *, const struct cgroup_limits *, struct err *) = {
	[CGROUP_MEMORY] = write_memory,
	[CGROUP_PIDS] = write_pids,
	[CGROUP_CPU] = write_cpu,
};

static int write_limits(int dir, const struct cgroup_limits *l, struct err *err)
{
	const struct target target = {dir, true};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts) && !r; i++)
		r = parts[i](&target, l, err);
	return r;
}

static int open_directory(const char *path, struct err *err)
{
	char full[160];
	int dir;

	str_join(full, sizeof(full), CGROUPS, path, "");
	dir = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return dir < 0 ? err_sys(err, errno, "cgroup %s", path) : dir;
}

int cgroup_hold(const char *path, const struct cgroup_limits *limits, enum cgroup_part part,
		struct err *err)
{
	CLEAN_FD int dir = open_directory(path, err);

	return dir < 0 ? dir : parts[part](&(const struct target){dir, false}, limits, err);
}

int cgroup_prepare(const char *path, const struct cgroup_limits *limits, struct err *err)
{
	char full[160];
	CLEAN_FD int dir = -1;

	str_join(full, sizeof(full), CGROUPS, path, "");
	if (mkdir(full, 0755) && errno != EEXIST)
		return err_sys(err, errno, "cgroup %s", path);
	dir = open_directory(path, err);
	return dir < 0 ? dir : write_limits(dir, limits, err);
}

int cgroup_devices(const char *path, const struct plan *plan, uint32_t *program, struct err *err)
{
	CLEAN_FD int dir = open_directory(path, err);

	return dir < 0 ? dir : device_filter_apply(dir, plan, program, err);
}

int cgroup_devices_hold(const char *path, const struct plan *plan, struct err *err)
{
	CLEAN_FD int dir = open_directory(path, err);

	return dir < 0 ? dir : device_filter_hold(dir, plan, err);
}

int cgroup_leaf(const char *path, const char *leaf, struct err *err)
{
	char full[200];
	int dir;

	place(full, sizeof(full), path, leaf);
	(void)rmdir(full);
	if (mkdir(full, 0755))
		return err_sys(err, errno, "cgroup %s/%s", path, leaf);
	dir = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return dir < 0 ? err_sys(err, errno, "cgroup %s/%s", path, leaf) : dir;
}

int cgroup_remove_leaf(const char *path, const char *leaf)
{
	char full[200];

	place(full, sizeof(full), path, leaf);
	return rmdir(full) && errno != ENOENT ? -errno : 0;
}

bool cgroup_is_empty(const char *path)
{
	char full[200];
	char events[128];

	place(full, sizeof(full), path, "cgroup.events");
	if (fd_read_file(AT_FDCWD, full, events, sizeof(events)) < 0)
		return false;
	return strstr(events, "populated 0") != NULL;
}

bool cgroup_has_only(const char *path, const char *leaf)
{
	char full[200];
	struct dirent *entry;
	bool only = true;
	DIR *directory;

	str_join(full, sizeof(full), CGROUPS, path, "");
	directory = opendir(full);
	if (!directory)
		return false;
	while (only && (entry = readdir(directory))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
		    str_equal(entry->d_name, leaf))
			continue;
		str_join(full, sizeof(full), path, "/", entry->d_name);
		only = cgroup_is_empty(full);
	}
	(void)closedir(directory);
	return only;
}

/* ceil(10^((l^2 + 125 l) / 612 - 7/34)), l = log2(shares), without floating point: the table holds
 * the formula at every power of two, between them the straight line is within the rounding of a
 * scheduler. */
uint32_t cgroup_weight_of_shares(uint32_t shares)
{
	static const uint32_t at_power[] = {1,   1,   2,   3,   5,   8,    12,   21,   35,   59,
					    100, 174, 303, 532, 942, 1681, 3023, 5478, 10000};
	uint32_t power = 0;
	uint32_t low;
	uint32_t high;

	if (shares < 2)
		shares = 2;
	if (shares >= 262144)
		return 10000;
	while (shares >> (power + 1))
		power++;
	low = at_power[power];
	high = at_power[power + 1];
	return low + (uint32_t)((uint64_t)(high - low) * (shares - (1u << power)) / (1u << power));
}

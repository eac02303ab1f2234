/* What procfs and sysfs show and take beyond one's own processes. */
#include "escape.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool reads(const char *path)
{
	char text[64];
	int fd = (int)tried("open", SYS_openat, open(path, O_RDONLY | O_CLOEXEC));

	return fd >= 0 && tried("read", SYS_read, read(fd, text, sizeof(text))) >= 0;
}

/* Writes what the file holds: whoever can do that can write anything. */
static bool rewrites(const char *path)
{
	char text[256];
	ssize_t length = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		length = read(fd, text, sizeof(text));
		close(fd);
	}
	fd = (int)tried("open", SYS_openat, open(path, O_WRONLY | O_CLOEXEC));
	if (fd < 0)
		return false;
	if (length <= 0) {
		text[0] = '\n';
		length = 1;
	}
	return tried("write", SYS_write, write(fd, text, (size_t)length)) == length;
}

static bool core_pattern(void)
{
	return rewrites("/proc/sys/kernel/core_pattern");
}

static bool modprobe(void)
{
	return rewrites("/proc/sys/kernel/modprobe");
}

static bool sysctl_net(void)
{
	return rewrites("/proc/sys/net/ipv4/ip_forward");
}

static bool sysrq(void)
{
	return tried("open", SYS_openat, open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC)) >= 0;
}

static bool kcore(void)
{
	return reads("/proc/kcore");
}

static bool keys(void)
{
	return reads("/proc/keys");
}

static bool symbols(void)
{
	return reads("/proc/kallsyms");
}

static bool host_mounts(void)
{
	return reads("/proc/1/root/etc/bartizan/supervisor.conf");
}

static bool host_command_line(void)
{
	return reads("/proc/cmdline");
}

static bool sysfs_write(void)
{
	return rewrites("/sys/kernel/uevent_seqnum") || rewrites("/sys/power/pm_async") ||
	       rewrites("/sys/kernel/mm/ksm/run");
}

static bool cgroup_limit(void)
{
	static const char *const places[] = {"/sys/fs/cgroup/bartizan/services/victim/memory.max",
					     "/sys/fs/cgroup/memory.max"};

	for (size_t i = 0; i < 2; i++)
		if (rewrites(places[i]))
			return true;
	return false;
}

/* Out of the group whose limits hold. */
static bool cgroup_move(void)
{
	int fd = (int)tried("open", SYS_openat,
			    open("/sys/fs/cgroup/cgroup.procs", O_WRONLY | O_CLOEXEC));

	return fd >= 0 && tried("write", SYS_write, write(fd, "0", 1)) == 1;
}

static bool cgroup_freeze(void)
{
	return rewrites("/sys/fs/cgroup/bartizan/services/victim/cgroup.freeze");
}

const struct attack procfs_attacks[] = {
	{"core-pattern", core_pattern},
	{"modprobe-path", modprobe},
	{"sysctl-net", sysctl_net},
	{"sysrq-trigger", sysrq},
	{"kcore", kcore},
	{"proc-keys", keys},
	{"kallsyms", symbols},
	{"proc-1-root", host_mounts},
	{"proc-cmdline", host_command_line},
	{"sysfs-write", sysfs_write},
	{"cgroup-limit", cgroup_limit},
	{"cgroup-move", cgroup_move},
	{"cgroup-freeze", cgroup_freeze},
	{0},
};

/* New namespaces and other people's. */
#include "escape.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif

#define UNSHARE(name, flag)                                                                        \
	static bool unshare_##name(void)                                                           \
	{                                                                                          \
		return CALL(unshare, flag) == 0;                                                   \
	}
UNSHARE(user, CLONE_NEWUSER)
UNSHARE(mnt, CLONE_NEWNS)
UNSHARE(pid, CLONE_NEWPID)
UNSHARE(net, CLONE_NEWNET)
UNSHARE(ipc, CLONE_NEWIPC)
UNSHARE(uts, CLONE_NEWUTS)
UNSHARE(cgroup, CLONE_NEWCGROUP)
UNSHARE(time, CLONE_NEWTIME)

static bool made(long pid)
{
	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return false;
	waitpid((int)pid, NULL, 0);
	return true;
}

static bool clone_user(void)
{
	return made(CALL(clone, CLONE_NEWUSER | SIGCHLD));
}

static bool clone_many(void)
{
	return made(
		CALL(clone, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | SIGCHLD));
}

/* A child of the launcher's parent: nobody in the service would be responsible for it. */
static bool clone_parent(void)
{
	long pid = CALL(clone, CLONE_PARENT | SIGCHLD);

	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static bool clone3_user(void)
{
	uint64_t arguments[11] = {[0] = CLONE_NEWUSER, [4] = SIGCHLD};

	return made(CALL(clone3, A(arguments), sizeof(arguments)));
}

static bool join(const char *path, int flag)
{
	int fd = (int)tried("open", SYS_openat, open(path, O_RDONLY | O_CLOEXEC));

	return fd >= 0 && CALL(setns, fd, flag) == 0;
}

static bool join_mnt(void)
{
	return join("/proc/1/ns/mnt", CLONE_NEWNS);
}

static bool join_net(void)
{
	return join("/proc/1/ns/net", CLONE_NEWNET);
}

static bool join_pidfd(void)
{
	long fd = CALL(pidfd_open, 1, 0);

	return fd >= 0 && CALL(setns, fd, CLONE_NEWUTS | CLONE_NEWIPC) == 0;
}

static bool set_name(void)
{
	return CALL(sethostname, A("escaped"), 7) == 0;
}

const struct attack namespace_attacks[] = {
	{"unshare-user", unshare_user},
	{"unshare-mnt", unshare_mnt},
	{"unshare-pid", unshare_pid},
	{"unshare-net", unshare_net},
	{"unshare-ipc", unshare_ipc},
	{"unshare-uts", unshare_uts},
	{"unshare-time", unshare_time},
	{"unshare-cgroup", unshare_cgroup},
	{"clone-user", clone_user},
	{"clone-many", clone_many},
	{"clone-parent", clone_parent},
	{"clone3-user", clone3_user},
	{"setns-mnt", join_mnt},
	{"setns-net", join_net},
	{"setns-pidfd", join_pidfd},
	{"sethostname", set_name},
	{0},
};

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "programs/launcher/launcher.h"

/* volumes/SERVICE and secrets/SERVICE of the state partition: root's alone. */

int state_open(int dir_fd, const char *name, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)(flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_XDEV,
	};
	long fd = syscall(SYS_openat2, dir_fd, name, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

int state_directory(int dir_fd, const char *name, bool make)
{
	if (make && mkdirat(dir_fd, name, 0700) && errno != EEXIST)
		return -errno;
	return state_open(dir_fd, name, O_RDONLY | O_DIRECTORY);
}

int state_place(const char *kind, const char *service, bool make)
{
	CLEAN_FD int all_fd = state_directory(launcher.state_fd, kind, make);

	return all_fd < 0 ? all_fd : state_directory(all_fd, service, make);
}

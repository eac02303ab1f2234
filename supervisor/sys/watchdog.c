#include "sys/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <sys/ioctl.h>

#include "base/fd.h"

/* musl's ioctl() takes the request as an int, glibc's as an unsigned long. */
#ifdef __GLIBC__
typedef unsigned long ioctl_request;
#else
typedef int ioctl_request;
#endif

int watchdog_open(const char *path, uint32_t timeout_s, uint32_t *got_s)
{
	CLEAN_FD int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	int timeout = (int)timeout_s;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, (ioctl_request)WDIOC_SETTIMEOUT, &timeout))
		return -errno;
	*got_s = (uint32_t)timeout;
	return take_fd(&fd);
}

void watchdog_feed(int fd)
{
	int unused = 0;

	if (fd >= 0)
		(void)ioctl(fd, (ioctl_request)WDIOC_KEEPALIVE, &unused);
}

#include "sys/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

/* ioctl(2) itself: the libraries disagree on the type of the request. */
static long control(int fd, unsigned long request, int *value)
{
	return syscall(SYS_ioctl, fd, request, value);
}

int watchdog_open(const char *path, uint32_t timeout_s, uint32_t *got_s)
{
	CLEAN_FD int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	int timeout = (int)timeout_s;

	if (fd < 0)
		return -errno;
	if (control(fd, WDIOC_SETTIMEOUT, &timeout))
		return -errno;
	*got_s = (uint32_t)timeout;
	return take_fd(&fd);
}

void watchdog_feed(int fd)
{
	int unused = 0;

	if (fd >= 0)
		(void)control(fd, WDIOC_KEEPALIVE, &unused);
}

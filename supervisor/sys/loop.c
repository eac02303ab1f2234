#include "sys/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"

#define TRIES 16 /* between "N is free" and its use somebody else may take it */

static int configure(int file_fd, const struct loop_window *window, int loop_fd)
{
	struct loop_config config = {
		.fd = (uint32_t)file_fd,
		.block_size = 4096,
		.info = {.lo_offset = window->offset,
			 .lo_sizelimit = window->size,
			 /* Direct where the file system can: nothing is read ahead below dm-verity
			  * nor kept twice. The kernel goes without where it cannot. */
			 .lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO},
	};

	return ioctl(loop_fd, LOOP_CONFIGURE, &config) ? -errno : 0;
}

/* Did it become what was asked for? The kernel is not asked by name but through this descriptor. */
static int prove(int loop_fd, const struct loop_window *window, struct err *err)
{
	struct loop_info64 info;

	if (ioctl(loop_fd, LOOP_GET_STATUS64, &info))
		return err_sys(err, errno, "loop device");
	if (info.lo_offset != window->offset || info.lo_sizelimit != window->size ||
	    !(info.lo_flags & LO_FLAGS_READ_ONLY) || !(info.lo_flags & LO_FLAGS_AUTOCLEAR))
		return err_set(err, EPERM, "the loop device is not as asked for");
	return 0;
}

int loop_attach(int file_fd, const struct loop_window *window, int *loop_fd,
		char node[LOOP_NODE_SIZE], struct err *err)
{
	CLEAN_FD int control_fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int r = -EBUSY;

	if (control_fd < 0)
		return err_sys(err, errno, "/dev/loop-control");
	for (int i = 0; i < TRIES && r == -EBUSY; i++) {
		CLEAN_FD int fd = -1;
		int number = ioctl(control_fd, LOOP_CTL_GET_FREE);

		if (number < 0)
			return err_sys(err, errno, "no free loop device");
		(void)snprintf(node, LOOP_NODE_SIZE, "/dev/loop%d", number);
		fd = open(node, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return err_sys(err, errno, "%s", node);
		r = configure(file_fd, window, fd);
		if (!r) {
			r = prove(fd, window, err);
			if (!r)
				*loop_fd = take_fd(&fd);
			return r;
		}
	}
	return err_sys(err, -r, "%s cannot be attached", node);
}

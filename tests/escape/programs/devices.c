/* Devices: nodes that are not there, nodes that one makes, terminals. */
#include "escape.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static bool opens(const char *path, int flags)
{
	return tried("open", SYS_openat, open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) >=
	       0;
}

static bool memory(void)
{
	return opens("/dev/mem", O_RDWR);
}

static bool kernel_messages(void)
{
	return opens("/dev/kmsg", O_WRONLY);
}

static bool loops(void)
{
	return opens("/dev/loop-control", O_RDWR);
}

static bool mapper(void)
{
	return opens("/dev/mapper/control", O_RDWR);
}

/* The state partition as a block device: images, floors, audit trail. */
static bool state_disk(void)
{
	return opens("/dev/vda", O_RDWR) || opens("/dev/mmcblk0", O_RDWR);
}

static bool console(void)
{
	return opens("/dev/console", O_RDWR);
}

static bool node(const char *path, mode_t type, unsigned int major_, unsigned int minor_)
{
	(void)unlink(path);
	return CALL(mknodat, AT_FDCWD, A(path), type | 0600, A(makedev(major_, minor_))) == 0;
}

static bool make_memory(void)
{
	return node("/tmp/mem", S_IFCHR, 1, 1);
}

/* A disk by its number: the node is made, then opened. */
static bool make_disk(void)
{
	for (unsigned int major_ = 252; major_ <= 254; major_++)
		if (node("/tmp/disk", S_IFBLK, major_, 0) && opens("/tmp/disk", O_RDWR))
			return true;
	return false;
}

#define TIOCLINUX_ 0x541c

static bool command(const char *name, unsigned long request)
{
	char argument[2] = "x";
	int fd = open("/dev/ttyS0", O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	/* Where no terminal is to be had: the command itself, on what there is. */
	if (fd < 0)
		fd = STDOUT_FILENO;
	return tried(name, SYS_ioctl, ioctl(fd, (int)request, argument)) >= 0;
}

/* Types into a terminal as if somebody sat there. */
static bool push_input(void)
{
	return command("TIOCSTI", TIOCSTI);
}

/* Selects and pastes on a virtual console. */
static bool paste_input(void)
{
	char shift_state = 6;
	int fd = open("/dev/tty0", O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	return tried("TIOCLINUX", SYS_ioctl,
		     ioctl(fd < 0 ? STDOUT_FILENO : fd, TIOCLINUX_, &shift_state)) >= 0;
}

/* Loads a line discipline: old code of the kernel. */
static bool line_discipline(void)
{
	int discipline = 0;
	int fd = open("/dev/ttyS0", O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	return tried("TIOCSETD", SYS_ioctl,
		     ioctl(fd < 0 ? STDOUT_FILENO : fd, TIOCSETD, &discipline)) >= 0;
}

const struct attack device_attacks[] = {
	{"dev-mem", memory},        {"dev-kmsg", kernel_messages}, {"dev-loop", loops},
	{"dev-mapper", mapper},     {"dev-disk", state_disk},      {"dev-console", console},
	{"mknod-mem", make_memory}, {"mknod-disk", make_disk},     {"tiocsti", push_input},
	{"tioclinux", paste_input}, {"tiocsetd", line_discipline}, {0},
};

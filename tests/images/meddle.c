/*
 * meddle: what somebody with the state disk does to an image while the device looks at it.
 *
 * meddle exchange A B MS   rename the two over each other, again and again, for that long
 * meddle flip FILE FROM TO change one byte in every block between two offsets
 * meddle truncate FILE SIZE
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static int exchange(const char *a, const char *b, long long ms)
{
	long long end = now_ms() + ms;
	const struct timespec pause = {.tv_nsec = 3000000};

	while (now_ms() < end) {
		if (syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE))
			return errno;
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int flip(const char *file, long long from, long long to)
{
	int fd = open(file, O_RDWR);

	for (long long at = from + 7; fd >= 0 && at < to; at += 4096) {
		unsigned char byte;

		if (pread(fd, &byte, 1, at) != 1)
			return errno ? errno : EIO;
		byte ^= 0x10;
		if (pwrite(fd, &byte, 1, at) != 1)
			return errno;
	}
	return fd < 0 || fsync(fd) ? errno : 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "exchange"))
		return exchange(argv[2], argv[3], atoll(argv[4]));
	if (argc == 5 && !strcmp(argv[1], "flip"))
		return flip(argv[2], atoll(argv[3]), atoll(argv[4]));
	if (argc == 4 && !strcmp(argv[1], "truncate"))
		return truncate(argv[2], atoll(argv[3])) ? errno : 0;
	fprintf(stderr, "usage: meddle exchange A B MS | flip FILE FROM TO | truncate FILE SIZE\n");
	return 2;
}

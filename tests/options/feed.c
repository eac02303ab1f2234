/*
 * For the host of the services, which has no shell.
 * feed TEXT PROGRAM ARGUMENTS...: runs the program with TEXT on its standard input; "zeros:COUNT"
 * stands for so many zero bytes.
 * feed watch FILE: until the bytes of FILE are others than at first, half a minute at most; 0 when
 * they are all zero then.
 * feed kill PID
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static int watch(const char *path)
{
	const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
	char first[64], now[64];
	int fd = open(path, O_RDONLY);
	ssize_t size = pread(fd, first, sizeof(first), 0);

	for (int turns = 0; size > 0 && turns < 1500; turns++) {
		if (pread(fd, now, (size_t)size, 0) == size && memcmp(first, now, (size_t)size)) {
			memset(first, 0, sizeof(first));
			return memcmp(first, now, (size_t)size) != 0;
		}
		nanosleep(&pause, NULL);
	}
	return 3;
}

int main(int argc, char **argv)
{
	int fd = memfd_create("feed", 0);

	if (argc < 3 || fd < 0)
		return 2;
	if (strcmp(argv[1], "watch") == 0)
		return watch(argv[2]);
	if (strcmp(argv[1], "kill") == 0)
		return kill(atoi(argv[2]), SIGKILL) ? 1 : 0;
	if (strncmp(argv[1], "zeros:", 6) == 0) {
		if (ftruncate(fd, atol(argv[1] + 6)))
			return 2;
	} else if (write(fd, argv[1], strlen(argv[1])) < 0) {
		return 2;
	}
	lseek(fd, 0, SEEK_SET);
	dup2(fd, 0);
	execv(argv[2], argv + 2);
	return 127;
}

/* What `verify` does before an image is mapped: "BYTES_READ MICROSECONDS", the median of 21 runs.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "trust/arch.h"
#include "trust/image.h"

#define RUNS 21

static long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000L + t.tv_nsec / 1000;
}

/* rchar of /proc/self/io: every byte that read(2) and pread(2) gave. */
static long bytes_read(void)
{
	char text[256] = "";
	int fd = open("/proc/self/io", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		exit(1);
	close(fd);
	return atol(strchr(text, ' '));
}

static int by_size(const void *a, const void *b)
{
	long x = *(const long *)a;
	long y = *(const long *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	static struct trust_anchors anchors;
	static char pem[65536];
	struct trust_request request = {.arch = ARCH_X86_64, .anchors = &anchors};
	struct verdict verdict;
	struct err err = {0};
	long times[RUNS];
	long before;
	long after;
	int pem_fd = argc == 3 ? open(argv[2], O_RDONLY | O_CLOEXEC) : -1;
	int fd = argc == 3 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	ssize_t size = read(pem_fd, pem, sizeof(pem));

	trust_anchors_init(&anchors);
	if (fd < 0 || size <= 0 || trust_anchors_add(&anchors, ANCHOR_PEM, pem, (size_t)size, &err))
		return 1;
	before = bytes_read();
	if (trust_image_verify(fd, &request, &verdict, &err)) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	after = bytes_read();
	for (int i = 0; i < RUNS; i++) {
		times[i] = now_us();
		if (trust_image_verify(fd, &request, &verdict, &err))
			return 1;
		times[i] = now_us() - times[i];
	}
	qsort(times, RUNS, sizeof(times[0]), by_size);
	printf("%ld %ld\n", after - before, times[RUNS / 2]);
	return 0;
}

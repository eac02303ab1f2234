/*
 * neighbour: one service that keeps time, and others that take all they can get.
 *   beat    every 10 ms; "beat MAX MEDIAN" in microseconds of delay for each 50 beats
 *   idle SECONDS             nothing
 *   forks memory space inodes files flood   SECONDS of attack: "attack begins", "attack ends COUNT"
 * COUNT is what the kernel or the recorder must have counted too.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BEATS  50
#define STEP   10000000L /* ns */
#define SECOND 1000000000L

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * SECOND + now.tv_nsec;
}

static void say(const char *text, long count)
{
	printf("%s %ld\n", text, count);
	fflush(stdout);
}

static int by_size(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return (x > y) - (x < y);
}

static _Noreturn void beat(void)
{
	long long delays[BEATS];

	for (;;) {
		long long due = now_ns();

		for (int i = 0; i < BEATS; i++) {
			struct timespec at;

			due += STEP;
			at = (struct timespec){.tv_sec = due / SECOND, .tv_nsec = due % SECOND};
			while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
				;
			delays[i] = now_ns() - due;
			/* One late beat is one late beat: the next is due 10 ms after it. */
			if (delays[i] > STEP)
				due += delays[i];
		}
		qsort(delays, BEATS, sizeof(delays[0]), by_size);
		printf("beat %lld %lld\n", delays[BEATS - 1] / 1000, delays[BEATS / 2] / 1000);
		fflush(stdout);
	}
}

static long idle(long long end)
{
	const struct timespec at = {.tv_sec = end / SECOND, .tv_nsec = end % SECOND};

	return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

/* Everybody forks and nobody rests. What was refused is counted in shared memory. */
static long forks(long long end)
{
	volatile long *count =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t first = getpid();

	while (now_ns() < end) {
		if (fork() < 0)
			__atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST);
	}
	if (getpid() != first)
		_exit(0);
	while (wait(NULL) > 0)
		;
	return *count;
}

static long memory(long long end)
{
	for (long i = 0; now_ns() < end; i++) {
		volatile char *block = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
					    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		for (int at = 0; block != MAP_FAILED && at < 1 << 20; at += 4096)
			block[at] = 1;
	}
	return 0;
}

static long space(long long end)
{
	static char block[65536];
	long full = 0;

	while (now_ns() < end) {
		int fd = open("/tmp/big", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		while (write(fd, block, sizeof(block)) > 0)
			;
		full += errno == ENOSPC;
		close(fd);
	}
	return full;
}

static long inodes(long long end)
{
	long full = 0;
	char path[32];

	while (now_ns() < end) {
		int made = 0;
		int fd;

		for (;; made++) {
			snprintf(path, sizeof(path), "/tmp/f%d", made);
			fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
			if (fd < 0)
				break;
			close(fd);
		}
		full += errno == ENOSPC;
		while (made-- > 0) {
			snprintf(path, sizeof(path), "/tmp/f%d", made);
			unlink(path);
		}
	}
	return full;
}

static long files(long long end)
{
	struct rlimit limit;
	long full = 0;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	while (now_ns() < end) {
		int last = 2;
		int pair[2];

		while (pipe(pair) == 0)
			last = pair[1];
		full += errno == EMFILE || errno == ENFILE;
		for (int fd = 3; fd <= last; fd++)
			close(fd);
	}
	return full;
}

static long flood(long long end)
{
	static char lines[64 * 64];
	long count = 0;

	for (int i = 0; i < 64; i++) {
		memset(lines + i * 64, 'x', 63);
		lines[i * 64 + 63] = '\n';
	}
	while (now_ns() < end) {
		ssize_t n = write(1, lines, sizeof(lines));

		/* A pipe takes whole lines or is full in the middle of one. */
		for (; n > 0 && n < (ssize_t)sizeof(lines);) {
			ssize_t more = write(1, lines + n, sizeof(lines) - (size_t)n);

			n += more > 0 ? more : 0;
		}
		count += 64;
	}
	/* The rate has room again for the line that says how many there were. */
	nanosleep(&(const struct timespec){.tv_sec = 3}, NULL);
	return count;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		long (*run)(long long end);
	} attacks[] = {{"idle", idle},     {"forks", forks}, {"memory", memory}, {"space", space},
		       {"inodes", inodes}, {"files", files}, {"flood", flood}};
	const char *word = argc > 1 ? argv[1] : "";
	long long end = now_ns() + (argc > 2 ? atoi(argv[2]) : 0) * (long long)SECOND;

	/* It takes all that there is: only as the first process of a service. */
	if (getpid() != 1)
		return 2;
	if (strcmp(word, "beat") == 0)
		beat();
	say("attack begins", 0);
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
		if (strcmp(word, attacks[i].name) == 0)
			say("attack ends", attacks[i].run(end));
	return 0;
}

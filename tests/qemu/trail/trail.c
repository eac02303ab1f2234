/*
 * trail reap COUNT: how long init takes to reap an orphan, COUNT times, in microseconds, a line
 * each: what a turn of its loop takes, seen from outside, by a process that does not itself wait
 * for the processor. trail clock SECONDS: sets the clock to so many seconds since 1970.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GIVE_UP_US 20000000u

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static void pause_us(unsigned int us)
{
	const struct timespec time = {.tv_nsec = (long)us * 1000};

	nanosleep(&time, NULL);
}

/* A child of init's, which ends when the returned pipe is closed. */
static pid_t orphan(int *gate)
{
	int told[2];
	int gates[2];
	pid_t pid = -1;
	pid_t child;

	if (pipe(told) || pipe(gates))
		return -1;
	child = fork();
	if (child == 0) {
		pid_t grandchild = fork();
		char byte;

		if (grandchild == 0) {
			close(gates[1]);
			_exit(read(gates[0], &byte, 1) != 0);
		}
		_exit(write(told[1], &grandchild, sizeof(grandchild)) != sizeof(grandchild));
	}
	waitpid(child, NULL, 0);
	if (read(told[0], &pid, sizeof(pid)) != sizeof(pid))
		pid = -1;
	close(told[0]);
	close(told[1]);
	close(gates[0]);
	*gate = gates[1];
	return pid;
}

static int reap(int count)
{
	const struct sched_param first = {.sched_priority = 1};

	/* musl has no such call. */
	if (syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &first)) {
		fprintf(stderr, "trail: real time: %s\n", strerror(errno));
		return 1;
	}
	while (count--) {
		int gate = -1;
		pid_t pid = orphan(&gate);
		uint64_t began = now_us();

		if (pid < 0)
			return 1;
		close(gate);
		while (kill(pid, 0) == 0 && now_us() < began + GIVE_UP_US)
			pause_us(100);
		printf("%llu\n", (unsigned long long)(now_us() - began));
		pause_us(20000);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "reap") == 0)
		return reap(atoi(argv[2]));
	if (argc == 3 && strcmp(argv[1], "clock") == 0) {
		const struct timespec to = {.tv_sec = (time_t)strtoll(argv[2], NULL, 10)};

		if (clock_settime(CLOCK_REALTIME, &to) == 0)
			return 0;
		fprintf(stderr, "trail: %s\n", strerror(errno));
		return 1;
	}
	return 2;
}

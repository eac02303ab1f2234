/*
 * striker PID US COMMAND ARGUMENT...: run a command and, so many microseconds after it began, kill
 * a process (0: nobody). Says "BEGUN US EXIT" of the command, by the clock of the records.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
	static char *const none[] = {NULL};
	uint64_t begun = now_us();
	pid_t victim, child;
	uint64_t us;
	int status = 0;

	if (argc < 4)
		return 2;
	victim = (pid_t)strtol(argv[1], NULL, 10);
	us = strtoull(argv[2], NULL, 10);
	child = fork();
	if (child == 0) {
		execve(argv[3], argv + 3, none);
		_exit(127);
	}
	while (victim && now_us() - begun < us) {
		uint64_t left = us - (now_us() - begun);
		struct timespec pause = {.tv_sec = (time_t)(left / 1000000),
					 .tv_nsec = (long)(left % 1000000) * 1000};

		if (left < us)
			nanosleep(&pause, NULL);
	}
	if (victim)
		kill(victim, SIGKILL);
	waitpid(child, &status, 0);
	printf("\n%llu %llu %d\n", (unsigned long long)begun,
	       (unsigned long long)(now_us() - begun),
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}

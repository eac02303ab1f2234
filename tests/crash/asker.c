/*
 * Asks `bartizan ps` until it is answered and says how long that took, by the clock of the device:
 * "MS ATTEMPTS LONGEST-MS EXIT". Not answered: the supervisor is away (7) or busy (6). The time
 * between two attempts counts too.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_NS 20000000

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int ask(void)
{
	static char name[] = "bartizan", verb[] = "ps";
	static char *const arguments[] = {name, verb, NULL}, *const none[] = {NULL};
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		dup2(open("/dev/null", O_RDWR), 1);
		dup2(1, 2);
		execve("/usr/bin/bartizan", arguments, none);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	uint64_t limit = argc > 1 ? strtoull(argv[1], NULL, 10) : 30000;
	uint64_t begun = now_ms(), longest = 0;
	unsigned int attempts = 0;
	int result;

	for (;;) {
		uint64_t at = now_ms();

		result = ask();
		attempts++;
		if (now_ms() - at > longest)
			longest = now_ms() - at;
		if ((result != 6 && result != 7) || now_ms() - begun >= limit)
			break;
		nanosleep(&pause, NULL);
	}
	printf("%llu %u %llu %d\n", (unsigned long long)(now_ms() - begun), attempts,
	       (unsigned long long)longest, result);
	return result;
}

/* telemetry: the load and memory of the gateway by sysinfo(2), one JSON line a second on the
 * standard output. "check" asks once. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <time.h>

static volatile sig_atomic_t over;

static void stop(int sig)
{
	(void)sig;
	over = 1;
}

static int print_sample(unsigned long number)
{
	struct sysinfo info;
	uint64_t unit;

	if (sysinfo(&info) != 0)
		return -1;
	unit = info.mem_unit;
	printf("{\"sample\":%lu,\"uptime_s\":%ld,\"load1\":%.2f,\"load5\":%.2f,\"memory_kib\":"
	       "%" PRIu64 ",\"free_kib\":%" PRIu64 ",\"processes\":%u}\n",
	       number, info.uptime, (double)info.loads[0] / 65536.0,
	       (double)info.loads[1] / 65536.0, info.totalram * unit / 1024,
	       info.freeram * unit / 1024, (unsigned int)info.procs);
	return fflush(stdout);
}

int main(int argc, char **argv)
{
	const struct timespec second = {.tv_sec = 1};
	struct sigaction action = {.sa_handler = stop};

	if (argc > 1 && strcmp(argv[1], "check") == 0)
		return print_sample(0) != 0;
	sigaction(SIGTERM, &action, NULL);
	for (unsigned long number = 1; !over; number++) {
		if (print_sample(number) != 0)
			return 1;
		nanosleep(&second, NULL);
	}
	return 0;
}

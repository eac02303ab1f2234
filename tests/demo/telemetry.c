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

/* The kernel's load is fixed-point with 16 bits behind the point; two decimals without floating
 * point, which the device's libc does not print. */
#define LOAD_WHOLE(load)      ((load) >> 16)
#define LOAD_HUNDREDTHS(load) (((load)&0xffff) * 100 >> 16)

static int print_sample(unsigned long number)
{
	struct sysinfo info;
	uint64_t unit;

	if (sysinfo(&info) != 0)
		return -1;
	unit = info.mem_unit;
	printf("{\"sample\":%lu,\"uptime_s\":%ld,\"load1\":%lu.%02lu,\"load5\":%lu.%02lu,\"memory_"
	       "kib\":"
	       "%" PRIu64 ",\"free_kib\":%" PRIu64 ",\"processes\":%u}\n",
	       number, info.uptime, LOAD_WHOLE(info.loads[0]), LOAD_HUNDREDTHS(info.loads[0]),
	       LOAD_WHOLE(info.loads[1]), LOAD_HUNDREDTHS(info.loads[1]),
	       info.totalram * unit / 1024, info.freeram * unit / 1024, (unsigned int)info.procs);
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

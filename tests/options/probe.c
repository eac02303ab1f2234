/*
 * probe: what a service sees from inside its sandbox, as key=value lines on its standard output,
 * and what it may do: the errno of each attempt, 0 when it worked. Words other than "facts" load
 * the processor, or are the health probe. facts.c and attempts.c hold the lines.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t told;

void say(const char *key, const char *value)
{
	printf("%s=%s\n", key, value);
	fflush(stdout);
}

void say_number(const char *key, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", value);
	say(key, text);
}

void tried(const char *key, long result)
{
	say_number(key, result < 0 ? errno : 0);
}

static void take(int number)
{
	told = number;
}

static void pause_ms(long ms)
{
	const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};

	nanosleep(&time, NULL);
}

/* Until a signal asks it to end, whose number it says. */
static _Noreturn void stay(void)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2};
	const struct sigaction action = {.sa_handler = take};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
	say("facts", "done");
	while (!told)
		pause_ms(50);
	say_number("signal", told);
	exit(0);
}

/* Load for cpus and cpu_shares: so many processes that never sleep. */
static _Noreturn void spin(int processes)
{
	for (int i = 1; i < processes; i++)
		if (fork() == 0)
			break;
	say("facts", "done");
	for (;;)
		told = 0;
}

/* Children of children whose parents are gone: who reaps them? */
static _Noreturn void orphans(void)
{
	for (int i = 0; i < 8; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			if (fork() == 0)
				pause_ms(100);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	say_number("pid", getpid());
	stay();
}

/* So many lines as fast as they go. */
static void print_lines(int count, int width)
{
	char line[80];
	int length = snprintf(line, sizeof(line),
			      "line %04d of many that say nothing but how many there are", 0);

	for (int i = 0; i < count; i++) {
		printf("line %04d of many that say nothing but how many there are", i);
		for (int at = length; at < width; at++)
			putchar('.');
		putchar('\n');
	}
	fflush(stdout);
	pause_ms(3000);
}

/* As ordinary programs do, and then as one that lies. */
static void write_log(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	static const char forge[] = "<0>1 - - kernel - - - panic";
	static const char other[] = "<13>plain: x\nSECCOMP";

	openlog("probe", 0, LOG_DAEMON);
	syslog(LOG_WARNING, "of an ordinary program");
	tried("log.connect", connect(fd, (struct sockaddr *)&to, sizeof(to)));
	tried("log.forge", send(fd, forge, sizeof(forge), 0) < 0 ? -1 : 0);
	tried("log.other", send(fd, other, sizeof(other) - 1, 0) < 0 ? -1 : 0);
	stay();
}

/* ready = notify: something else first, then that it is ready; then nobody listens any more. */
static void notify(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	say("notify.path", path ? path : "");
	strncpy(to.sun_path, path ? path : "", sizeof(to.sun_path) - 1);
	tried("notify.connect", connect(fd, (struct sockaddr *)&to, sizeof(to)));
	tried("notify.other", write(fd, "STATUS=READY=1\nNOTREADY=1", 25));
	pause_ms(1500);
	say("notify.now", "yes");
	tried("notify.ready", write(fd, "STATUS=up\nREADY=1\n", 18));
	for (int i = 0; i < 100 && write(fd, "STATUS=still", 12) > 0; i++)
		pause_ms(100);
	tried("notify.after", -1);
}

/* ready = fd:N */
static void number(int fd)
{
	pause_ms(1500);
	say("number.now", "yes");
	tried("number.ready", write(fd, "\n", 1));
	tried("number.below", fcntl(fd - 1, F_GETFD));
}

/* Asked to end, it does not. */
static _Noreturn void deaf(void)
{
	const struct sigaction action = {.sa_handler = take};

	sigaction(SIGTERM, &action, NULL);
	say("facts", "done");
	for (;;)
		pause_ms(1000);
}

int main(int argc, char **argv, char **environment)
{
	const char *word = argc > 1 ? argv[1] : "facts";
	int number_of = argc > 2 ? atoi(argv[2]) : 0;

	if (strcmp(word, "exit") == 0)
		return number_of;
	if (strcmp(word, "hang") == 0)
		for (;;)
			pause_ms(1000);
	if (strcmp(word, "spin") == 0)
		spin(number_of);
	/* What follows would harm a machine: only as the first processes of a namespace of its own.
	 */
	if (getpid() > 8)
		return 2;
	if (strcmp(word, "orphans") == 0)
		orphans();
	if (strcmp(word, "deaf") == 0)
		deaf();
	if (strcmp(word, "print") == 0)
		print_lines(number_of, argc > 3 ? atoi(argv[3]) : 0);
	if (strcmp(word, "syslog") == 0)
		write_log();
	if (strcmp(word, "notify") == 0)
		notify();
	if (strcmp(word, "number") == 0)
		number(number_of);
	if (strcmp(word, "facts") == 0) {
		facts(argc, argv, environment);
		attempts();
	}
	if (strcmp(word, "do") == 0)
		steps(argv + 2);
	stay();
}

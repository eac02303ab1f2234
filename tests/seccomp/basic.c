/* What programs expect of a C library without a network: threads, children, time, files, numeric
 * addresses. Exit status 0 and "all" when everything worked; otherwise what did not. */
#include <arpa/inet.h>
#include <locale.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int counted;
static sem_t done;

static void need(int holds, const char *what)
{
	if (holds)
		return;
	printf("failed: %s\n", what);
	exit(1);
}

static void *count(void *unused)
{
	for (int i = 0; i < 1000; i++) {
		pthread_mutex_lock(&mutex);
		counted++;
		pthread_mutex_unlock(&mutex);
	}
	sem_post(&done);
	return unused;
}

static void threads(void)
{
	pthread_t all[8];

	need(sem_init(&done, 0, 0) == 0, "sem_init");
	for (int i = 0; i < 8; i++)
		need(pthread_create(&all[i], NULL, count, NULL) == 0, "pthread_create");
	for (int i = 0; i < 8; i++)
		need(sem_wait(&done) == 0, "sem_wait");
	for (int i = 0; i < 8; i++)
		need(pthread_join(all[i], NULL) == 0, "pthread_join");
	need(counted == 8000, "mutex");
}

static void children(char *self)
{
	char *argv[] = {self, "child", NULL};
	char line[16] = "";
	FILE *pipe;
	pid_t pid;
	int status = -1;

	need(posix_spawn(&pid, self, NULL, NULL, argv, argv + 2) == 0, "posix_spawn");
	need(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7, "its status");
	pipe = popen("echo shell", "r");
	need(pipe && fgets(line, sizeof(line), pipe) && strcmp(line, "shell\n") == 0, "popen");
	need(pclose(pipe) == 0, "pclose");
}

static void times(void)
{
	const struct itimerspec soon = {.it_value.tv_nsec = 1000000};
	struct timespec now;
	struct pollfd wait = {.events = POLLIN};
	uint64_t ticks = 0;

	wait.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	need(wait.fd >= 0 && timerfd_settime(wait.fd, 0, &soon, NULL) == 0, "timerfd");
	need(poll(&wait, 1, 10000) == 1 && read(wait.fd, &ticks, sizeof(ticks)) == 8, "poll");
	need(clock_gettime(CLOCK_REALTIME, &now) == 0 && localtime(&now.tv_sec), "time");
}

static void files(void)
{
	char name[] = "/tmp/basic.XXXXXX";
	int fd = mkstemp(name);
	struct stat st;

	need(fd >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0, "mkstemp");
	need(fstat(fd, &st) == 0 && st.st_size == 1 && fchmod(fd, 0600) == 0, "fstat");
	need(unlink(name) == 0 && close(fd) == 0, "unlink");
}

static void addresses(void)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *found = NULL;

	need(getaddrinfo("127.0.0.1", "80", &hints, &found) == 0, "getaddrinfo");
	freeaddrinfo(found);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return 7;
	need(setlocale(LC_ALL, "C.UTF-8") || setlocale(LC_ALL, "C"), "setlocale");
	threads();
	children(argv[0]);
	times();
	files();
	addresses();
	need(eventfd(0, EFD_CLOEXEC) >= 0, "eventfd");
	puts("all");
	return 0;
}

/*
 * escape NAME...: each named attack in a process of its own, one line of result each:
 *   escape NAME escaped
 *   escape NAME refused ERRNO CALL NUMBER
 *   escape NAME killed SIGNAL CALL NUMBER
 * and "escape done" at the end. Other words: a victim that waits, and a child for exec.
 */
#include "escape.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct attack *const tables[] = {
	mount_attacks,     namespace_attacks, process_attacks,  kernel_attacks,
	device_attacks,    procfs_attacks,    file_attacks,     socket_attacks,
	privilege_attacks, memory_attacks,    resource_attacks,
};

/* Shared with the process that attacks: what it did last is known even when it was killed. */
struct said {
	char call[32];
	long number;
	int error;
};
static struct said *said;

static void note(const char *name, long number)
{
	snprintf(said->call, sizeof(said->call), "%s", name);
	said->number = number;
}

long tried(const char *name, long number, long result)
{
	int error = errno;

	note(name, number);
	said->error = result < 0 ? error : 0;
	errno = error;
	return result;
}

long escape_call(const char *name, long number, const long a[6])
{
	note(name, number);
	said->error = 0;
	return tried(name, number, syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

bool refused(const char *name, int error)
{
	note(name, -1);
	said->error = error;
	return false;
}

int idle_child(void)
{
	int pid = fork();

	while (pid == 0)
		pause();
	return pid;
}

void end_child(int pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static const struct attack *find(const char *name)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct attack *at = tables[i]; at->name; at++)
			if (strcmp(at->name, name) == 0)
				return at;
	return NULL;
}

static void attempt(const char *name)
{
	const struct attack *attack = find(name);
	int status = 0;
	int pid;

	if (!attack) {
		printf("escape %s unknown\n", name);
		return;
	}
	memset(said, 0, sizeof(*said));
	strcpy(said->call, "-");
	pid = fork();
	if (pid == 0)
		_exit(attack->run() ? 0 : 1);
	while (pid > 0 && waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			break;
	if (WIFSIGNALED(status))
		printf("escape %s killed %d %s %ld\n", name, WTERMSIG(status), said->call,
		       said->number);
	else if (WEXITSTATUS(status) == 0)
		printf("escape %s escaped\n", name);
	else
		printf("escape %s refused %d %s %ld\n", name, said->error, said->call,
		       said->number);
	fflush(stdout);
}

/* A service that does nothing wrong and has something to lose. */
static _Noreturn void be_victim(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path + 1, VICTIM_SOCKET, strlen(VICTIM_SOCKET));
	if (bind(fd, (struct sockaddr *)&address,
		 (socklen_t)(sizeof(sa_family_t) + 1 + strlen(VICTIM_SOCKET))) ||
	    listen(fd, 4) || shmget(VICTIM_KEY, 4096, IPC_CREAT | 0666) < 0)
		printf("escape victim failed %d\n", errno);
	else
		printf("escape victim ready\n");
	fflush(stdout);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "victim") == 0)
		be_victim();
	/* What exec attacks run: who it is now tells whether they worked. */
	if (argc > 1 && strcmp(argv[1], "whoami") == 0)
		return geteuid() == 0 ? 0 : 3;
	if (argc > 1 && strcmp(argv[1], "ran") == 0)
		return 0;
	/* It tries what would harm a machine: only as a child of init, in a sandbox or in a guest
	 * that is thrown away. */
	if (getpid() != 1 && getppid() != 1)
		return 2;
	said = mmap(NULL, sizeof(*said), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (said == MAP_FAILED)
		return 2;
	for (int i = 1; i < argc; i++)
		attempt(argv[i]);
	printf("escape done\n");
	return 0;
}

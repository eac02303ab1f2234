/* Processes and files of the guest, as root of init's namespaces sees them. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

#define PIDS_MAX 1024

static ssize_t read_small(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	text[0] = 0;
	if (fd < 0)
		return -1;
	got = read(fd, text, room - 1);
	close(fd);
	if (got < 0)
		return -1;
	text[got] = 0;
	return got;
}

static ssize_t read_of(pid_t pid, const char *name, char *text, size_t room)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return read_small(path, text, room);
}

/* Programs that share one file (Kconfig MULTICALL) go by the name that they were started with. */
static void exe_of(pid_t pid, char *exe, size_t room)
{
	char path[64], command[256], *file, *name;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	length = readlink(path, exe, room - 1);
	exe[length < 0 ? 0 : length] = 0;
	file = strrchr(exe, '/');
	if (!file || strcmp(file, "/multicall") != 0 ||
	    read_of(pid, "cmdline", command, sizeof(command)) <= 0)
		return;
	name = strrchr(command, '/');
	name = name ? name + 1 : command;
	snprintf(file + 1, room - (size_t)(file + 1 - exe), "%s", name);
}

static int is_program(pid_t pid, const char *program)
{
	char exe[PATH_MAX];
	const char *last;

	exe_of(pid, exe, sizeof(exe));
	last = strrchr(exe, '/');
	return last && strcmp(last + 1, program) == 0;
}

static int by_number(const void *a, const void *b)
{
	const pid_t left = *(const pid_t *)a, right = *(const pid_t *)b;

	return left < right ? -1 : left > right;
}

static size_t all_pids(pid_t *pids)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	while (dir && count < PIDS_MAX && (entry = readdir(dir)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]))
			pids[count++] = (pid_t)strtol(entry->d_name, NULL, 10);
	if (dir)
		closedir(dir);
	qsort(pids, count, sizeof(pids[0]), by_number);
	return count;
}

pid_t procs_find(const char *program, unsigned int nth, pid_t above)
{
	static pid_t pids[PIDS_MAX];
	size_t count = all_pids(pids);

	for (size_t i = 0; i < count; i++)
		if (pids[i] > above && is_program(pids[i], program) && nth-- == 0)
			return pids[i];
	return -1;
}

int procs_kill(const char *program, unsigned int nth, int sig, struct answer *answer)
{
	pid_t pid = procs_find(program, nth, 0);

	if (pid < 0)
		return ESRCH;
	answer_text(answer, "%d", (int)pid);
	return kill(pid, sig) == 0 ? 0 : errno;
}

/* The fourth and the twenty-second field of /proc/PID/stat; the second is in brackets and may hold
 * anything. */
static void parents_of(const char *stat, int *parent, unsigned long long *start)
{
	const char *rest = strrchr(stat, ')');

	*parent = 0;
	*start = 0;
	if (rest)
		sscanf(rest + 1,
		       " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
		       "%*d %llu",
		       parent, start);
}

static int uid_of(pid_t pid)
{
	char status[4096];
	const char *line;

	if (read_of(pid, "status", status, sizeof(status)) < 0)
		return -1;
	line = strstr(status, "\nUid:");
	return line ? (int)strtol(line + 5, NULL, 10) : -1;
}

static void list_one(pid_t pid, struct answer *answer)
{
	char stat[1024], comm[64], exe[PATH_MAX], cgroup[512];
	unsigned long long start;
	int parent;

	if (read_of(pid, "stat", stat, sizeof(stat)) < 0)
		return;
	parents_of(stat, &parent, &start);
	read_of(pid, "comm", comm, sizeof(comm));
	read_of(pid, "cgroup", cgroup, sizeof(cgroup));
	exe_of(pid, exe, sizeof(exe));
	comm[strcspn(comm, "\n\t")] = 0;
	cgroup[strcspn(cgroup, "\n\t")] = 0;
	answer_text(answer, "%d\t%d\t%d\t%llu\t%s\t%s\t%s\n", (int)pid, parent, uid_of(pid), start,
		    comm, exe, cgroup);
}

int procs_list(struct answer *answer)
{
	static pid_t pids[PIDS_MAX];
	size_t count = all_pids(pids);

	for (size_t i = 0; i < count; i++)
		list_one(pids[i], answer);
	return 0;
}

static void pause_us(unsigned int us)
{
	struct timespec time = {.tv_sec = us / 1000000u, .tv_nsec = (long)(us % 1000000u) * 1000};

	nanosleep(&time, NULL);
}

/* The newest pid the kernel gave, from the last field of /proc/loadavg: cheaper to watch than the
 * whole of /proc. */
static pid_t newest_pid(void)
{
	char text[128];
	const char *last;

	read_small("/proc/loadavg", text, sizeof(text));
	last = strrchr(text, ' ');
	return last ? (pid_t)strtol(last, NULL, 10) : 0;
}

static pid_t wait_for(const char *program, uint64_t limit)
{
	pid_t seen = newest_pid(), found = -1;
	pid_t before = seen;

	while (found < 0 && now_us() < limit) {
		pid_t newest = newest_pid();

		/* A process gets its program after its pid: look at the young ones again for a
		 * while. */
		for (pid_t pid = before + 1; pid <= newest && found < 0; pid++)
			if (is_program(pid, program))
				found = pid;
		if (newest - before > 64)
			before = newest - 64;
		if (found < 0)
			pause_us(200);
	}
	return found;
}

_Noreturn void procs_hunt(const char *program, int sig, unsigned int delay_us,
			  unsigned int limit_ms)
{
	uint64_t limit = now_us() + (uint64_t)limit_ms * 1000u;
	pid_t pid = wait_for(program, limit);
	uint64_t born = now_us();

	if (pid < 0) {
		dprintf(1, "nobody");
		_exit(1);
	}
	if (sig != 0) {
		if (delay_us)
			pause_us(delay_us);
		if (!is_program(pid, program) || kill(pid, sig) != 0) {
			dprintf(1, "gone %d", (int)pid);
			_exit(2);
		}
	} else {
		while (is_program(pid, program) && now_us() < limit)
			pause_us(200);
	}
	dprintf(1, "%d %llu", (int)pid, (unsigned long long)(now_us() - born));
	_exit(0);
}

int files_read(const char *path, struct answer *answer)
{
	char bytes[16384];
	ssize_t got = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return errno;
	while (answer->size < FRAME_MAX / 2 && (got = read(fd, bytes, sizeof(bytes))) > 0)
		answer_add(answer, bytes, (size_t)got);
	close(fd);
	return got < 0 ? errno : 0;
}

int files_write(const char *path, const char *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int result = 0;

	if (fd < 0)
		return errno;
	if (write(fd, bytes, size) != (ssize_t)size)
		result = errno ? errno : EIO;
	close(fd);
	return result;
}

int files_list(const char *path, struct answer *answer)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return errno;
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			answer_text(answer, "%s\n", entry->d_name);
	closedir(dir);
	return 0;
}

int files_link(const char *path, struct answer *answer)
{
	char target[PATH_MAX];
	ssize_t length = readlink(path, target, sizeof(target));

	if (length < 0)
		return errno;
	answer_add(answer, target, (size_t)length);
	return 0;
}

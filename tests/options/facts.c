#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

static void file_lines(const char *prefix, const char *path, char separator)
{
	char line[512];
	char key[600];
	FILE *file = fopen(path, "re");

	while (file && fgets(line, sizeof(line), file)) {
		char *start = line + strspn(line, " ");
		char *at = strchr(start, separator);

		line[strcspn(line, "\n")] = '\0';
		if (!at)
			continue;
		*at++ = '\0';
		snprintf(key, sizeof(key), "%s.%s", prefix, start);
		say(key, at + strspn(at, "\t "));
	}
	if (file)
		fclose(file);
}

/* mount.POINT=TYPE OPTIONS SUPEROPTIONS */
static void mounts(void)
{
	char line[1024];
	FILE *file = fopen("/proc/self/mountinfo", "re");

	while (file && fgets(line, sizeof(line), file)) {
		char point[256], options[256], type[64], super[256], key[300], value[600];
		char *dash = strstr(line, " - ");

		if (!dash || sscanf(line, "%*s %*s %*s %*s %255s %255s", point, options) != 2 ||
		    sscanf(dash, " - %63s %*s %255s", type, super) != 2)
			continue;
		snprintf(key, sizeof(key), "mount.%s", point);
		snprintf(value, sizeof(value), "%s %s %s", type, options, super);
		say(key, value);
	}
	if (file)
		fclose(file);
}

static void list(const char *key, const char *path)
{
	char text[1024] = "";
	size_t used = 0;
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir) {
		snprintf(text, sizeof(text), "errno %d", errno);
		say(key, text);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' && used + strlen(entry->d_name) + 2 < sizeof(text))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s ",
						 entry->d_name);
	closedir(dir);
	say(key, text);
}

static void limits(void)
{
	static const char *const names[] = {
		"cpu",     "fsize", "data",  "stack",      "core",     "rss",  "nproc",  "nofile",
		"memlock", "as",    "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime",
	};
	struct rlimit limit;
	char key[32], text[64];

	for (int i = 0; i < 16; i++) {
		getrlimit(i, &limit);
		snprintf(key, sizeof(key), "limit.%s", names[i]);
		snprintf(text, sizeof(text), "%lld %lld", (long long)limit.rlim_cur,
			 (long long)limit.rlim_max);
		say(key, text);
	}
}

static void processors(void)
{
	cpu_set_t set;
	char text[256] = "";
	size_t used = 0;

	if (sched_getaffinity(0, sizeof(set), &set))
		return;
	for (int i = 0; i < 64; i++)
		if (CPU_ISSET(i, &set))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%d ", i);
	say("affinity", text);
}

/* /proc/sys is not there (subset=pid): what the calls say. */
static void system_v(void)
{
	struct msginfo messages;
	struct seminfo semaphores;
	struct shminfo memory;

	if (msgctl(0, IPC_INFO, (struct msqid_ds *)(void *)&messages) >= 0) {
		say_number("kernel.msgmax", messages.msgmax);
		say_number("kernel.msgmnb", messages.msgmnb);
		say_number("kernel.msgmni", messages.msgmni);
	}
	if (shmctl(0, IPC_INFO, (struct shmid_ds *)(void *)&memory) >= 0) {
		say_number("kernel.shmmax", (long long)memory.shmmax);
		say_number("kernel.shmmni", (long long)memory.shmmni);
	}
	if (semctl(0, 0, IPC_INFO, &semaphores) >= 0)
		say_number("kernel.sem.semmni", semaphores.semmni);
}

void facts(int argc, char **argv, char **environment)
{
	char text[256];
	mode_t mask = umask(0077);

	umask(mask);
	snprintf(text, sizeof(text), "%04o", (unsigned int)mask);
	say("umask", text);
	gethostname(text, sizeof(text));
	say("hostname", text);
	say("cwd", getcwd(text, sizeof(text)) ? text : "?");
	say_number("pid", getpid());
	for (int i = 0; i < argc; i++) {
		char key[32];

		snprintf(key, sizeof(key), "argv.%d", i);
		say(key, argv[i]);
	}
	for (size_t i = 0; environment[i]; i++) {
		snprintf(text, sizeof(text), "env.%s", environment[i]);
		printf("%s\n", text);
	}
	file_lines("status", "/proc/self/status", ':');
	file_lines("map", "/proc/self/uid_map", ' ');
	list("proc", "/proc");
	list("dev", "/dev");
	list("sys", "/sys");
	list("fds", "/proc/self/fd");
	mounts();
	limits();
	processors();
	system_v();
}

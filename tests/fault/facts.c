#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault.h"

static char *at_end(char *text)
{
	return text + strlen(text);
}

static size_t room(const char *text, size_t size)
{
	return size - strlen(text);
}

/* A file of procfs; of each line only what stands behind the first @skip words, and only lines that
 * begin with one of @heads (NULL: all). */
static void add_file(int dir, const char *file, int skip, const char *const *heads, char *text,
		     size_t size)
{
	static char whole[16384];
	int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, whole, sizeof(whole) - 1);
	char *rest = NULL;

	(void)close(fd);
	whole[n > 0 ? n : 0] = '\0';
	(void)snprintf(at_end(text), room(text, size), "[%s]\n", file);
	for (char *line = strtok_r(whole, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		const char *const *head = heads;

		while (head && *head && strncmp(line, *head, strlen(*head)) != 0)
			head++;
		if (head && !*head)
			continue;
		for (int i = 0; i < skip && strchr(line, ' '); i++)
			line = strchr(line, ' ') + 1;
		(void)snprintf(at_end(text), room(text, size), "%s\n", line);
	}
}

/* mountinfo without ids and device numbers: where, how, what. */
static void add_mounts(int dir, char *text, size_t size)
{
	static char lines[FACTS_MAX];
	char *rest = NULL;

	lines[0] = '\0';
	add_file(dir, "mountinfo", 3, NULL, lines, sizeof(lines));
	for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *dash = strstr(line, " - ");
		char *source = dash ? strchr(dash + 3, ' ') : NULL;

		if (source)
			*source = '\0';
		(void)snprintf(at_end(text), room(text, size), "%s\n", line);
	}
}

/* Of each namespace: whether it is init's. */
static void add_namespaces(int proc_fd, int dir, char *text, size_t size)
{
	static const char *const names[] = {"mnt", "pid", "net", "ipc", "uts", "cgroup", "user"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct stat own = {0}, first = {0};
		char path[32];

		(void)snprintf(path, sizeof(path), "1/ns/%s", names[i]);
		(void)fstatat(proc_fd, path, &first, 0);
		(void)snprintf(path, sizeof(path), "ns/%s", names[i]);
		(void)fstatat(dir, path, &own, 0);
		(void)snprintf(at_end(text), room(text, size), "%s %s\n", names[i],
			       own.st_ino && own.st_ino != first.st_ino ? "own" : "init's");
	}
}

static void add_descriptors(int dir, char *text, size_t size)
{
	int fd = openat(dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *names = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	/* Procfs lists them in their order. */
	while (names && (entry = readdir(names)))
		(void)snprintf(at_end(text), room(text, size), "%s ", entry->d_name);
	if (names)
		(void)closedir(names);
	(void)snprintf(at_end(text), room(text, size), "\n");
}

void facts_read(int proc_fd, pid_t pid, char *text, size_t size)
{
	static const char *const status[] = {"Umask", "Uid",        "Gid",     "Groups",
					     "Cap",   "NoNewPrivs", "Seccomp", NULL};
	char path[16];
	int dir;

	(void)snprintf(path, sizeof(path), "%d", pid);
	dir = openat(proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	text[0] = '\0';
	add_file(dir, "status", 0, status, text, size);
	add_file(dir, "limits", 0, NULL, text, size);
	add_file(dir, "uid_map", 0, NULL, text, size);
	add_file(dir, "gid_map", 0, NULL, text, size);
	add_file(dir, "oom_score_adj", 0, NULL, text, size);
	add_file(dir, "net/dev", 99, NULL, text, size);
	add_file(dir, "environ", 0, NULL, text, size);
	add_mounts(dir, text, size);
	add_namespaces(proc_fd, dir, text, size);
	add_descriptors(dir, text, size);
	(void)close(dir);
}

/*
 * The words behind "do": what a service does with files, one after the other, WHAT:PATH[:MORE].
 * Each is answered by "WHAT:PATH=" and its errno, 0 when it worked, or what it read.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

#define BLOCK 4096

struct step {
	char key[128];
	const char *path;
	const char *more;
};

/* fill:PATH:BYTES */
static void do_fill(const struct step *s)
{
	static const char block[BLOCK] = {'x'};
	int fd = open(s->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	long left = atol(s->more);
	ssize_t n = 0;

	while (fd >= 0 && left > 0 && n >= 0) {
		n = write(fd, block, (size_t)(left < BLOCK ? left : BLOCK));
		left -= n;
	}
	tried(s->key, fd < 0 || n < 0 ? -1 : fsync(fd));
	close(fd);
}

/* many:DIRECTORY:COUNT empty files; many.DIRECTORY= how many there were room for */
static void do_many(const struct step *s)
{
	char path[200], key[200];
	int made = 0;
	int fd = 0;

	while (fd >= 0 && made < atoi(s->more)) {
		snprintf(path, sizeof(path), "%s/n%d", s->path, made);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		made += fd >= 0;
		if (fd >= 0)
			close(fd);
	}
	tried(s->key, fd);
	snprintf(key, sizeof(key), "many.%s", s->path);
	say_number(key, made);
}

static void do_show(const struct step *s)
{
	char text[200];
	int fd = open(s->path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0) {
		tried(s->key, -1);
		return;
	}
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	say(s->key, text);
	close(fd);
}

/* Type and mode, owner; flags of the mount. */
static void do_info(const struct step *s)
{
	char text[96];
	struct stat st;
	struct statvfs fs;

	if (stat(s->path, &st) || statvfs(s->path, &fs)) {
		tried(s->key, -1);
		return;
	}
	snprintf(text, sizeof(text), "%o %u:%u %lx", st.st_mode, st.st_uid, st.st_gid, fs.f_flag);
	say(s->key, text);
}

static void do_list(const struct step *s)
{
	char text[512] = "";
	size_t used = 0;
	DIR *dir = opendir(s->path);
	struct dirent *entry;

	if (!dir) {
		tried(s->key, -1);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' && used + strlen(entry->d_name) + 2 < sizeof(text))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s ",
						 entry->d_name);
	closedir(dir);
	say(s->key, text);
}

static void do_link(const struct step *s)
{
	tried(s->key, symlink(s->more, s->path));
}

/* Removed is what gives its room back: the kernel keeps a file for as long as fanotify's reader has
 * not looked at its event. */
static void do_remove(const struct step *s)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	struct statvfs before, now;
	char directory[200];

	snprintf(directory, sizeof(directory), "%.*s", (int)(strrchr(s->path, '/') - s->path),
		 s->path);
	if (statvfs(directory, &before) || unlink(s->path)) {
		tried(s->key, -1);
		return;
	}
	for (int i = 0; i < 1000 && !statvfs(directory, &now) && now.f_ffree <= before.f_ffree; i++)
		nanosleep(&pause, NULL);
	tried(s->key, now.f_ffree > before.f_ffree ? 0 : (errno = EBUSY, -1));
}

/* program:PATH: a program of this image copied there, made executable, run */
static void do_program(const struct step *s)
{
	char block[BLOCK];
	int from = open("/bin/probe", O_RDONLY | O_CLOEXEC);
	int to = open(s->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	ssize_t n;

	while ((n = read(from, block, sizeof(block))) > 0)
		if (write(to, block, (size_t)n) != n)
			break;
	close(from);
	close(to);
	execl(s->path, s->path, "exit", "0", (char *)NULL);
	tried(s->key, -1);
}

static const struct {
	const char *name;
	void (*run)(const struct step *s);
} words[] = {
	{"fill", do_fill}, {"many", do_many}, {"show", do_show},     {"info", do_info},
	{"list", do_list}, {"link", do_link}, {"remove", do_remove}, {"program", do_program},
};

void steps(char **argv)
{
	for (; *argv; argv++) {
		struct step step = {.more = ""};
		char *path = strchr(*argv, ':');
		char *more = path ? strchr(path + 1, ':') : NULL;

		if (!path)
			continue;
		if (more)
			*more++ = '\0';
		snprintf(step.key, sizeof(step.key), "%s", *argv);
		*path++ = '\0';
		step.path = path;
		step.more = more ? more : "";
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (strcmp(words[i].name, *argv) == 0)
				words[i].run(&step);
	}
}

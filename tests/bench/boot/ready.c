/*
 * ready: both ends of the measurement. As process 1 it says when the kernel handed over and becomes
 * the init that is measured (NEXT); as a service it says when it runs. A service that is called
 * with "report", or finds a file of that name, then says what memory everybody uses and powers off.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SETTLED_S 3

static const char *const next[] = {NEXT, NULL};

static void say(const char *what)
{
	struct timespec now;
	char line[80];
	int fd = open("/dev/console", O_WRONLY | O_NOCTTY);

	clock_gettime(CLOCK_BOOTTIME, &now);
	snprintf(line, sizeof(line), "\n%s %llu\n", what,
		 (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000);
	(void)!write(fd < 0 ? 1 : fd, line, strlen(line));
	if (fd >= 0)
		close(fd);
}

static unsigned long field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoul(at + strlen(name), NULL, 10) : 0;
}

static void tell(FILE *out, const char *pid)
{
	char path[64], name[32] = "", text[2048];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%.10s/comm", pid);
	file = fopen(path, "r");
	if (!file || !fgets(name, sizeof(name), file))
		return;
	fclose(file);
	name[strcspn(name, "\n")] = '\0';
	snprintf(path, sizeof(path), "/proc/%.10s/smaps_rollup", pid);
	file = fopen(path, "r");
	n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
	text[n] = '\0';
	if (file)
		fclose(file);
	if (n)
		fprintf(out, "\nmemory %s %s %lu %lu\n", pid, name, field(text, "\nPss:"),
			field(text, "\nRss:"));
}

static void report(void)
{
	FILE *out = fopen("/dev/console", "w");
	struct dirent *entry;
	DIR *all;

	sleep(SETTLED_S);
	mkdir("/proc", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	all = opendir("/proc");
	while (out && all && (entry = readdir(all)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			tell(out, entry->d_name);
	if (out) {
		fprintf(out, "\nreported\n");
		fclose(out);
	}
	reboot(RB_POWER_OFF);
}

int main(int argc, char **argv)
{
	if (getpid() == 1) {
		say("handover");
		(void)!chdir("/");
		execv(next[0], (char *const *)next + 1);
		say("lost");
		return 1;
	}
	say("ready");
	if ((argc > 1 && strcmp(argv[1], "report") == 0) || access("report", F_OK) == 0)
		report();
	for (;;)
		pause();
}

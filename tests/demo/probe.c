/*
 * probe: what a service sees and may do, from inside. "facts" prints key=value lines for the QEMU
 * suite and stays; the other words are services that behave badly in one way each.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t told;

static void say(const char *key, const char *value)
{
	printf("%s=%s\n", key, value);
	fflush(stdout);
}

static void say_number(const char *key, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", value);
	say(key, text);
}

/* 0 when the call succeeded, else its errno. */
static void tried(const char *key, long result)
{
	say_number(key, result < 0 ? errno : 0);
}

static void pause_ms(long ms)
{
	const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};

	nanosleep(&time, NULL);
}

static _Noreturn void stay(void)
{
	for (;;)
		pause_ms(1000);
}

static void status_facts(void)
{
	char line[256], key[300];
	FILE *file = fopen("/proc/self/status", "re");

	while (file && fgets(line, sizeof(line), file)) {
		char *colon = strchr(line, ':');

		if (!colon)
			continue;
		*colon = 0;
		line[colon + 1 - line + (long)strcspn(colon + 1, "\n")] = 0;
		snprintf(key, sizeof(key), "status.%s", line);
		say(key, colon + 1 + strspn(colon + 1, "\t "));
	}
	if (file)
		fclose(file);
}

static void namespace_facts(void)
{
	static const char *const names[] = {"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"};
	char path[64], key[32], target[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ssize_t length;

		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		snprintf(key, sizeof(key), "ns.%s", names[i]);
		length = readlink(path, target, sizeof(target) - 1);
		target[length < 0 ? 0 : length] = 0;
		say(key, target);
	}
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

static void file_text(const char *key, const char *path)
{
	char text[512];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (got < 0) {
		snprintf(text, sizeof(text), "errno %d", errno);
	} else {
		text[got] = 0;
		for (char *at = text; *at; at++)
			if (*at == '\n' || *at == '\t')
				*at = ' ';
	}
	if (fd >= 0)
		close(fd);
	say(key, text);
}

static void write_facts(void)
{
	static const char *const places[] = {"/new",     "/dev/new",  "/etc/new",
					     "/bin/new", "/proc/new", "/usr/lib/bartizan/new"};
	struct statvfs flags;
	struct statfs type;
	char key[64];

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(key, sizeof(key), "create%s", places[i]);
		tried(key, open(places[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	}
	if (statvfs("/", &flags) == 0 && statfs("/", &type) == 0) {
		say_number("root.flags", (long long)flags.f_flag);
		say_number("root.type", (long long)type.f_type);
	}
	tried("remount", mount(NULL, "/", NULL, MS_REMOUNT, NULL));
	tried("exec.shell", execl("/bin/sh", "sh", (char *)NULL));
}

/* What a process that was broken into would try. Each must fail, and none may kill: the rest is
 * still to be seen. */
static void attack_facts(void)
{
	static unsigned char zeros[256];
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct timeval now = {.tv_sec = 1};

	tried("setuid0", setuid(0));
	tried("setgroups", syscall(SYS_setgroups, 1, (gid_t[]){0}));
	tried("mount", mount("none", "/", "tmpfs", 0, NULL));
	tried("umount", umount2("/proc", MNT_DETACH));
	tried("unshare.user", unshare(CLONE_NEWUSER));
	tried("unshare.mnt", unshare(CLONE_NEWNS));
	tried("chroot", chroot("/"));
	tried("mknod", mknod("/dev/mem", S_IFCHR | 0600, (dev_t)0x101));
	tried("ptrace", syscall(SYS_ptrace, 0L, 0L, 0L, 0L));
	tried("keyctl", syscall(SYS_keyctl, 0L, 0L, 0L, 0L, 0L));
	tried("bpf", syscall(SYS_bpf, 0L, zeros, sizeof(zeros)));
	tried("io_uring", syscall(SYS_io_uring_setup, 1L, zeros));
	tried("userfaultfd", syscall(SYS_userfaultfd, 0L));
	tried("perf", syscall(SYS_perf_event_open, zeros, 0L, -1L, -1L, 0L));
	tried("clone3", syscall(SYS_clone3, zeros, 88L));
	tried("open_by_handle", syscall(SYS_open_by_handle_at, -1L, zeros, 0L));
	tried("sethostname", sethostname("x", 1));
	tried("settimeofday", settimeofday(&now, NULL));
	tried("reboot", syscall(SYS_reboot, 0L, 0L, 0L, 0L));
	tried("kill.all", kill(-1, 0));
	tried("mprotect.exec", mprotect(page, 4096, PROT_READ | PROT_EXEC));
	tried("mmap.wx", mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
				 ? -1
				 : 0);
}

static void network_facts(void)
{
	struct sockaddr_in host = {.sin_family = AF_INET, .sin_port = htons(80)};
	struct sockaddr_in self = {.sin_family = AF_INET, .sin_port = htons(8080)};
	struct if_nameindex *links = if_nameindex();
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[256] = "";
	size_t used = 0;

	for (struct if_nameindex *at = links; at && at->if_name && used < sizeof(text); at++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s ", at->if_name);
	if_freenameindex(links);
	say("links", text);
	inet_pton(AF_INET, "10.0.2.2", &host.sin_addr);
	tried("connect.host", connect(fd, (struct sockaddr *)&host, sizeof(host)));
	close(fd);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	inet_pton(AF_INET, "127.0.0.1", &self.sin_addr);
	tried("bind.loopback", bind(fd, (struct sockaddr *)&self, sizeof(self)));
	close(fd);
	tried("socket.packet", socket(AF_PACKET, SOCK_RAW, 0));
	tried("socket.raw", socket(AF_INET, SOCK_RAW, 1));
}

static void limit_facts(void)
{
	static const struct {
		const char *key;
		int limit;
	} rows[] = {{"limit.core", RLIMIT_CORE},
		    {"limit.nofile", RLIMIT_NOFILE},
		    {"limit.nproc", RLIMIT_NPROC},
		    {"limit.memlock", RLIMIT_MEMLOCK}};
	struct rlimit limit;
	char text[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		getrlimit(rows[i].limit, &limit);
		snprintf(text, sizeof(text), "%llu %llu", (unsigned long long)limit.rlim_cur,
			 (unsigned long long)limit.rlim_max);
		say(rows[i].key, text);
	}
}

static void place_facts(char **environment)
{
	char text[256];
	mode_t mask = umask(0077);

	umask(mask);
	say_number("umask", mask);
	gethostname(text, sizeof(text));
	say("hostname", text);
	say("cwd", getcwd(text, sizeof(text)) ? text : "?");
	say_number("pid", getpid());
	say_number("environment.count", environment[0] ? environment[1] ? 2 : 1 : 0);
	for (size_t i = 0; environment[i] && i < 8; i++)
		say("environment", environment[i]);
}

static _Noreturn void facts(char **environment)
{
	/* It tries what would harm a machine: only as the first process of a namespace of its own.
	 */
	if (getpid() != 1)
		exit(2);
	status_facts();
	namespace_facts();
	list("proc", "/proc");
	list("dev", "/dev");
	list("fds", "/proc/self/fd");
	list("sys", "/sys");
	list("run", "/run/bartizan");
	file_text("uid_map", "/proc/self/uid_map");
	file_text("gid_map", "/proc/self/gid_map");
	file_text("cgroup", "/proc/self/cgroup");
	file_text("kcore", "/proc/kcore");
	file_text("sysrq", "/proc/sysrq-trigger");
	file_text("proc1", "/proc/1/cmdline");
	place_facts(environment);
	limit_facts();
	network_facts();
	write_facts();
	attack_facts();
	say("facts", "done");
	stay();
}

static _Noreturn void hog(int megabytes)
{
	for (int i = 1; i <= megabytes; i++) {
		volatile char *block = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
					    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (block == MAP_FAILED)
			break;
		for (int at = 0; at < 1 << 20; at += 4096)
			block[at] = 1;
		say_number("allocated", i);
	}
	say("hog", "done");
	stay();
}

static _Noreturn void bomb(void)
{
	long count = 0;
	pid_t pid;

	while ((pid = fork()) > 0)
		count++;
	if (pid == 0)
		stay();
	tried("bomb.errno", pid);
	say_number("bomb.children", count);
	stay();
}

static void take(int sig)
{
	told = sig;
}

/* Ends by itself in good order when asked to. */
static _Noreturn void polite(void)
{
	struct sigaction action = {.sa_handler = take};

	sigaction(SIGTERM, &action, NULL);
	say("polite", "ready");
	while (!told)
		pause_ms(100);
	say("polite", "bye");
	exit(0);
}

static _Noreturn void crash(const char *how, long after_ms)
{
	say("crash", how);
	pause_ms(after_ms);
	if (strcmp(how, "segv") == 0)
		*(volatile int *)(uintptr_t)told =
			1; /* told is 0, which the compiler cannot know */
	if (strcmp(how, "abort") == 0)
		abort();
	exit(atoi(how));
}

/* A health probe that is good until its file is there. */
static int health(const char *path)
{
	say("health", "asked");
	return access(path, F_OK) == 0;
}

/* ---- too much output */

#define FLOOD_LINES 100 /* in one write: no more than 100,000 a second, one write a millisecond */
#define FLOOD_LINE  200

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

/* Everything, however often the pipe is full. */
static void write_all(const char *bytes, size_t size)
{
	while (size) {
		ssize_t n = write(1, bytes, size);

		bytes += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
}

static _Noreturn void flood(int seconds)
{
	static char lines[FLOOD_LINES * FLOOD_LINE];
	uint64_t began = now_ms();
	uint64_t end = began + (uint64_t)seconds * 1000u;
	uint64_t sent = 0;
	uint64_t took;

	memset(lines, 'f', sizeof(lines));
	for (size_t i = 1; i <= FLOOD_LINES; i++)
		lines[i * FLOOD_LINE - 1] = '\n';
	for (uint64_t now = began; now < end; now = now_ms()) {
		if (sent >= (now - began + 1) * FLOOD_LINES) {
			pause_ms(1);
			continue;
		}
		write_all(lines, sizeof(lines));
		sent += FLOOD_LINES;
	}
	took = now_ms() - began;
	pause_ms(3000); /* until there is room for a line again */
	printf("flood.sent=%llu/%llu\n", (unsigned long long)sent, (unsigned long long)took);
	fflush(stdout);
	stay();
}

static _Noreturn void tick(int count)
{
	for (int i = 0; i < count; i++) {
		printf("tick %d\n", i);
		fflush(stdout);
		pause_ms(50);
	}
	printf("tick.sent=%d\n", count);
	fflush(stdout);
	stay();
}

int main(int argc, char **argv, char **environment)
{
	const char *word = argc > 1 ? argv[1] : "facts";
	const char *first = argc > 2 ? argv[2] : "";

	if (strcmp(word, "hog") == 0)
		hog(atoi(first));
	if (strcmp(word, "bomb") == 0)
		bomb();
	if (strcmp(word, "polite") == 0)
		polite();
	if (strcmp(word, "flood") == 0)
		flood(atoi(first));
	if (strcmp(word, "tick") == 0)
		tick(atoi(first));
	if (strcmp(word, "crash") == 0)
		crash(first, argc > 3 ? atol(argv[3]) : 100);
	if (strcmp(word, "health") == 0)
		return health(first);
	if (strcmp(word, "sick") == 0) /* a probe that always fails */
		return 1;
	if (strcmp(word, "deaf") ==
	    0) /* pid 1 of a namespace without a handler never hears SIGTERM */
		stay();
	facts(environment);
}

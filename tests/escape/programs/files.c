/* Descriptors, working directory, files of the host and of the image. */
#include "escape.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Is there anything besides standard input, output and error? */
static bool leaked(void)
{
	for (int fd = 3; fd < 8192; fd++)
		if (tried("fcntl", SYS_fcntl, fcntl(fd, F_GETFD)) >= 0)
			return true;
	return false;
}

/* A working directory outside the root: ".." leads to the host (CVE-2024-21626). */
static bool outside(void)
{
	char path[256];

	if (tried("getcwd", SYS_getcwd, syscall(SYS_getcwd, path, sizeof(path))) < 0)
		return false;
	if (path[0] != '/')
		return true;
	for (int i = 0; i < 8; i++)
		(void)!chdir("..");
	return tried("open", SYS_openat,
		     open("etc/bartizan/supervisor.conf", O_RDONLY | O_CLOEXEC)) >= 0;
}

/* The file that is run, or the launcher's (CVE-2019-5736). */
static bool own_program(void)
{
	return tried("open", SYS_openat, open("/proc/self/exe", O_WRONLY | O_CLOEXEC)) >= 0;
}

static bool host_program(void)
{
	if (tried("open", SYS_openat, open("/usr/lib/bartizan/verify", O_WRONLY | O_CLOEXEC)) >= 0)
		return true;
	/* It runs just now: only the moment was wrong. */
	return errno == ETXTBSY;
}

static bool host_state(void)
{
	return tried("open", SYS_openat,
		     open("/state/escape", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) >= 0;
}

static bool host_configuration(void)
{
	return tried("open", SYS_openat, open("/etc/bartizan/client.key", O_RDONLY | O_CLOEXEC)) >=
	       0;
}

static bool write_root(void)
{
	return tried("open", SYS_openat, open("/bin/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) >=
	       0;
}

static bool write_dev(void)
{
	return tried("open", SYS_openat, open("/dev/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) >=
	       0;
}

static bool give_away(void)
{
	int fd = open("/tmp/mine", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return refused("open", errno);
	return CALL(fchown, fd, 12345, 12345) == 0;
}

static bool copy_self(const char *path)
{
	static char block[65536];
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	ssize_t n;

	while (from >= 0 && to >= 0 && (n = read(from, block, sizeof(block))) > 0)
		if (write(to, block, (size_t)n) != n)
			return false;
	if (from < 0 || to < 0)
		return false;
	close(from);
	close(to);
	return true;
}

/* 0 when @path ran and said yes. */
static int run(const char *path, const char *word)
{
	char *arguments[] = {(char *)(intptr_t)path, (char *)(intptr_t)word, NULL};
	char *none[] = {NULL};
	int status = 0;
	int pid = vfork();

	if (pid == 0) {
		CALL(execve, A(path), A(arguments), A(none));
		_exit(111);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What was written is run. */
static bool run_written(void)
{
	return copy_self("/tmp/program") ? run("/tmp/program", "ran") == 0
					 : refused("write", errno);
}

static bool run_memory(void)
{
	char path[32];
	/* MFD_EXEC, and without it for kernels before 6.3, where every such file is executable. */
	int fd = (int)CALL(memfd_create, A("program"), 0x10);

	if (fd < 0 && errno == EINVAL)
		fd = (int)CALL(memfd_create, A("program"), 0);
	if (fd < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return copy_self(path) && run(path, "ran") == 0;
}

/* A setuid-root file of the image: which id has who runs it? */
static bool run_setuid(void)
{
	int answer = run("/bin/setuid", "whoami");

	if (answer == 3)
		return refused("execve", EPERM);
	return answer == 0;
}

/* Any descriptor but the one that the launcher left is as good as a path for execveat(2). */
static bool run_descriptor(void)
{
	char *arguments[] = {(char *)(intptr_t) "/bin/escape", (char *)(intptr_t) "ran", NULL};
	char *none[] = {NULL};
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)CALL(execveat, fd, A(""), A(arguments), A(none), AT_EMPTY_PATH);
	return false; /* "ran" exits with 0 */
}

/* A name in the trusted namespace of extended attributes decides things elsewhere. */
static bool trusted_attribute(void)
{
	return CALL(setxattr, A("/tmp"), A("trusted.escape"), A("x"), 1, 0) == 0;
}

const struct attack file_attacks[] = {
	{"leaked-fd", leaked},
	{"cwd-outside", outside},
	{"self-exe", own_program},
	{"host-program", host_program},
	{"host-state", host_state},
	{"host-key", host_configuration},
	{"write-root", write_root},
	{"write-dev", write_dev},
	{"chown", give_away},
	{"exec-tmpfs", run_written},
	{"exec-memfd", run_memory},
	{"exec-setuid", run_setuid},
	{"execveat", run_descriptor},
	{"setxattr", trusted_attribute},
	{0},
};

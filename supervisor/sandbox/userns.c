#include "sandbox/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

/* Every kind of namespace; "time" is absent on some kernels, where there is nothing to limit. */
static const char *const limits[] = {"user", "mnt", "net", "pid", "ipc", "uts", "cgroup", "time"};

/* Written by a process inside: a sysctl of a user namespace is that of its writer. */
static int write_limits(int proc_fd)
{
	CLEAN_FD int dir = openat(proc_fd, "sys/user", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char name[32];

	if (dir < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		int r;

		(void)snprintf(name, sizeof(name), "max_%s_namespaces", limits[i]);
		r = fd_write_file(dir, name, "0");
		if (r && !(r == -ENOENT && str_equal(limits[i], "time")))
			return r;
	}
	return 0;
}

static _Noreturn void hold(int proc_fd, int wait_fd, int done_fd)
{
	char go;
	int r;

	if (read(wait_fd, &go, 1) != 1)
		_exit(1);
	r = write_limits(proc_fd);
	/* The launcher waits for it without a limit: who cannot tell it must not stay. */
	if (fd_write_all(done_fd, &r, sizeof(r)))
		_exit(1);
	/* Alive until its namespace has been opened: the pipe's other end is closed then. */
	(void)!read(wait_fd, &go, 1);
	_exit(0);
}

/* The process that holds the namespace open while it is set up. */
struct inside {
	int proc_fd;
	pid_t pid;
	int go_fd;
	int done_fd;
};

#define ROW "%10u %10u %10u\n" /* as kernel/user_namespace.c prints it */

/* One line of a map: who @id is outside. */
struct line {
	unsigned int id;
	unsigned int outside;
	bool with_root;
};

static int write_map(const struct inside *in, const char *file, const struct line *line,
		     struct err *err)
{
	char path[48];
	char map[48];
	char found[96];
	char want[80];
	int used;
	int r;

	(void)snprintf(path, sizeof(path), "%d/%s", in->pid, file);
	(void)snprintf(map, sizeof(map), "%s%u %u 1\n", line->with_root ? "0 0 1\n" : "", line->id,
		       line->outside);
	used = line->with_root ? snprintf(want, sizeof(want), ROW, 0u, 0u, 1u) : 0;
	(void)snprintf(want + used, sizeof(want) - (size_t)used, ROW, line->id, line->outside, 1u);
	r = fd_write_file(in->proc_fd, path, map);
	if (r)
		return err_sys(err, -r, "%s of id %u", file, line->id);
	if (fd_read_file(in->proc_fd, path, found, sizeof(found)) < 0 || !str_equal(found, want))
		return err_set(err, EPERM, "%s of id %u does not read back", file, line->id);
	return 0;
}

static int set_up(const struct inside *in, const struct userns_ids *ids,
		  const struct userns_ids *outside, struct err *err)
{
	const struct line uid = {ids->uid, outside->uid, ids->sees_root};
	const struct line gid = {ids->gid, outside->gid, false};
	char path[48];
	int r = write_map(in, "uid_map", &uid, err);
	int done = 0;

	r = r ? r : write_map(in, "gid_map", &gid, err);
	if (r)
		return r;
	if (fd_write_all(in->go_fd, "g", 1) ||
	    fd_read_up_to(in->done_fd, &done, sizeof(done)) != (ssize_t)sizeof(done))
		return err_set(err, ECHILD, "the user namespace lost its process");
	if (done)
		return err_sys(err, -done, "limits of the user namespace");
	(void)snprintf(path, sizeof(path), "%d/ns/user", in->pid);
	r = openat(in->proc_fd, path, O_RDONLY | O_CLOEXEC);
	return r < 0 ? err_sys(err, errno, "user namespace") : r;
}

static void reap(pid_t pid)
{
	pid_t r;

	do
		r = waitpid(pid, NULL, 0);
	while (r < 0 && errno == EINTR);
}

int userns_make_idmap(int proc_fd, const struct userns_ids *ids, const struct userns_ids *outside,
		      struct err *err)
{
	int go[2];
	int done[2];
	int fd;
	long pid;

	if (pipe2(go, O_CLOEXEC))
		return err_sys(err, errno, "pipe");
	if (pipe2(done, O_CLOEXEC)) {
		fd_close(&go[0]);
		fd_close(&go[1]);
		return err_sys(err, errno, "pipe");
	}
	pid = syscall(SYS_clone, (unsigned long)(CLONE_NEWUSER | SIGCHLD), 0, 0, 0, 0);
	if (pid == 0) {
		fd_close(&go[1]);
		hold(proc_fd, go[0], done[1]);
	}
	fd_close(&go[0]);
	fd_close(&done[1]);
	fd = pid < 0 ? err_sys(err, errno, "user namespace")
		     : set_up(&(const struct inside){proc_fd, (pid_t)pid, go[1], done[0]}, ids,
			      outside, err);
	fd_close(&go[1]);
	fd_close(&done[0]);
	if (pid > 0)
		reap((pid_t)pid);
	return fd;
}

int userns_make_for(int proc_fd, const struct userns_ids *ids, struct err *err)
{
	return userns_make_idmap(proc_fd, ids, ids, err);
}

int userns_make(int proc_fd, uid_t uid, gid_t gid, struct err *err)
{
	return userns_make_for(proc_fd, &(const struct userns_ids){.uid = uid, .gid = gid}, err);
}

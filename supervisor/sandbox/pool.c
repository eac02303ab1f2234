#include "sandbox/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "sandbox/root_parts.h"
#include "sandbox/step.h"

/* The process that holds the namespaces until they have been opened. */
/*
 * NET_ADMIN and NET_RAW are looked for in the user namespace that owns the network namespace: for
 * them it is the service's own. That one has no room for namespaces (userns.h), except now.
 */
static int owned_network(const struct plan *plan, struct err *err)
{
	static const char limit[] = "sys/user/max_net_namespaces";
	int r;

	if (setns(plan->userns_fd, CLONE_NEWUSER))
		return err_sys(err, errno, "the user namespace cannot be entered");
	r = fd_write_file(plan->proc_fd, limit, "1");
	if (!r && unshare(CLONE_NEWNET))
		r = -errno;
	r = r ? r : fd_write_file(plan->proc_fd, limit, "0");
	return r ? err_sys(err, -r, "a network namespace of the service's own") : 0;
}

static int set_up(struct plan *own, struct err *err)
{
	int r = root_make_template(own, err);

	r = r ? r : step_root_prove(own, err);
	if (!r && own->caps)
		r = owned_network(own, err);
	r = r ? r : step_network_apply(own, err);
	return r ? r : step_network_prove(own, err);
}

static _Noreturn void hold(const struct plan *plan, int proc_fd, int wait_fd, int done_fd)
{
	static struct plan own;
	struct err err = {0};
	char go;

	own = *plan;
	own.pool = POOL_NONE;
	own.proc_fd = proc_fd;
	if (set_up(&own, &err))
		err.code = err.code ? err.code : EPERM;
	/* As in userns.c: who cannot tell must not stay. */
	if (fd_write_all(done_fd, &err, sizeof(err)))
		_exit(1);
	/* End of file: the launcher has them, or is dead. */
	(void)!read(wait_fd, &go, 1);
	_exit(0);
}

static int open_namespace(int proc_fd, pid_t pid, const char *name, struct err *err)
{
	char path[48];
	int fd;

	(void)snprintf(path, sizeof(path), "%d/ns/%s", pid, name);
	fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "%s namespace of the pool", name) : fd;
}

static int take(const struct plan *plan, pid_t pid, int done_fd, struct pool *pool, struct err *err)
{
	CLEAN_FD int network_fd = -1;
	CLEAN_FD int mounts_fd = -1;
	struct err told;

	if (fd_read_up_to(done_fd, &told, sizeof(told)) != (ssize_t)sizeof(told))
		return err_set(err, ECHILD, "the process that prepares the namespaces died");
	if (told.code) {
		err_sanitize(&told);
		*err = told;
		return -err->code;
	}
	network_fd = open_namespace(plan->proc_fd, pid, "net", err);
	if (network_fd < 0)
		return network_fd;
	mounts_fd = open_namespace(plan->proc_fd, pid, "mnt", err);
	if (mounts_fd < 0)
		return mounts_fd;
	pool->network_fd = take_fd(&network_fd);
	pool->mounts_fd = take_fd(&mounts_fd);
	return 0;
}

static void reap(pid_t pid)
{
	pid_t r;

	do
		r = waitpid(pid, NULL, 0);
	while (r < 0 && errno == EINTR);
}

static int fork_and_take(const struct plan *plan, int go[2], int done[2], struct pool *pool,
			 struct err *err)
{
	unsigned long flags = CLONE_NEWNET | CLONE_NEWNS | SIGCHLD;
	long pid = syscall(SYS_clone, flags, 0, 0, 0, 0);
	int r;

	if (pid == 0) {
		fd_close(&go[1]);
		fd_close(&done[0]);
		hold(plan, pool->proc_fd, go[0], done[1]);
	}
	if (pid < 0)
		return err_sys(err, errno, "namespaces of the pool");
	fd_close(&done[1]);
	r = take(plan, (pid_t)pid, done[0], pool, err);
	fd_close(&go[1]);
	reap((pid_t)pid);
	return r;
}

int pool_make(const struct plan *plan, struct pool *pool, struct err *err)
{
	int go[2] = {-1, -1};
	int done[2] = {-1, -1};
	struct pool made = POOL_NONE;
	int r;

	made.proc_fd = procfs_open(err);
	if (made.proc_fd < 0)
		return made.proc_fd;
	if (pipe2(go, O_CLOEXEC) || pipe2(done, O_CLOEXEC))
		r = err_sys(err, errno, "pipe");
	else
		r = fork_and_take(plan, go, done, &made, err);
	for (int i = 0; i < 2; i++) {
		fd_close(&go[i]);
		fd_close(&done[i]);
	}
	if (r) {
		pool_close(&made);
		return r;
	}
	fd_raise(&made.network_fd);
	fd_raise(&made.mounts_fd);
	fd_raise(&made.proc_fd);
	*pool = made;
	return r;
}

void pool_close(struct pool *pool)
{
	fd_close(&pool->network_fd);
	fd_close(&pool->mounts_fd);
	fd_close(&pool->proc_fd);
}

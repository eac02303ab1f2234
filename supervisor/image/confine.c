#include "image/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "trust/refuse.h"

#define REPORT_FD    3
#define MEMORY_MAX   (1024UL << 20)
#define NAMESPACES   (CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
#define HINT_CONFINE "archives are unpacked without rights: run as root, or allow user namespaces"

/* mount_setattr(2), which musl does not declare. */
struct attributes {
	uint64_t set;
	uint64_t clear;
	uint64_t propagation;
	uint64_t userns_fd;
};

#define CLONE_TREE                                                                                 \
	(1 | O_CLOEXEC | 0x8000u) /* OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE */
#define RECURSIVE   0x8000u
#define EMPTY_PATH  0x1000u
#define ATTR_RDONLY 0x1u
#define ATTR_NOSUID 0x2u
#define ATTR_NODEV  0x4u

static int write_map(const char *file, unsigned int id)
{
	char text[48];

	(void)snprintf(text, sizeof(text), "%u %u 1", id, id);
	return fd_write_file(AT_FDCWD, file, text);
}

static int leave_namespaces(struct err *err)
{
	unsigned int uid = geteuid();
	unsigned int gid = getegid();
	int r;

	if (unshare((int)(NAMESPACES | (uid ? CLONE_NEWUSER : 0u))) < 0) {
		(void)err_sys(err, errno, "no namespaces to unpack archives in");
		return err_hint(err, HINT_CONFINE);
	}
	if (!uid)
		return 0;
	r = fd_write_file(AT_FDCWD, "/proc/self/setgroups", "deny");
	r = r ? r : write_map("/proc/self/uid_map", uid);
	r = r ? r : write_map("/proc/self/gid_map", gid);
	return r ? err_sys(err, -r, "cannot map the user") : 0;
}

/*
 * A detached copy of the mounts below @root becomes all that there is: nothing is attached to the
 * machine's tree, so nothing has to be private or taken away again. Without capabilities nobody
 * gets out of it.
 */
static int change_root(const char *root, bool writable, struct err *err)
{
	struct attributes a = {.set = ATTR_NOSUID | ATTR_NODEV | (writable ? 0 : ATTR_RDONLY)};
	CLEAN_FD int tree_fd = (int)syscall(SYS_open_tree, AT_FDCWD, root ? root : "/", CLONE_TREE);

	if (tree_fd < 0)
		return err_sys(err, errno, "cannot copy the mounts of %s", root ? root : "/");
	if (syscall(SYS_mount_setattr, tree_fd, "", EMPTY_PATH | RECURSIVE, &a, sizeof(a)) < 0)
		return err_sys(err, errno, "cannot make the copied mounts safe");
	if (fchdir(tree_fd) < 0 || chroot(".") < 0)
		return err_sys(err, errno, "cannot make it the root");
	return 0;
}

static int drop_rights(struct err *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};
	struct rlimit memory = {MEMORY_MAX, MEMORY_MAX};
	struct rlimit no_core = {0, 0};

	if (geteuid() == 0 && (setgroups(0, NULL) < 0 ||
			       setresgid(CONFINE_NOBODY, CONFINE_NOBODY, CONFINE_NOBODY) < 0 ||
			       setresuid(CONFINE_NOBODY, CONFINE_NOBODY, CONFINE_NOBODY) < 0))
		return err_sys(err, errno, "cannot become nobody");
	if (setrlimit(RLIMIT_AS, &memory) < 0 || setrlimit(RLIMIT_CORE, &no_core) < 0)
		return err_sys(err, errno, "cannot set limits");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_capset, &header, none) < 0)
		return err_sys(err, errno, "cannot drop capabilities");
	if (geteuid() == 0)
		return err_set(err, EPERM, "still root after dropping it");
	return 0;
}

/* Standard input, output, errors and the report; nothing else of ours. */
static int keep_descriptors(const struct confine *c, int report_fd, struct err *err)
{
	CLEAN_FD int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (null_fd < 0)
		return err_sys(err, errno, "/dev/null");
	if (dup2(c->input_fd, STDIN_FILENO) < 0 ||
	    dup2(c->output_fd < 0 ? null_fd : c->output_fd, STDOUT_FILENO) < 0 ||
	    (report_fd != REPORT_FD && dup3(report_fd, REPORT_FD, O_CLOEXEC) < 0))
		return err_sys(err, errno, "dup2");
	take_fd(&null_fd);
	return syscall(SYS_close_range, REPORT_FD + 1, ~0u, 0) < 0
		       ? err_sys(err, errno, "close_range")
		       : 0;
}

static _Noreturn void child_main(const struct confine *c, int report_fd)
{
	struct err err = {0};
	int r = keep_descriptors(c, report_fd, &err);

	r = r ? r : leave_namespaces(&err);
	r = r ? r : change_root(c->root, c->root || c->writable, &err);
	r = r ? r : drop_rights(&err);
	r = r ? r : c->run(c->argument, &err);
	if (r && fd_write_all(REPORT_FD, &err, sizeof(err)))
		_exit(2);
	_exit(r ? 1 : 0);
}

int confine_start(const struct confine *c, struct confined *child, struct err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	child->pid = fork();
	if (child->pid == 0)
		child_main(c, ends[1]);
	fd_close(&ends[1]);
	child->report_fd = ends[0];
	if (child->pid > 0)
		return 0;
	fd_close(&child->report_fd);
	return err_sys(err, errno, "fork");
}

int confine_wait(struct confined *child, struct err *err)
{
	struct err said;
	ssize_t n = fd_read_up_to(child->report_fd, &said, sizeof(said));
	int status;

	fd_close(&child->report_fd);
	while (waitpid(child->pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "waitpid");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (n != (ssize_t)sizeof(said))
		return err_set(err, EIO, "the unpacker died with %s %d",
			       WIFEXITED(status) ? "status" : "signal",
			       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	err_sanitize(&said);
	*err = said;
	return -said.code;
}

int confine_own(const char *path, struct err *err)
{
	if (geteuid() == 0 && chown(path, CONFINE_NOBODY, CONFINE_NOBODY) < 0)
		return err_sys(err, errno, "%s", path);
	return 0;
}

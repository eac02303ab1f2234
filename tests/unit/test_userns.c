/* links: base sandbox */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/str.h"
#include "sandbox/userns.h"

static struct err err;

/* The first thing that is wrong inside, 0: nothing. */
static int look_inside(int userns_fd)
{
	static const int kinds[] = {CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWNET,   CLONE_NEWPID,
				    CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP};
	char map[128];

	if (setns(userns_fd, CLONE_NEWUSER))
		return 1;
	if (fd_read_file(AT_FDCWD, "/proc/self/uid_map", map, sizeof(map)) < 0 ||
	    !str_equal(map, "     10003      10003          1\n"))
		return 2;
	if (fd_read_file(AT_FDCWD, "/proc/self/gid_map", map, sizeof(map)) < 0 ||
	    !str_equal(map, "     10004      10004          1\n"))
		return 3;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!unshare(kinds[i]) || errno != ENOSPC)
			return 10 + (int)i;
	return 0;
}

/* unshare(2): EPERM, even for root, below a root that is not the one of the mount namespace. */
static bool in_chroot(void)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		_exit(unshare(CLONE_NEWUSER) && errno == EPERM);
	return waitpid(child, &status, 0) == child && status != 0;
}

/* One user and one group, and no namespace of any kind can be made within: by root, like init. */
static void test_one_id_no_namespaces(void **state)
{
	CLEAN_FD int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEAN_FD int userns_fd = userns_make(proc_fd, 10003, 10004, &err);
	int status = 0;
	pid_t child;

	(void)state;
	if (userns_fd < 0)
		fail_msg("%s", err.msg);
	assert_true(fcntl(userns_fd, F_GETFD) & FD_CLOEXEC);
	child = fork();
	if (child == 0)
		_exit(look_inside(userns_fd));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static int look_for_root(int userns_fd)
{
	char map[128];

	if (setns(userns_fd, CLONE_NEWUSER))
		return 1;
	if (fd_read_file(AT_FDCWD, "/proc/self/uid_map", map, sizeof(map)) < 0 ||
	    !str_equal(map, "         0          0          1\n"
			    "       901        901          1\n"))
		return 2;
	if (fd_read_file(AT_FDCWD, "/proc/self/gid_map", map, sizeof(map)) < 0 ||
	    !str_equal(map, "       901        901          1\n"))
		return 3;
	return unshare(CLONE_NEWUSER) == 0 || errno != ENOSPC ? 4 : 0;
}

/* Root is seen by its uid only, and no group comes with it. */
static void test_sees_root(void **state)
{
	CLEAN_FD int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct userns_ids ids = {.uid = 901, .gid = 901, .sees_root = true};
	CLEAN_FD int userns_fd = userns_make_for(proc_fd, &ids, &err);
	int status = 0;
	pid_t child;

	(void)state;
	if (userns_fd < 0)
		fail_msg("%s", err.msg);
	child = fork();
	if (child == 0)
		_exit(look_for_root(userns_fd));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static int count_fds(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* What is refused leaves neither a process nor a descriptor behind. */
static void test_refused(void **state)
{
	CLEAN_FD int empty_fd = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int before = count_fds();

	(void)state;
	assert_int_equal(userns_make(empty_fd, 10003, 10004, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "uid_map"));
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(count_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_id_no_namespaces),
		cmocka_unit_test(test_sees_root),
		cmocka_unit_test(test_refused),
	};

	if (in_chroot()) {
		printf("1..0 # SKIP the root is no mount point, as in a chroot\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

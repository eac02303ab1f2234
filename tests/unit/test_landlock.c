/* links: base sys sandbox */
/* The rules of landlock.c on the build machine's kernel: what a child may still do. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/step.h"
#include "sys/mounts.h"

#define ABSTRACT "bartizan-test-landlock"

static char place[64];
static char socket_name[64];
static struct plan plan;

static const char *at(const char *name)
{
	static char path[160];

	(void)snprintf(path, sizeof(path), "%s/%s", place, name);
	return path;
}

static void make_file(const char *name)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	assert_true(fd >= 0);
	(void)close(fd);
}

static void mount_at(const char *path, const char *real, uint32_t attributes)
{
	struct plan_mount *m = &plan.mounts[plan.mount_count++];

	*m = (struct plan_mount){.attributes = attributes, .type = "tmpfs"};
	m->fd = open(real, O_PATH | O_CLOEXEC);
	assert_true(m->fd >= 0);
	(void)snprintf(m->path, sizeof(m->path), "%s", path);
}

/* image/{bin/tool,top,run/{other,secrets},tmp,dev}; what is mounted there are directories beside.
 */
static int set_up(void **state)
{
	static const char *const dirs[] = {
		"image",     "image/bin",         "image/run", "image/run/other", "image/tmp",
		"image/dev", "image/run/secrets", "tmp",       "tmp/deep",        "secrets",
		"outside"};
	static const char *const files[] = {"image/bin/tool",  "image/top",     "image/run/other/x",
					    "image/tmp/under", "tmp/deep/file", "secrets/key",
					    "outside/file"};

	(void)state;
	(void)snprintf(place, sizeof(place), "/tmp/landlock-XXXXXX");
	assert_non_null(mkdtemp(place));
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		assert_int_equal(mkdir(at(dirs[i]), 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		make_file(files[i]);
	plan = (struct plan){.join_pidfd = -1, .rules_fd = -1, .exec_fd = -1, .program = "/x"};
	plan.rlimits[7] = (struct policy_rlimit){64, 64};
	plan.image_fd = open(at("image"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	plan.proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	mount_at("/dev", "/dev", MOUNT_RDONLY | MOUNT_NOEXEC);
	mount_at("/tmp", at("tmp"), MOUNT_NOEXEC);
	mount_at("/run/secrets", at("secrets"), MOUNT_NOEXEC | MOUNT_RDONLY);
	return 0;
}

static int tear_down(void **state)
{
	static char command[3][80];
	char *const words[] = {command[0], command[1], command[2], NULL};
	pid_t pid;

	(void)state;
	(void)snprintf(command[0], sizeof(command[0]), "rm");
	(void)snprintf(command[1], sizeof(command[1]), "-rf");
	(void)snprintf(command[2], sizeof(command[2]), "%s", place);
	pid = fork();
	if (pid == 0) {
		execv("/bin/rm", words);
		_exit(127);
	}
	(void)waitpid(pid, NULL, 0);
	return 0;
}

/* In a child with the rules of @abi: what @ask says, as an exit code. */
static int ask(uint32_t abi, int (*question)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		struct err err = {0};

		plan.landlock_abi = abi;
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || step_rules_apply(&plan, &err) ||
		    step_landlock_apply(&plan, &err) || step_landlock_prove(&plan, &err)) {
			(void)fprintf(stderr, "# %s\n", err.msg);
			_exit(200);
		}
		_exit(question());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* 0 when all are as said; else the number of the first that is not. */
static int files(void)
{
	static const struct {
		const char *name;
		int flags;
		int error;
	} rows[] = {
		{"image/bin/tool", O_RDONLY, 0},
		{"image/bin/tool", O_WRONLY, EACCES},
		{"image/top", O_RDONLY, 0},
		{"image/run/other/x", O_RDONLY, 0},
		/* What a mount hides in the image is not reached by another way. */
		{"image/tmp/under", O_RDONLY, EACCES},
		{"tmp/deep/file", O_RDWR | O_TRUNC, 0},
		{"tmp/new", O_RDWR | O_CREAT, 0},
		{"secrets/key", O_RDONLY, 0},
		{"secrets/key", O_WRONLY, EACCES},
		{"secrets/new", O_WRONLY | O_CREAT, EACCES},
		{"outside/file", O_RDONLY, EACCES},
		{"outside/new", O_WRONLY | O_CREAT, EACCES},
		{"image", O_RDONLY | O_DIRECTORY, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int fd = open(at(rows[i].name), rows[i].flags | O_CLOEXEC, 0600);

		if ((fd < 0 ? errno : 0) != rows[i].error)
			return (int)i + 1;
	}
	return 0;
}

/* exec of a file that is no program: ENOEXEC says that it was opened. */
static int executes(void)
{
	char *const none[] = {NULL};

	(void)execve(at("image/bin/tool"), none, none);
	if (errno != ENOEXEC)
		return 1;
	(void)chmod(at("tmp/deep/file"), 0755);
	(void)execve(at("tmp/deep/file"), none, none);
	return errno == EACCES ? 0 : 2;
}

static int devices(void)
{
	if (open("/dev/null", O_RDWR | O_CLOEXEC) < 0 ||
	    open("/dev/zero", O_RDONLY | O_CLOEXEC) < 0)
		return 1;
	return open("/dev/ptmx", O_RDWR | O_CLOEXEC) < 0 ? 0 : 2;
}

static int mounts(void)
{
	char to[160];

	(void)snprintf(to, sizeof(to), "%s", at("tmp/moved"));
	if (rename(at("tmp/deep/file"), to))
		return 1;
	(void)snprintf(to, sizeof(to), "%s", at("secrets/moved"));
	return rename(at("tmp/moved"), to) ? 0 : 2;
}

static int connects(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path + 1, socket_name, strlen(socket_name));
	return connect(fd, (struct sockaddr *)&address,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				   strlen(socket_name)))
		       ? errno
		       : 0;
}

static int signals(void)
{
	return kill(getppid(), 0) ? errno : 0;
}

static void test_rules(void **state)
{
	static const uint32_t abis[] = {1, 2, 3, 5, 6};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(abis); i++) {
		assert_int_equal(ask(abis[i], files), 0);
		assert_int_equal(ask(abis[i], executes), 0);
		assert_int_equal(ask(abis[i], devices), 0);
	}
	assert_int_equal(ask(2, mounts), 0);
}

/* What ABI 6 adds is there when it is declared, and only then; a probe has business with others. */
static void test_scopes(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	(void)snprintf(socket_name, sizeof(socket_name), ABSTRACT "-%d", getpid());
	memcpy(address.sun_path + 1, socket_name, strlen(socket_name));
	assert_int_equal(
		bind(fd, (struct sockaddr *)&address,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(socket_name))),
		0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(ask(5, connects), 0);
	assert_int_equal(ask(5, signals), 0);
	assert_int_equal(ask(6, connects), EPERM);
	assert_int_equal(ask(6, signals), EPERM);
	plan.join_pidfd = 0;
	assert_int_equal(ask(6, connects), 0);
	assert_int_equal(ask(6, signals), 0);
	(void)close(fd);
}

static int always(void)
{
	return 0;
}

/* A kernel that says yes and does nothing, and one that gives less than is declared. */
static void test_proof(void **state)
{
	struct err err = {0};

	(void)state;
	plan.landlock_abi = 2;
	assert_int_equal(step_landlock_prove(&plan, &err), -EPERM);
	assert_non_null(strstr(err.msg, "without a rule"));
	plan.landlock_abi = 0;
	assert_int_equal(step_landlock_prove(&plan, &err), 0);
	/* An image that has something else than a directory on the way to a mount point. */
	(void)snprintf(plan.mounts[2].path, sizeof(plan.mounts[2].path), "/top/secrets");
	assert_int_equal(ask(2, always), 200);
}

static void test_many_entries(void **state)
{
	char name[32];

	(void)state;
	for (int i = 0; i < 520; i++) {
		(void)snprintf(name, sizeof(name), "image/n%d", i);
		make_file(name);
	}
	assert_int_equal(ask(2, always), 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rules, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_scopes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_proof, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many_entries, set_up, tear_down),
	};

	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 6) {
		(void)printf("1..0 # SKIP the kernel has no Landlock ABI 6\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

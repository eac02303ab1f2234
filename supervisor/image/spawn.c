#include "image/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Not the caller's environment: locale, time zone and compiler variables would reach the image.
 * Keys that need an environment (an HSM's) sign elsewhere: `image build --unsigned`, `image sign`.
 */
static const char *const fixed_environment[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"LC_ALL=C",
	"TZ=UTC",
	NULL,
};

static int start(const char *const argv[], pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int r = posix_spawn_file_actions_init(&actions);

	if (r)
		return r;
	r = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (!r)
		r = posix_spawnp(pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv,
				 (char *const *)(uintptr_t)fixed_environment);
	(void)posix_spawn_file_actions_destroy(&actions);
	return r;
}

int spawn_run(const char *const argv[], const char *package, struct err *err)
{
	int status;
	pid_t pid;
	int r = start(argv, &pid);

	if (r) {
		(void)err_sys(err, r, "cannot run %s", argv[0]);
		return err_hint(err, "install it: apt install %s", package);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "waitpid");
	/* musl's posix_spawn() reports a missing program itself; glibc too. 127 is what a
	 * shell-like wrapper would say. */
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return err_set(err, EIO, "%s failed with %s %d", argv[0],
			       WIFEXITED(status) ? "status" : "signal",
			       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return 0;
}

int spawn_exec(const char *const argv[])
{
	(void)execvpe(argv[0], (char *const *)(uintptr_t)argv,
		      (char *const *)(uintptr_t)fixed_environment);
	return -errno;
}

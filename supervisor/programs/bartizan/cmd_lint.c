/* lint: is this service file right, and would this device take it? `compile` has the reader and the
 * key tables, so on the device the command runs it instead of carrying them a second time. */
#include "commands.h"

#include <errno.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/wait.h>

#include "cli/options.h"
#include "cli/terminal.h"
#include "policy/lint.h"

#ifdef BARTIZAN_HOST
int cmd_lint(int argc, char **argv)
{
	return policy_lint_command(argc, argv);
}
#else
#define COMPILE "/usr/lib/bartizan/compile"

int run_compile(char **argv)
{
	static char *const nothing[] = {NULL};
	struct err err = {0};
	int status = 0;
	pid_t pid;
	int r = posix_spawn(&pid, COMPILE, NULL, NULL, argv, nothing);

	if (r) {
		(void)err_sys(&err, r, COMPILE);
		return terminal_fail(argv[0], &err);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_FAILED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

int cmd_lint(int argc, char **argv)
{
	(void)argc;
	return run_compile(argv);
}
#endif

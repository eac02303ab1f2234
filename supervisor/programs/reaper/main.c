#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * init = yes: process 1 of a service's namespace. It starts the service's program, hands on every
 * signal that it gets, reaps whatever loses its parent, and ends as the program ends. The launcher
 * executes it in place of the program, inside the finished sandbox: it has the service's uid,
 * filter and limits, opens nothing and reads nothing but its arguments.
 */
#define EXIT_NOT_RUN   126 /* as Docker and sh: it is there and cannot be executed */
#define EXIT_NOT_FOUND 127
#define EXIT_SIGNAL    128 /* plus the number */
#define EXIT_REFUSED   125 /* this program could not do its own work */

static _Noreturn void run(char **argv, const sigset_t *mask)
{
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
	(void)execv(argv[0], argv);
	_exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUN);
}

/* Everybody who has ended. Does not return when the program is among them: the kernel then kills
 * what is left of the namespace. */
static void reap(pid_t program)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != program)
			continue;
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SIGNAL + WTERMSIG(status));
	}
}

static void nothing(int number)
{
	(void)number;
}

/*
 * Who wants to end the service looks first whether process 1 hears the signal at all (SigCgt): one
 * that is only waited for would not be seen there. They stay blocked, so no handler ever runs.
 */
static void hear_all(void)
{
	const struct sigaction action = {.sa_handler = nothing};

	for (int number = 1; number < SIGRTMIN; number++)
		(void)sigaction(number, &action, NULL);
}

int main(int argc, char **argv)
{
	sigset_t all;
	sigset_t before;
	pid_t program;

	/* Blocked and waited for: process 1 ignores what it has no handler for (signal(7)). */
	if (argc < 2 || sigfillset(&all) || sigprocmask(SIG_SETMASK, &all, &before))
		return EXIT_REFUSED;
	hear_all();
	program = fork();
	if (program == 0)
		run(argv + 1, &before);
	if (program < 0)
		return EXIT_REFUSED;
	for (;;) {
		int number = sigwaitinfo(&all, NULL);

		if (number == SIGCHLD)
			reap(program);
		else if (number > 0)
			(void)kill(program, number);
	}
}

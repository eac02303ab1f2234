#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/child.h"
#include "sandbox/step.h"

#define TRY_FAILED 1
#define TRY_PASSED 2

#ifndef PR_SET_MDWE
#define PR_SET_MDWE              65 /* linux/prctl.h, 6.3 */
#define PR_GET_MDWE              66
#define PR_MDWE_REFUSE_EXEC_GAIN 1UL
#endif

/*
 * Memory that is or was writable never becomes executable. Kernels before 6.3 answer EINVAL: there
 * the rules of the filter stand alone (mmap and mprotect with W and X), which `compile` writes for
 * every kernel, so the promise is the same on both.
 */
static bool has_mdwe(void)
{
	return prctl(PR_GET_MDWE, 0L, 0L, 0L, 0L) >= 0;
}

int step_mdwe_apply(struct plan *p, struct err *err)
{
	if (p->mdwe && has_mdwe() && prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0L, 0L, 0L))
		return err_sys(err, errno, "mdwe");
	return 0;
}

int step_mdwe_prove(const struct plan *p, struct err *err)
{
	if (p->mdwe && has_mdwe() &&
	    prctl(PR_GET_MDWE, 0L, 0L, 0L, 0L) != (int)PR_MDWE_REFUSE_EXEC_GAIN)
		return err_set(err, EPERM, "mdwe is off");
	return 0;
}

static int load(const struct plan *p, unsigned int flags)
{
	struct sock_fprog program = {
		.len = p->filter_count,
		.filter = (struct sock_filter *)(uintptr_t)p->filter,
	};

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) ? -errno : 0;
}

int step_filter_apply(struct plan *p, struct err *err)
{
	/* FLAG_LOG: without it the kernel records no call that was answered with an errno. */
	int r = load(p, SECCOMP_FILTER_FLAG_LOG);

	return r ? err_sys(err, -r, "the filter of %u instructions is refused", p->filter_count)
		 : 0;
}

/* unshare(0) asks for nothing: without a filter it succeeds for everybody. */
static _Noreturn void try_it(const struct plan *p)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || load(p, 0))
		_exit(TRY_FAILED);
	if (unshare(0) == 0 || (errno != EPERM && errno != ENOSYS))
		_exit(TRY_PASSED);
	_exit(0);
}

int sandbox_try_filter(const struct plan *p, struct err *err)
{
	int status = -1;
	pid_t pid = fork();
	pid_t r;

	if (pid == 0)
		try_it(p);
	if (pid < 0)
		return err_sys(err, errno, "the filter cannot be tried");
	do
		r = waitpid(pid, &status, 0);
	while (r < 0 && errno == EINTR);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == TRY_PASSED)
		return err_set(err, EPERM, "unshare(2) passes the filter");
	return err_set(err, EPERM, "the kernel does not take the filter");
}

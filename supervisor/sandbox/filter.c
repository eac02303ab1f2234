#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/step.h"

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

int step_filter_apply(struct plan *p, struct err *err)
{
	struct sock_fprog program = {
		.len = p->filter_count,
		.filter = (struct sock_filter *)(uintptr_t)p->filter,
	};

	/* FLAG_LOG: without it the kernel records no call that was answered with an errno. */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, &program))
		return err_sys(err, errno, "the filter of %u instructions is refused",
			       p->filter_count);
	return 0;
}

/*
 * That it is there is read back from outside (Seccomp: 2, one filter); that it bites shows only
 * here. unshare(0) asks for nothing and needs no privilege, so without a filter it succeeds.
 */
int step_filter_prove(const struct plan *p, struct err *err)
{
	(void)p;
	if (unshare(0) == 0 || (errno != EPERM && errno != ENOSYS))
		return err_set(err, EPERM, "unshare(2) passes the filter");
	return 0;
}

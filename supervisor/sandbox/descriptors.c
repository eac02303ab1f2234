#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "sandbox/child.h"
#include "sandbox/step.h"

static int lift(int *fd, int least)
{
	int high;

	if (*fd < 0)
		return 0;
	high = fd_duplicate(*fd, least);
	if (high < 0)
		return high;
	*fd = high;
	return 0;
}

int step_lift_apply(struct plan *p, struct err *err)
{
	int least = plan_report_number(p) + 1;
	/* Those that are used once the numbers are taken; namespaces and mounts are not. */
	int r = lift(&p->userns_fd, least);

	r = r ? r : lift(&p->proc_fd, least);
	r = r ? r : lift(&p->exec_fd, least);
	for (unsigned int i = 0; i < 3 && !r; i++)
		r = lift(&p->stdio[i], least);
	for (unsigned int i = 0; i < p->fd_count && !r; i++)
		r = lift(&p->fds[i], least);
	r = r ? r : child_lift(least);
	return r ? err_sys(err, -r, "descriptors cannot be moved above %d", least) : 0;
}

static int place(int fd, int number, int flags)
{
	return dup3(fd, number, flags) < 0 ? -errno : 0;
}

static int free_number(int number)
{
	return close(number) && errno != EBADF ? -errno : 0;
}

int step_descriptors_apply(struct plan *p, struct err *err)
{
	unsigned int last = 3 + p->fd_count;
	int r = 0;

	for (int i = 0; i < 3 && !r; i++)
		r = place(p->stdio[i], i, 0);
	for (unsigned int i = 0; i < p->fd_count && !r; i++)
		r = p->fds[i] < 0 ? free_number((int)(3 + i)) : place(p->fds[i], (int)(3 + i), 0);
	r = r ? r : place(p->exec_fd, plan_exec_number(p), O_CLOEXEC);
	r = r ? r : child_place();
	if (r)
		return err_sys(err, -r, "descriptors cannot be placed");
	/* Whatever the launcher has open below the program's number is gone from here on. */
	if (syscall(SYS_close_range, last, plan_exec_number(p) - 1, 0))
		return err_sys(err, errno, "close_range");
	return 0;
}

int step_descriptors_prove(const struct plan *p, struct err *err)
{
	for (unsigned int i = 0; i < 3 + p->fd_count; i++)
		if (fcntl((int)i, F_GETFD) != (i < 3 || p->fds[i - 3] >= 0 ? 0 : -1))
			return err_set(err, EBADF, "descriptor %u is not as planned", i);
	for (int i = 0; i < 3; i++)
		if (fcntl(plan_exec_number(p) + i, F_GETFD) != FD_CLOEXEC)
			return err_set(err, EBADF, "descriptor %d would survive exec",
				       plan_exec_number(p) + i);
	return 0;
}

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "sandbox/child.h"
#include "sandbox/step.h"

/*
 * AppArmor: the profile is set at once (changeprofile), not for the next exec: so the process is
 * confined while it still waits at its gate, where it can be proven from inside and by attest.c,
 * and the program inherits it (rules "ix" of the profiles). The file is opened long before it is
 * written, because Landlock forbids to open it later; the kernel takes the write of its opener
 * only.
 */
#define LABEL    "self/attr/apparmor/current"
#define SENTINEL "/proc/self/attr/apparmor/prev" /* every profile denies it, without a record */
#define SIZE     (POLICY_PROFILE_SIZE + 24)

int step_label_apply(struct plan *p, struct err *err)
{
	CLEAN_FD int fd = -1;

	if (!p->profile)
		return 0;
	fd = openat(p->proc_fd, LABEL, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "apparmor: " LABEL);
	p->label_fd = fd_duplicate(fd, plan_report_number(p) + 1);
	return p->label_fd < 0 ? err_sys(err, -p->label_fd, "apparmor: " LABEL) : 0;
}

/* 0 or -errno. In the sandbox's own /proc, which Landlock lets everybody read. */
static int open_sentinel(void)
{
	CLEAN_FD int fd = open(SENTINEL, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

int step_apparmor_apply(struct plan *p, struct err *err)
{
	char command[SIZE];
	int r;

	if (!p->profile)
		return 0;
	/* So that the refusal that is proven afterwards has this step as its reason. */
	r = open_sentinel();
	if (r)
		return err_sys(err, -r, "apparmor: the sentinel");
	str_join(command, sizeof(command), "changeprofile ", p->profile, "");
	if (write(p->label_fd, command, strlen(command)) == (ssize_t)strlen(command))
		return 0;
	if (errno != ENOENT)
		return err_sys(err, errno, "apparmor: profile %s", p->profile);
	(void)err_set(err, ENOENT, "apparmor: profile %s is not loaded", p->profile);
	return err_hint(err, "the firmware loads the profiles of conf/apparmor.d");
}

int step_apparmor_prove(const struct plan *p, struct err *err)
{
	char wanted[SIZE];
	char found[128];
	ssize_t n;

	if (!p->profile)
		return 0;
	str_join(wanted, sizeof(wanted), p->profile, " (enforce)", "");
	n = pread(p->label_fd, found, sizeof(found) - 1, 0);
	found[n > 0 ? n : 0] = '\0';
	found[strcspn(found, "\n")] = '\0';
	if (!str_equal(found, wanted))
		return err_set(err, EPERM, "apparmor: %s instead of %s", found, wanted);
	if (open_sentinel() != -EACCES)
		return err_set(err, EPERM,
			       "apparmor: a file that the profile denies can be opened");
	return 0;
}

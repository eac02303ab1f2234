#include "privilege.h"

#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define NOBODY   65534
#define MOST_FDS 32

static bool keep;

void privilege_keep(void)
{
	keep = true;
}

static int limit(int which, rlim_t most)
{
	struct rlimit value = {.rlim_cur = most, .rlim_max = most};

	return setrlimit(which, &value) ? -errno : 0;
}

static int become_nobody(void)
{
	/* Groups first: afterwards there would be no right to change them (setresuid(2) clears the
	 * capabilities). */
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		return -errno;
	return getuid() == NOBODY && geteuid() == NOBODY && setuid(0) ? 0 : -EPERM;
}

int privilege_drop(struct err *err)
{
	int r = 0;

	if (keep)
		return 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return err_sys(err, errno, "cannot give up privileges");
	if (geteuid() == 0)
		r = become_nobody();
	if (!r)
		r = limit(RLIMIT_NPROC, 0);
	if (!r)
		r = limit(RLIMIT_NOFILE, MOST_FDS);
	if (!r)
		r = limit(RLIMIT_CORE, 0);
	return r ? err_sys(err, -r, "cannot give up privileges") : 0;
}

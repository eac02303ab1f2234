#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "sandbox/step.h"

int step_limits_apply(struct plan *p, struct err *err)
{
	for (int i = 0; i < POLICY_RLIMITS; i++) {
		struct rlimit limit = {.rlim_cur = p->rlimits[i].soft,
				       .rlim_max = p->rlimits[i].hard};

		if (setrlimit(i, &limit))
			return err_sys(err, errno, "resource limit %d", i);
	}
	return 0;
}

int step_limits_prove(const struct plan *p, struct err *err)
{
	for (int i = 0; i < POLICY_RLIMITS; i++) {
		struct rlimit limit;

		if (getrlimit(i, &limit) || limit.rlim_cur != p->rlimits[i].soft ||
		    limit.rlim_max != p->rlimits[i].hard)
			return err_set(err, EPERM, "resource limit %d did not take", i);
	}
	return 0;
}

int step_place_apply(struct plan *p, struct err *err)
{
	(void)umask((mode_t)p->umask);
	if (setsid() < 0 &&
	    errno != EPERM) /* a leader already: the first process of its namespace */
		return err_sys(err, errno, "session");
	if (chdir(p->working_dir))
		return err_sys(err, errno, "working_dir = %s", p->working_dir);
	return 0;
}

int step_place_prove(const struct plan *p, struct err *err)
{
	char found[POLICY_PATH_SIZE];
	mode_t mask = umask((mode_t)p->umask);

	if (mask != (mode_t)p->umask)
		return err_set(err, EPERM, "umask is %o instead of %o", (unsigned int)mask,
			       p->umask);
	if (!getcwd(found, sizeof(found)) || !str_equal(found, p->working_dir))
		return err_set(err, EPERM, "working_dir is not %s", p->working_dir);
	return 0;
}

/* Attestation: what /proc says of the process itself. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "sandbox/attest_view.h"

int attest_ids(const struct attest_view *v, int argument)
{
	const struct process_status *s = &v->status;

	(void)argument;
	for (int i = 0; i < 4; i++)
		if (s->uid[i] != v->plan->uid || s->gid[i] != v->plan->gid)
			return err_set(v->err, EPERM, "ids are %u:%u instead of %u:%u", s->uid[i],
				       s->gid[i], v->plan->uid, v->plan->gid);
	if (s->group_count)
		return err_set(v->err, EPERM, "there are %u supplementary groups", s->group_count);
	return 0;
}

/* A program may drop what it was given: then the set is smaller. */
int attest_capabilities(const struct attest_view *v, int argument)
{
	const struct process_status *s = &v->status;
	const uint64_t sets[] = {s->cap_inh, s->cap_prm, s->cap_eff, s->cap_bnd, s->cap_amb};
	uint64_t planned = v->plan->caps;

	(void)argument;
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		if (v->live ? (sets[i] & ~planned) != 0 : sets[i] != planned)
			return err_set(v->err, EPERM,
				       "capabilities are not as planned: %" PRIx64
				       " instead of %" PRIx64,
				       sets[i], planned);
	return 0;
}

int attest_no_new_privs(const struct attest_view *v, int argument)
{
	(void)argument;
	return v->status.no_new_privs == 1 ? 0 : err_set(v->err, EPERM, "no_new_privs is off");
}

/* A program may put filters of its own over ours; the kernel takes the strictest answer. */
int attest_seccomp(const struct attest_view *v, int argument)
{
	const struct process_status *s = &v->status;
	bool enough = v->live ? s->seccomp_filters >= 1 : s->seccomp_filters == 1;

	(void)argument;
	if (s->seccomp == 2 && enough)
		return 0;
	return err_set(v->err, EPERM, "seccomp mode %u with %u filters instead of 2 with 1",
		       s->seccomp, s->seccomp_filters);
}

/* Set before the gate and inherited by what is executed: the kernel says so of either. */
int attest_apparmor(const struct attest_view *v, int argument)
{
	char found[128];
	char wanted[POLICY_PROFILE_SIZE + 16];
	ssize_t n;

	(void)argument;
	if (!v->plan->profile)
		return 0;
	n = attest_read(v, "attr/apparmor/current", found, sizeof(found));
	if (n < 0)
		return (int)n;
	found[strcspn(found, "\n")] = '\0';
	str_join(wanted, sizeof(wanted), v->plan->profile, " (enforce)", "");
	return str_equal(found, wanted)
		       ? 0
		       : err_set(v->err, EPERM, "apparmor: %s instead of %s", found, wanted);
}

/* Without a capability a program can lower its limits, and raise the soft one up to the hard. */
static bool is_within(const struct rlimit *have, const struct policy_rlimit *planned, bool live)
{
	if (live)
		return have->rlim_cur <= have->rlim_max && have->rlim_max <= planned->hard;
	return have->rlim_cur == planned->soft && have->rlim_max == planned->hard;
}

int attest_limits(const struct attest_view *v, int argument)
{
	(void)argument;
	for (int i = 0; i < POLICY_RLIMITS; i++) {
		struct rlimit have;

		if (prlimit(v->pid, i, NULL, &have))
			return err_sys(v->err, errno, "resource limit %d", i);
		if (!is_within(&have, &v->plan->rlimits[i], v->live))
			return err_set(v->err, EPERM, "resource limit %d is not as planned", i);
	}
	return 0;
}

static bool is_planned_fd(const struct plan *p, int number)
{
	if (number < 3)
		return true;
	if ((unsigned int)number < 3 + p->fd_count)
		return p->fds[number - 3] >= 0;
	return number >= plan_exec_number(p) && number <= plan_report_number(p);
}

static unsigned int planned_fds(const struct plan *p)
{
	unsigned int count = 3 + 3; /* the program's first ones; itself, the gate, the report */

	for (unsigned int i = 0; i < p->fd_count; i++)
		count += p->fds[i] >= 0;
	return count;
}

int attest_descriptors(const struct attest_view *v, int argument)
{
	unsigned int missing = planned_fds(v->plan);
	struct dirent *entry;
	DIR *dir;
	int fd;
	int r = 0;

	(void)argument;
	fd = openat(v->dir_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		r = err_sys(v->err, errno, "/proc/%d/fd", v->pid);
		fd_close(&fd);
		return r;
	}
	while ((entry = readdir(dir))) {
		uint64_t number;

		if (str_u64(entry->d_name, 0, INT32_MAX, &number))
			continue; /* . and .. */
		if (is_planned_fd(v->plan, (int)number))
			missing--;
		else
			r = err_set(v->err, EPERM, "descriptor %u leaked", (unsigned int)number);
	}
	(void)closedir(dir);
	if (!r && missing)
		r = err_set(v->err, EPERM, "%u of the planned descriptors are missing", missing);
	return r;
}

/* A program can make itself the sooner victim, never the later one. */
int attest_oom_score(const struct attest_view *v, int argument)
{
	char text[16];
	const char *digits = text;
	uint64_t value;
	int have;
	ssize_t n = attest_read(v, "oom_score_adj", text, sizeof(text));

	(void)argument;
	if (n < 0)
		return (int)n;
	text[n > 0 ? n - 1 : 0] = '\0'; /* the line end */
	digits += text[0] == '-';
	if (str_u64(digits, 0, 1000, &value))
		return err_set(v->err, EBADMSG, "/proc/%d/oom_score_adj cannot be understood",
			       v->pid);
	have = digits == text ? (int)value : -(int)value;
	if (v->live ? have >= v->plan->oom_score_adj : have == v->plan->oom_score_adj)
		return 0;
	return err_set(v->err, EPERM, "oom_score_adj is %d instead of %d", have,
		       v->plan->oom_score_adj);
}

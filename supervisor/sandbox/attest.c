#include "sandbox/attest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "sandbox/attest_view.h"
#include "sandbox/cgroup.h"

#define BORN   ATTEST_BORN
#define ALWAYS (ATTEST_BORN | ATTEST_LIVE)
/* Limits and the device filter are written and read back in the same start, by the launcher itself:
 * looking once more would cost every start and say nothing new. */
#define LIVE ATTEST_LIVE

/*
 * Guide: lines of the container hardening guide that the project makes real. CIS: Docker Benchmark
 * 1.6.0; programs/bartizan/cis.c has the numbers that no row here carries, and why.
 */
/* clang-format off */
const struct attest_row attest_rows[] = {
	{"user", ALWAYS, "63-87", "4.1 5.24", attest_ids, 0},
	{"capabilities", ALWAYS, "105-140", "5.4 5.5 5.23", attest_capabilities, 0},
	{"no-new-privileges", ALWAYS, "151, 455", "5.26 2.14", attest_no_new_privs, 0},
	{"seccomp", ALWAYS, "153", "5.22 2.17", attest_seccomp, 0},
	{"apparmor", ALWAYS, "152, 456", "5.2", attest_apparmor, 0},
	{"mount-namespace", ALWAYS, "217-252", "5.6", attest_namespace, NAMESPACE_MNT},
	{"pid-namespace", ALWAYS, "542", "5.16", attest_namespace, NAMESPACE_PID},
	{"network-namespace", ALWAYS, "158-166", "5.10 5.30", attest_namespace, NAMESPACE_NET},
	{"ipc-namespace", ALWAYS, "", "5.17", attest_namespace, NAMESPACE_IPC},
	{"uts-namespace", ALWAYS, "", "5.21", attest_namespace, NAMESPACE_UTS},
	{"cgroup-namespace", ALWAYS, "", "5.25", attest_namespace, NAMESPACE_CGROUP},
	{"user-namespace", ALWAYS, "558", "5.31 2.9", attest_namespace, NAMESPACE_USER},
	{"id-map", ALWAYS, "558", "5.31 2.9", attest_maps, 0},
	{"cgroup", ALWAYS, "266-317", "5.25 2.10", attest_cgroup, 0},
	{"read-only-root", ALWAYS, "217-234", "5.13", attest_root, 0},
	{"mounts", ALWAYS, "236-264", "5.6 5.32", attest_mounts, 0},
	{"propagation", ALWAYS, "236-252", "5.20", attest_propagation, 0},
	{"ulimits", ALWAYS, "316", "5.19 2.8", attest_limits, 0},
	{"descriptors", BORN, "", "", attest_descriptors, 0},
	{"oom-score", ALWAYS, "268", "", attest_oom_score, 0},
	{"memory", LIVE, "268-290", "5.11", attest_cgroup_limits, CGROUP_MEMORY},
	{"cpu", LIVE, "292-305", "5.12", attest_cgroup_limits, CGROUP_CPU},
	{"pids", LIVE, "307-314", "5.29", attest_cgroup_limits, CGROUP_PIDS},
	{"devices", LIVE, "418", "5.18", attest_devices, 0},
};
/* clang-format on */
const size_t attest_row_count = ARRAY_SIZE(attest_rows);

#define MOUNTINFO_SIZE 16384

ssize_t attest_read(const struct attest_view *v, const char *entry, char *text, size_t size)
{
	ssize_t n = fd_read_file(v->dir_fd, entry, text, size);

	return n < 0 ? err_sys(v->err, (int)-n, "/proc/%d/%s", v->pid, entry) : n;
}

static int read_all(struct attest_view *v)
{
	static char mounts[MOUNTINFO_SIZE];
	char text[4096];
	ssize_t n = attest_read(v, "status", text, sizeof(text));

	if (n < 0)
		return (int)n;
	if (process_status_parse(text, &v->status))
		return err_set(v->err, EBADMSG, "/proc/%d/status cannot be understood", v->pid);
	/* A probe shares the mount namespace that was proven when its service started. */
	mounts[0] = '\0';
	v->mounts = mounts;
	if (v->plan->join_pidfd >= 0)
		return 0;
	n = attest_read(v, "mountinfo", mounts, sizeof(mounts));
	return n < 0 ? (int)n : 0;
}

static int open_view(struct attest_view *v)
{
	char path[24];

	(void)snprintf(path, sizeof(path), "%d", v->pid);
	v->dir_fd = openat(v->proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	v->ns_fd = openat(v->dir_fd, "ns", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (v->dir_fd < 0 || v->ns_fd < 0)
		return err_sys(v->err, errno, "/proc/%d", v->pid);
	return read_all(v);
}

static void close_view(struct attest_view *v)
{
	fd_close(&v->dir_fd);
	fd_close(&v->ns_fd);
}

int sandbox_attest(int proc_fd, const struct plan *plan, const struct child *child,
		   unsigned int *proofs, struct err *err)
{
	struct attest_view view = {.proc_fd = proc_fd,
				   .dir_fd = -1,
				   .ns_fd = -1,
				   .plan = plan,
				   .pid = child->pid,
				   .err = err};
	unsigned int count = 0;
	int r = open_view(&view);

	for (size_t i = 0; i < attest_row_count && !r; i++) {
		if (!(attest_rows[i].when & ATTEST_BORN))
			continue;
		r = attest_rows[i].prove(&view, attest_rows[i].argument);
		count++;
	}
	close_view(&view);
	if (!r)
		*proofs = count;
	return r;
}

int sandbox_attest_live(int proc_fd, const struct plan *plan, pid_t pid,
			const struct attest_listener *listener, struct err *err)
{
	struct attest_view view = {.proc_fd = proc_fd,
				   .dir_fd = -1,
				   .ns_fd = -1,
				   .plan = plan,
				   .pid = pid,
				   .live = true,
				   .err = err};
	int r = open_view(&view);

	for (size_t i = 0; i < attest_row_count && !r; i++) {
		struct err found = {0};

		if (!(attest_rows[i].when & ATTEST_LIVE))
			continue;
		view.err = &found;
		listener->tell(listener->context, &attest_rows[i],
			       attest_rows[i].prove(&view, attest_rows[i].argument), &found);
	}
	close_view(&view);
	return r;
}

#ifndef SANDBOX_ATTEST_VIEW_H
#define SANDBOX_ATTEST_VIEW_H

#include <stdbool.h>

#include "sandbox/attest.h"
#include "sandbox/procfs_text.h"

/* What one attestation looks at: for the files attest_*.c. */
struct attest_view {
	int proc_fd; /* of the launcher */
	int dir_fd;  /* of the process in there, and its ns/: looked up once for all rows */
	int ns_fd;
	const struct plan *plan;
	pid_t pid;
	bool live;
	struct process_status status;
	const char *mounts; /* mountinfo */
	struct err *err;
};

/* Bytes of /proc/PID/@entry, or -errno with @err. */
ssize_t attest_read(const struct attest_view *v, const char *entry, char *text, size_t size);

/* attest_process.c */
int attest_ids(const struct attest_view *v, int argument);
int attest_capabilities(const struct attest_view *v, int argument);
int attest_no_new_privs(const struct attest_view *v, int argument);
int attest_seccomp(const struct attest_view *v, int argument);
int attest_apparmor(const struct attest_view *v, int argument);
int attest_limits(const struct attest_view *v, int argument);
int attest_descriptors(const struct attest_view *v, int argument);
int attest_oom_score(const struct attest_view *v, int argument);

/* attest_namespaces.c; the argument is one of these. */
enum attest_namespace {
	NAMESPACE_MNT,
	NAMESPACE_PID,
	NAMESPACE_NET,
	NAMESPACE_IPC,
	NAMESPACE_UTS,
	NAMESPACE_CGROUP,
	NAMESPACE_USER,
	NAMESPACES
};
int attest_namespace(const struct attest_view *v, int argument);
int attest_maps(const struct attest_view *v, int argument);

/* attest_mounts.c */
int attest_root(const struct attest_view *v, int argument);
int attest_mounts(const struct attest_view *v, int argument);
int attest_propagation(const struct attest_view *v, int argument);

/* attest_cgroup.c; the argument of limits is an enum cgroup_part. */
int attest_cgroup(const struct attest_view *v, int argument);
int attest_cgroup_limits(const struct attest_view *v, int argument);
int attest_devices(const struct attest_view *v, int argument);

#endif

#ifndef SANDBOX_PROCFS_TEXT_H
#define SANDBOX_PROCFS_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Two texts of procfs, for proofs: what the kernel says about a parked process. Strict: what is
 * missing or not of the known form is an error, never a value that happens to look right.
 */
struct process_status {
	uint32_t uid[4]; /* real, effective, saved, file system */
	uint32_t gid[4];
	uint32_t group_count;
	uint64_t cap_inh;
	uint64_t cap_prm;
	uint64_t cap_eff;
	uint64_t cap_bnd;
	uint64_t cap_amb;
	uint32_t no_new_privs;
	uint32_t seccomp;
	uint32_t seccomp_filters; /* since Linux 5.9 */
};

/* Of /proc/PID/status (proc_pid_status(5)). -EBADMSG: a field is missing, stands twice or is no
 * number. */
int process_status_parse(const char *text, struct process_status *status);

struct mount_line {
	uint32_t id;
	uint32_t parent;
	char root[128];    /* of the mount inside its file system */
	char point[128];   /* relative to the process's root; octal escapes are resolved */
	char options[128]; /* per mount: "ro,nosuid,nodev" */
	bool shared;       /* "shared:N" stands there: mounts made in it show elsewhere */
	char type[32];
	char super[256]; /* per file system */
};

/*
 * The next line of /proc/PID/mountinfo (proc_pid_mountinfo(5)) from *at, which moves on. 1: *line
 * is filled; 0: the end; -EBADMSG: not of that form, or a field is longer than its room.
 */
int mountinfo_next(const char **at, struct mount_line *line);

#endif

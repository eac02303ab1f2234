#ifndef SANDBOX_PLAN_H
#define SANDBOX_PLAN_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"
#include "policy/policy.h"

/*
 * Everything about one start, as plain data: what the steps apply, what they prove, what attest.c
 * compares the kernel's answers with. Services, their probes and the helpers differ in nothing but
 * their plans. Descriptors are borrowed from the launcher.
 */
#define PLAN_MOUNTS_MAX  32
#define PLAN_FDS_MAX     16
#define PLAN_ARGS_MAX    128
#define PLAN_DEVICES_MAX POLICY_DEVICES_MAX

/* A mount of the sandbox besides its root. */
struct plan_mount {
	int fd;      /* detached mount; -1: procfs of the new pid namespace, made by the child */
	bool pooled; /* stands in the mount namespace of the pool already; fd is -1 then */
	char path[POLICY_PATH_SIZE];
	uint32_t attributes;         /* MOUNT_*: all of them are proven */
	const char *type;            /* file system type that mountinfo must show */
	char root[POLICY_PATH_SIZE]; /* which part of that file system: "/" when empty */
};

/* A device node besides those that everybody has. */
struct plan_device {
	char name[POLICY_DEVICE_NAME]; /* below /dev */
	dev_t number;
	bool write;
};

/*
 * Namespaces that were set up when the service was configured and serve all its lives (pool.h);
 * -1: made anew by the clone.
 */
struct pool {
	int network_fd;
	int mounts_fd; /* a template: every life gets its own copy of it */
	int proc_fd;   /* procfs for the sysctls of these namespaces alone */
};
#define POOL_NONE ((struct pool){-1, -1, -1})

/* The limits of a service or helper; 0 = the kernel's default. */
struct cgroup_limits {
	uint64_t memory;
	uint64_t memory_high;
	uint64_t memory_low;
	uint64_t swap;
	uint32_t pids;
	uint32_t cpus_thousandths;
	uint32_t cpu_weight;
	char cpuset[64]; /* "0,2-3"; empty: all */
};

struct plan {
	/* Nothing is made or opened for it: it says what a life that runs must look like. */
	bool described;
	const char *name;
	const char *hostname;
	uint16_t subject;
	uint32_t generation;
	char cgroup[96];             /* below bartizan/, e.g. "services/web/3" */
	uint32_t stop_ms;            /* how long its end may take: for init's shutdown */
	int cgroup_fd;               /* the leaf */
	struct cgroup_limits limits; /* of the directory above the leaf */
	int join_pidfd; /* -1: new namespaces; else those of this process (health probe) */
	int join_pid;   /* the same process's pid, for the proof */

	uid_t uid;
	gid_t gid;
	int userns_fd;
	bool sees_root; /* uid 0 exists in the user namespace (userns.h) */
	int proc_fd;    /* the launcher's private procfs: for sysctls of the new namespaces */
	struct pool pool;
	bool filter_tried; /* sandbox_try_filter() saw this very filter bite before */

	int root_fd;  /* detached mount, becomes "/" */
	int image_fd; /* a mount of the same file system: what Landlock's rules for "/" name */
	const char *root_type;
	struct plan_mount mounts[PLAN_MOUNTS_MAX];
	unsigned int mount_count;

	struct plan_device devices[PLAN_DEVICES_MAX];
	unsigned int device_count;
	bool has_shm; /* /dev has a place for a mount at /dev/shm */
	bool has_log; /* /dev has a socket at /dev/log ... */
	int log_fd;   /* ... and this is our end of it, once /dev was made */

	uint32_t caps;  /* that the program holds, by the kernel's numbers */
	bool low_ports; /* any port may be bound */
	unsigned int sysctl_count;
	const char *sysctl_text; /* "kernel.msgmax=65536" strings, validated */
	struct policy_rlimit rlimits[POLICY_RLIMITS];
	uint32_t umask;
	const char *working_dir;
	int32_t oom_score_adj;
	bool mdwe;
	uint32_t landlock_abi; /* that the board declares; 0: none */
	int rules_fd;          /* made by the child */
	const char *profile;   /* of AppArmor; NULL: the board declares none, or a helper */
	int label_fd;          /* opened by the child */
	int ipc_fd;            /* likewise */

	const struct sock_filter *filter;
	uint16_t filter_count;

	int exec_fd;          /* the program: an ELF file */
	const char *program;  /* its path in the root, where the child opens it anew; NULL: it lies
				 outside */
	dev_t program_device; /* which file the launcher looked at; set by the step */
	ino_t program_inode;
	char *argv[PLAN_ARGS_MAX];
	char *envp[PLAN_ARGS_MAX];
	int stdio[3];
	int fds[PLAN_FDS_MAX]; /* become 3, 4, ...; -1: that number stays free */
	unsigned int fd_count;
};

/*
 * Where the program, the gate and the report are in the child: at and above the hard limit of open
 * files, where no number can exist after exec; filters allow execveat of exactly this number.
 */
static inline int plan_exec_number(const struct plan *p)
{
	return (int)p->rlimits[7 /* RLIMIT_NOFILE on every architecture we build for */].hard;
}

#endif

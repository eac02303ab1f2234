#ifndef BENCH_WORLD_H
#define BENCH_WORLD_H

#include "sandbox/child.h"
#include "sandbox/plan.h"
#include "seccomp/filter.h"

/*
 * What surrounds the sandbox code on a device, in as few lines as it takes: a parent that knows
 * every child before it may go on and reaps it (init), a root file system, a cgroup, a filter.
 */
struct world {
	int proc_fd;
	int cgroup_fd; /* own directory in the unified hierarchy */
	char cgroup[64];
	int null_fd;
	int image_fd;  /* detached: bin/true, dev, proc, tmp */
	int parent_fd; /* to the reaping parent */
	struct seccomp_filter filter;
};
extern struct world world;

/* Forks: the caller goes on in the child, the parent reaps until it ends and never returns. */
void world_split(void);
/* @program: path of the static true; @alone: with a root of its own, as small as the device's;
 * @filter: made before by world_write_filter(), as a device has it; NULL: made now. */
void world_open(const char *program, bool alone, const char *filter);
int world_write_filter(const char *path); /* 0 */
void world_close(void);

/* As init: its row, its acknowledgement. */
void world_announce(pid_t pid);
/* Until @pid has been reaped. */
void world_wait(pid_t pid);
unsigned long world_peak_kib(void); /* of the largest that was reaped */
uint64_t world_cpu_us(void);        /* of this process and of all that were reaped */

/* A fresh copy of the image's mount as a root; without a root of its own there is only the one. */
int world_root(void);
int world_leaf(const char *name);
void world_remove_leaf(const char *name);

_Noreturn void world_die(const char *what, const struct err *err);

#endif

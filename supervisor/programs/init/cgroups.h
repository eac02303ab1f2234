#ifndef INIT_CGROUPS_H
#define INIT_CGROUPS_H

#include "base/err.h"

struct children;

#define CGROUP_ROOT "/sys/fs/cgroup"
#define CGROUP_OURS CGROUP_ROOT "/bartizan"

/* The tree {init,helpers,services} with the board's controllers switched on down to where services
 * are made; init moves itself into its place. -errno. */
int cgroups_make(struct err *err);

/* SIGKILL for everything in a cgroup below CGROUP_OURS, at once and without a race (cgroup.kill,
 * since 5.14). -errno. */
int cgroup_kill(const char *cgroup);

/* Kill every populated leaf below services/ and helpers/ that no living child was announced for. */
void cgroups_kill_strays(struct children *children);

/* The launcher's cgroup of this generation, made anew because cgroup.kill may have marked the old
 * one; the old one is removed.
 * @name gets its place below CGROUP_OURS. -errno. */
int cgroups_launcher_leaf(unsigned int generation, char *name, unsigned int size);

#endif

#ifndef SANDBOX_STEP_H
#define SANDBOX_STEP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "sandbox/plan.h"

/*
 * One protection = one row: how it is applied and how the child proves at once that it holds. Rows
 * run in table order in the child, which is not yet the service; the first that fails ends the
 * start with its name, errno and reason. attest.c proves once more from outside, before the gate
 * opens.
 */
struct step {
	const char *name;
	bool create; /* row of a new sandbox */
	bool join;   /* row of a probe that joins the namespaces of its service */
	int (*apply)(struct plan *p, struct err *err);
	int (*prove)(const struct plan *p, struct err *err);
};

extern const struct step sandbox_steps[];
extern const size_t sandbox_step_count;

/* root.c */
/* The root with those mounts that every life shares, entered: for pool.c. */
int root_make_template(struct plan *p, struct err *err);
int step_program_apply(struct plan *p, struct err *err);
int step_program_prove(const struct plan *p, struct err *err);
int step_root_apply(struct plan *p, struct err *err);
int step_root_prove(const struct plan *p, struct err *err);
int step_join_apply(struct plan *p, struct err *err);
int step_join_prove(const struct plan *p, struct err *err);
/* mounts.c */
/* Mount what lasts (@pooled) or what is for one life; the working directory is the root. */
int mounts_attach_all(struct plan *p, bool pooled, struct err *err);
int step_mounts_apply(struct plan *p, struct err *err);
int step_mounts_prove(const struct plan *p, struct err *err);
/* Where @m is or will be mounted, below the working directory: O_PATH descriptor or -errno. */
int mounts_open_point(const struct plan_mount *m, struct err *err);
/* network.c */
int step_network_apply(struct plan *p, struct err *err);
int step_network_prove(const struct plan *p, struct err *err);
/* sysctls.c */
int step_ipc_apply(struct plan *p, struct err *err);
int step_ipc_prove(const struct plan *p, struct err *err);
/* network.c */
int step_hostname_apply(struct plan *p, struct err *err);
int step_hostname_prove(const struct plan *p, struct err *err);
/* limits.c */
int step_limits_apply(struct plan *p, struct err *err);
int step_limits_prove(const struct plan *p, struct err *err);
int step_place_apply(struct plan *p, struct err *err);
int step_place_prove(const struct plan *p, struct err *err);
/* descriptors.c */
int step_lift_apply(struct plan *p, struct err *err);
int step_descriptors_apply(struct plan *p, struct err *err);
int step_descriptors_prove(const struct plan *p, struct err *err);
/* identity.c */
int step_userns_apply(struct plan *p, struct err *err);
int step_userns_prove(const struct plan *p, struct err *err);
int step_privileges_apply(struct plan *p, struct err *err);
int step_privileges_prove(const struct plan *p, struct err *err);
int step_ids_apply(struct plan *p, struct err *err);
int step_ids_prove(const struct plan *p, struct err *err);
int step_capabilities_apply(struct plan *p, struct err *err);
int step_capabilities_prove(const struct plan *p, struct err *err);
/* landlock.c */
int step_rules_apply(struct plan *p, struct err *err);
int step_landlock_apply(struct plan *p, struct err *err);
int step_landlock_prove(const struct plan *p, struct err *err);
/* apparmor.c */
int step_label_apply(struct plan *p, struct err *err);
int step_apparmor_apply(struct plan *p, struct err *err);
int step_apparmor_prove(const struct plan *p, struct err *err);
/* filter.c */
int step_mdwe_apply(struct plan *p, struct err *err);
int step_mdwe_prove(const struct plan *p, struct err *err);
int step_filter_apply(struct plan *p, struct err *err);

#endif

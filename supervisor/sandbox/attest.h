#ifndef SANDBOX_ATTEST_H
#define SANDBOX_ATTEST_H

#include "base/err.h"
#include "sandbox/child.h"
#include "sandbox/plan.h"

/*
 * One row is one protection as the kernel shows it from outside: what is compared before the gate
 * opens, and what `bartizan check` reports of a service that runs. Report and behaviour cannot
 * disagree, because there is no second table.
 */
struct attest_view;

#define ATTEST_BORN 0x1u /* a child at its gate */
#define ATTEST_LIVE 0x2u /* a process that runs its program */

struct attest_row {
	const char *item;  /* name in reports: never changes */
	uint8_t when;      /* ATTEST_* */
	const char *guide; /* lines of the hardening guide, "" when none speaks of it */
	const char *cis;   /* numbers of the CIS Docker Benchmark 1.6, blanks between them */
	/* 0 or -EPERM with what differs; -errno when it cannot be read. */
	int (*prove)(const struct attest_view *v, int argument);
	int argument;
};

extern const struct attest_row attest_rows[];
extern const size_t attest_row_count;

/*
 * Read back from the kernel, from outside, what a parked child really is, and compare with its
 * plan: ids, groups, capability sets, no_new_privs, filter count, every namespace, cgroup, mounts
 * with their attributes, resource limits, user namespace maps, open descriptors. The child has no
 * say in it.
 * *@proofs counts what was compared. -EPERM with what differs; -errno when /proc cannot be read.
 */
int sandbox_attest(int proc_fd, const struct plan *plan, const struct child *child,
		   unsigned int *proofs, struct err *err);

/*
 * The same rows about @pid, which runs its program by @plan: @listener is told every row that
 * counts for it with the result of its proof. A process may have given up more than was planned; it
 * may not have more. -errno when /proc cannot be read at all; nothing was told then.
 */
struct attest_listener {
	void (*tell)(void *context, const struct attest_row *row, int result,
		     const struct err *err);
	void *context;
};
int sandbox_attest_live(int proc_fd, const struct plan *plan, pid_t pid,
			const struct attest_listener *listener, struct err *err);

#endif

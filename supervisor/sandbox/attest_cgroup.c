/* Attestation: the cgroup of the process, its limits and its filter of devices. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "sandbox/attest_view.h"
#include "sandbox/cgroup.h"

int attest_cgroup(const struct attest_view *v, int argument)
{
	char text[256];
	char wanted[160];
	ssize_t n = attest_read(v, "cgroup", text, sizeof(text));

	(void)argument;
	if (n < 0)
		return (int)n;
	(void)snprintf(wanted, sizeof(wanted), "0::/bartizan/%s\n", v->plan->cgroup);
	if (!str_equal(text, wanted))
		return err_set(v->err, EPERM, "the process is not in cgroup %s", v->plan->cgroup);
	return 0;
}

/* The limits lie on the directory that lasts, above the leaf of this life. */
static void parent_of(const struct plan *plan, char parent[96])
{
	char *slash;

	str_join(parent, 96, plan->cgroup, "", "");
	slash = strrchr(parent, '/');
	if (slash)
		*slash = '\0';
}

int attest_cgroup_limits(const struct attest_view *v, int argument)
{
	char parent[96];

	parent_of(v->plan, parent);
	return cgroup_hold(parent, &v->plan->limits, (enum cgroup_part)argument, v->err);
}

int attest_devices(const struct attest_view *v, int argument)
{
	char parent[96];

	(void)argument;
	parent_of(v->plan, parent);
	return cgroup_devices_hold(parent, v->plan, v->err);
}

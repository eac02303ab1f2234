#include <errno.h>
#include <grp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdio.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "sandbox/step.h"

/* NOROOT and NO_SETUID_FIXUP with their locks, KEEP_CAPS locked off, no ambient raise, locked:
 * capabilities(7), "The securebits flags". */
#define SECURE_BITS                                                                                \
	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |                           \
	 SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |   \
	 SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

int step_userns_apply(struct plan *p, struct err *err)
{
	if (setns(p->userns_fd, CLONE_NEWUSER))
		return err_sys(err, errno, "the user namespace cannot be entered");
	return 0;
}

/* The maps were written and read back when the namespace was made; entering it is proven by
 * attest.c through the namespace's inode. Here: it has no room for namespaces of its own. */
int step_userns_prove(const struct plan *p, struct err *err)
{
	static const char *const limits[] = {
		"sys/user/max_user_namespaces",  "sys/user/max_mnt_namespaces",
		"sys/user/max_net_namespaces",   "sys/user/max_pid_namespaces",
		"sys/user/max_ipc_namespaces",   "sys/user/max_uts_namespaces",
		"sys/user/max_cgroup_namespaces"};
	char found[32];

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		ssize_t n = fd_read_file(p->proc_fd, limits[i], found, sizeof(found));

		if (n < 0)
			return err_sys(err, (int)-n, "%s", limits[i]);
		if (found[0] != '0' || found[1] != '\n')
			return err_set(err, EPERM, "%s is not 0", limits[i]);
	}
	return 0;
}

int step_privileges_apply(struct plan *p, struct err *err)
{
	(void)p;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_sys(err, errno, "no_new_privs");
	for (cap_value_t c = 0; cap_get_bound(c) >= 0; c++)
		if (cap_drop_bound(c))
			return err_sys(err, errno, "bounding set, capability %d", c);
	if (prctl(PR_SET_SECUREBITS, SECURE_BITS, 0, 0, 0))
		return err_sys(err, errno, "securebits");
	return 0;
}

int step_privileges_prove(const struct plan *p, struct err *err)
{
	(void)p;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return err_set(err, EPERM, "no_new_privs is off");
	for (cap_value_t c = 0; cap_get_bound(c) >= 0; c++)
		if (cap_get_bound(c) != 0)
			return err_set(err, EPERM, "capability %d is in the bounding set", c);
	if (prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) != SECURE_BITS)
		return err_set(err, EPERM, "securebits are not locked");
	return 0;
}

int step_ids_apply(struct plan *p, struct err *err)
{
	if (setgroups(0, NULL))
		return err_sys(err, errno, "supplementary groups");
	if (setresgid(p->gid, p->gid, p->gid))
		return err_sys(err, errno, "gid %u", p->gid);
	if (setresuid(p->uid, p->uid, p->uid))
		return err_sys(err, errno, "uid %u", p->uid);
	return 0;
}

int step_ids_prove(const struct plan *p, struct err *err)
{
	uid_t u[3];
	gid_t g[3];

	if (getresuid(&u[0], &u[1], &u[2]) || getresgid(&g[0], &g[1], &g[2]))
		return err_sys(err, errno, "ids");
	for (int i = 0; i < 3; i++)
		if (u[i] != p->uid || g[i] != p->gid)
			return err_set(err, EPERM, "ids are not %u:%u", p->uid, p->gid);
	if (getgroups(0, NULL) != 0)
		return err_set(err, EPERM, "there are supplementary groups");
	/* The one-id map: there is no other id to become. */
	if (p->uid != 0 && !p->sees_root && (setuid(0) == 0 || errno != EINVAL))
		return err_set(err, EPERM, "uid 0 exists in the user namespace");
	return 0;
}

int step_capabilities_apply(struct plan *p, struct err *err)
{
	cap_t none = cap_init();
	int r = 0;

	(void)p;
	if (!none)
		return err_sys(err, errno, "capabilities");
	/* SECBIT_NO_SETUID_FIXUP kept them over setresuid(2): all sets go now, the ambient one
	 * first because it may not exceed the others. */
	if (cap_reset_ambient() || cap_set_proc(none))
		r = err_sys(err, errno, "capabilities cannot be dropped");
	(void)cap_free(none);
	return r;
}

int step_capabilities_prove(const struct plan *p, struct err *err)
{
	cap_t held = cap_get_proc();
	cap_t none = cap_init();
	int differ = held && none ? cap_compare(held, none) : -1;

	(void)cap_free(held);
	(void)cap_free(none);
	if (differ)
		return err_set(err, EPERM, "capabilities are left");
	for (cap_value_t c = 0; cap_get_ambient(c) >= 0; c++)
		if (cap_get_ambient(c) != 0)
			return err_set(err, EPERM, "ambient capability %d is left", c);
	/* Without CAP_SETUID even a uid that exists is out of reach. */
	if (p->sees_root && (setuid(0) == 0 || errno != EPERM))
		return err_set(err, EPERM, "uid 0 can be taken");
	return 0;
}

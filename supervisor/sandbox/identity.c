#include <errno.h>
#include <grp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "sandbox/step.h"

/* NOROOT and NO_SETUID_FIXUP with their locks, KEEP_CAPS locked off, no ambient raise, locked:
 * capabilities(7), "The securebits flags". */
#define SECURE_BITS                                                                                \
	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |                           \
	 SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |   \
	 SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

/* The last one of Linux 5.9: every kernel that we run on has it. */
#define CAP_LAST_KNOWN 40ul

int step_userns_apply(struct plan *p, struct err *err)
{
	if (setns(p->userns_fd, CLONE_NEWUSER))
		return err_sys(err, errno, "the user namespace cannot be entered");
	return 0;
}

/*
 * The maps are read back by attest.c, which also compares the namespace's inode. Here: it has no
 * room for namespaces of its own. Tried, not read, while this process still holds every capability
 * inside: ENOSPC is the answer of a limit of 0 and of nothing else (unshare(2)).
 */
int step_userns_prove(const struct plan *p, struct err *err)
{
	static const int kinds[] = {CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWNET,
				    CLONE_NEWPID,  CLONE_NEWUTS, CLONE_NEWCGROUP};
	char found[32];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (unshare(kinds[i]) == 0 || errno != ENOSPC)
			return err_set(err, EPERM, "a namespace of kind %x can be made inside",
				       (unsigned int)kinds[i]);
	/* Read, not tried: before it says no, the kernel waits until those that ended are freed. */
	if (fd_read_file(p->proc_fd, "sys/user/max_ipc_namespaces", found, sizeof(found)) < 0 ||
	    !str_equal(found, "0\n"))
		return err_set(err, EPERM, "an ipc namespace can be made inside");
	return 0;
}

int step_privileges_apply(struct plan *p, struct err *err)
{
	unsigned long c;

	(void)p;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_sys(err, errno, "no_new_privs");
	/* One call each, until the kernel knows no more of them: PR_CAPBSET_DROP(2const). */
	for (c = 0; prctl(PR_CAPBSET_DROP, c, 0, 0, 0) == 0; c++)
		;
	if (errno != EINVAL || c == 0)
		return err_sys(err, errno, "bounding set, capability %lu", c);
	if (prctl(PR_SET_SECUREBITS, SECURE_BITS, 0, 0, 0))
		return err_sys(err, errno, "securebits");
	return 0;
}

int step_privileges_prove(const struct plan *p, struct err *err)
{
	unsigned long c = 0;
	int held;

	(void)p;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return err_set(err, EPERM, "no_new_privs is off");
	while ((held = prctl(PR_CAPBSET_READ, c, 0, 0, 0)) == 0)
		c++;
	if (held > 0 || errno != EINVAL || c <= CAP_LAST_KNOWN)
		return err_set(err, EPERM, "capability %lu is in the bounding set", c);
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
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) || cap_set_proc(none))
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
	/* Ambient ones are none either: the kernel takes them away with the permitted ones
	 * (capabilities(7)), and attest.c reads all five sets. */
	/* Without CAP_SETUID even a uid that exists is out of reach. */
	if (p->sees_root && (setuid(0) == 0 || errno != EPERM))
		return err_set(err, EPERM, "uid 0 can be taken");
	return 0;
}

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

/* Only after the ambient set is what it shall be: these bits end every further raise. */
#define RAISE_BITS (SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

static bool keeps(const struct plan *p, unsigned long c)
{
	return c < 32 && p->caps >> c & 1;
}

static int early_bits(const struct plan *p)
{
	return p->caps ? SECURE_BITS & ~RAISE_BITS : SECURE_BITS;
}

int step_privileges_apply(struct plan *p, struct err *err)
{
	unsigned long c = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_sys(err, errno, "no_new_privs");
	/* One call each, until the kernel knows no more of them: PR_CAPBSET_DROP(2const). */
	while (prctl(keeps(p, c) ? PR_CAPBSET_READ : PR_CAPBSET_DROP, c, 0, 0, 0) >= 0)
		c++;
	if (errno != EINVAL || c == 0)
		return err_sys(err, errno, "bounding set, capability %lu", c);
	if (prctl(PR_SET_SECUREBITS, early_bits(p), 0, 0, 0))
		return err_sys(err, errno, "securebits");
	return 0;
}

int step_privileges_prove(const struct plan *p, struct err *err)
{
	unsigned long c = 0;
	int held;

	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return err_set(err, EPERM, "no_new_privs is off");
	while ((held = prctl(PR_CAPBSET_READ, c, 0, 0, 0)) == keeps(p, c))
		c++;
	if (held >= 0 || errno != EINVAL || c <= CAP_LAST_KNOWN)
		return err_set(err, EPERM, "capability %lu of the bounding set is not as planned",
			       c);
	if (prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) != early_bits(p))
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

/* What the program shall hold: in all three sets, or, for the moment, in the inheritable one beside
 * everything that is there. NULL: no memory. */
static cap_t make_caps(const struct plan *p, bool last)
{
	cap_t caps = last ? cap_init() : cap_get_proc();
	int r = 0;

	for (cap_value_t c = 0; caps && !r && c < 32; c++) {
		if (!keeps(p, (unsigned long)c))
			continue;
		r = cap_set_flag(caps, CAP_INHERITABLE, 1, &c, CAP_SET);
		if (!r && last)
			r = cap_set_flag(caps, CAP_EFFECTIVE, 1, &c, CAP_SET) |
			    cap_set_flag(caps, CAP_PERMITTED, 1, &c, CAP_SET);
	}
	if (r) {
		(void)cap_free(caps);
		return NULL;
	}
	return caps;
}

static int set_caps(const struct plan *p, bool last)
{
	cap_t caps = make_caps(p, last);
	int r = caps ? cap_set_proc(caps) : -1;

	(void)cap_free(caps);
	return r;
}

/* Only the ambient set survives the exec of a plain file (capabilities(7)). */
static int raise_ambient(const struct plan *p)
{
	int r = set_caps(p, false);

	for (unsigned long c = 0; !r && c < 32; c++)
		r = keeps(p, c) ? prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, c, 0, 0) : 0;
	return r ? r : prctl(PR_SET_SECUREBITS, SECURE_BITS, 0, 0, 0);
}

int step_capabilities_apply(struct plan *p, struct err *err)
{
	/* SECBIT_NO_SETUID_FIXUP kept them over setresuid(2): all sets go now, the ambient one
	 * first because it may not exceed the others. */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) ||
	    (p->caps && raise_ambient(p)) || set_caps(p, true))
		return err_sys(err, errno, "capabilities cannot be set");
	return 0;
}

int step_capabilities_prove(const struct plan *p, struct err *err)
{
	cap_t held = cap_get_proc();
	cap_t wanted = make_caps(p, true);
	int differ = held && wanted ? cap_compare(held, wanted) : -1;

	(void)cap_free(held);
	(void)cap_free(wanted);
	if (differ)
		return err_set(err, EPERM, "capabilities are not as planned");
	/* Ambient ones are no more than these: the kernel takes them away with the permitted ones
	 * (capabilities(7)), and attest.c reads all five sets. */
	if (p->caps && prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) != SECURE_BITS)
		return err_set(err, EPERM, "securebits are not locked");
	/* Without CAP_SETUID even a uid that exists is out of reach. */
	if (p->sees_root && (setuid(0) == 0 || errno != EPERM))
		return err_set(err, EPERM, "uid 0 can be taken");
	return 0;
}

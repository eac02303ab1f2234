/* Ids, capabilities and what guards them. */
#include "escape.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

static bool become_other(void)
{
	return CALL(setresuid, 12345, 12345, 12345) == 0;
}

static bool become_root(void)
{
	return CALL(setuid, 0) == 0;
}

static bool join_group(void)
{
	return CALL(setresgid, 0, 0, 0) == 0;
}

static bool more_groups(void)
{
	gid_t groups[1] = {0};

	return CALL(setgroups, 1, A(groups)) == 0;
}

static bool raise_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	data[0].effective = data[0].permitted = data[0].inheritable = 1u << CAP_SYS_ADMIN;
	return CALL(capset, A(&head), A(data)) == 0;
}

static bool raise_ambient(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (CALL(capget, A(&head), A(data)) == 0) {
		data[0].inheritable |= 1u << CAP_NET_RAW;
		(void)!syscall(SYS_capset, &head, data);
	}
	return CALL(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0) == 0;
}

static bool change_securebits(void)
{
	return CALL(prctl, PR_SET_SECUREBITS, 0, 0, 0, 0) == 0;
}

/* Would a program that gains privileges keep them? */
static bool new_privileges(void)
{
	if (CALL(prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0)
		return true;
	return CALL(prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
}

/* Is anything left in the bounding set? */
static bool bounding_set(void)
{
	for (long c = 0; c <= 40; c++)
		if (CALL(prctl, PR_CAPBSET_READ, c, 0, 0, 0) == 1)
			return true;
	return refused("prctl", EPERM);
}

/* A filter on top of the filter: the stricter answer counts. */
static bool filter_over(void)
{
	const struct {
		uint16_t code;
		uint8_t jt, jf;
		uint32_t k;
	} allow = {0x06, 0, 0, 0x7fff0000};
	const struct {
		uint16_t count;
		const void *code;
	} program = {1, &allow};

	(void)!syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (CALL(seccomp, 1, 0, A(&program)))
		return false;
	return CALL(unshare, CLONE_NEWUSER) == 0;
}

const struct attack privilege_attacks[] = {
	{"setresuid", become_other},
	{"setuid-root", become_root},
	{"setresgid", join_group},
	{"setgroups", more_groups},
	{"capset", raise_capabilities},
	{"ambient", raise_ambient},
	{"securebits", change_securebits},
	{"no-new-privs", new_privileges},
	{"bounding-set", bounding_set},
	{"filter-over", filter_over},
	{0},
};

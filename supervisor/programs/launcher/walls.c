#include <errno.h>

#include "policy/capabilities.h"
#include "policy/check.h"
#include "programs/launcher/launcher.h"
#include "sys/board.h"

/*
 * The walls behind the others, Landlock and AppArmor: what a service gets is decided by what the
 * board declares. That the kernel gives it was found at boot, or no service starts (init,
 * features.c); nothing is tried out here.
 */
#define APPARMOR "apparmor"

/* A capability must be allowed by the profile too: two of them, so that who has none has none. */
#define BUILTIN_NET POLICY_APPARMOR_BUILTIN "-net"

static int blame(const struct policy *p, const char *key, struct err *err)
{
	return policy_locate(p, policy_row(key), "service.ini", err);
}

int walls_check(const struct policy *p, struct err *err)
{
	if (p->landlock > board.landlock_abi) {
		(void)err_set(err, ENOTSUP, "%u: this board declares ABI %u", p->landlock,
			      board.landlock_abi);
		(void)err_hint(err, "leave it out: the service gets what the board declares");
		return blame(p, "landlock", err);
	}
	if (*p->apparmor && !board_declares_lsm(APPARMOR)) {
		(void)err_set(err, ENOTSUP, "%s: this board declares no AppArmor", p->apparmor);
		(void)err_hint(err, "leave it out: the service gets what the board declares");
		return blame(p, "apparmor", err);
	}
	return 0;
}

const char *walls_profile(const struct policy *p)
{
	if (!board_declares_lsm(APPARMOR))
		return NULL;
	if (*p->apparmor && !str_equal(p->apparmor, POLICY_APPARMOR_BUILTIN))
		return p->apparmor;
	return p->caps & POLICY_CAPS_HELD ? BUILTIN_NET : POLICY_APPARMOR_BUILTIN;
}

#include "sandbox/step.h"

#include "base/str.h"

/*
 * The order is part of the design (sandbox.md, launch order); why each row stands where it does:
 */
/* clang-format off */
const struct step sandbox_steps[] = {
	/* Descriptors that later rows use move out of the way of the numbers that the program gets. */
	{"lift", true, true, step_lift_apply, NULL},
	/* All namespaces of the service in one call, while the launcher's capabilities still hold. */
	{"join", false, true, step_join_apply, step_join_prove},
	/* Mounts are made by root of the initial user namespace: what is owned there cannot be undone inside. */
	{"root", true, false, step_root_apply, step_root_prove},
	/* Inside the new root: no path on the way to a mount point can lead to the device any more. */
	{"mounts", true, false, step_mounts_apply, step_mounts_prove},
	/* The launcher looked at the file; what runs is the same file, reached through the new root. */
	{"program", true, true, step_program_apply, step_program_prove},
	/* As root, which may search every directory of the image, and while the mounts are at hand. */
	{"rules", true, true, step_rules_apply, NULL},
	/* The file that "apparmor" writes, while it can be opened. */
	{"label", true, true, step_label_apply, NULL},
	{"hostname", true, false, step_hostname_apply, step_hostname_prove},
	/* Sysctls follow the writer's IPC namespace, which is new. */
	{"ipc", true, false, step_ipc_apply, step_ipc_prove},
	/* Sysctls follow the writer's network namespace, so the child itself writes them; before any byte of the image is reachable. */
	{"network", true, false, step_network_apply, step_network_prove},
	{"descriptors", true, true, step_descriptors_apply, step_descriptors_prove},
	{"limits", true, true, step_limits_apply, step_limits_prove},
	{"place", true, true, step_place_apply, step_place_prove},
	/* Last of the namespaces: mount, net, ipc, pid stay owned by the initial user namespace. */
	{"user namespace", true, true, step_userns_apply, step_userns_prove},
	/* Entering the user namespace refilled the bounding set: only now it can be emptied for good. */
	{"privileges", true, true, step_privileges_apply, step_privileges_prove},
	{"ids", true, true, step_ids_apply, step_ids_prove},
	{"capabilities", true, true, step_capabilities_apply, step_capabilities_prove},
	{"mdwe", true, true, step_mdwe_apply, step_mdwe_prove},
	/* After everything that opens files outside of the sandbox; needs no_new_privs. */
	{"landlock", true, true, step_landlock_apply, step_landlock_prove},
	/* After Landlock, whose sentinel it would refuse too; then only the filter and exec are left, which every profile allows. */
	{"apparmor", true, true, step_apparmor_apply, step_apparmor_prove},
	/* Last: everything above needs calls that the filter refuses. That it bites was tried before (sandbox_try_filter), without
	 * FLAG_LOG, so that no start looks like an attack in the audit trail; that it is there is read back from outside. */
	{"seccomp", true, true, step_filter_apply, NULL},
};
/* clang-format on */
const size_t sandbox_step_count = ARRAY_SIZE(sandbox_steps);

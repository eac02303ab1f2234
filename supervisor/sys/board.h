#ifndef SYS_BOARD_H
#define SYS_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * What is true of this board. toolchain/boardgen turns board/<name>/board.conf and modules into a C
 * file with `const struct board board` at build time, so that init reads no configuration file.
 */
struct board {
	const char *name;         /* "qemu-x86_64" */
	const char *command_line; /* /proc/cmdline must equal this byte for byte (its final newline
				     apart) */
	const char *console; /* "/dev/ttyS0": where init's lines go and, with CONFIG_CONSOLE, where
				the prompt is */
	const char *state_device; /* "/dev/vda", NULL: none */
	const char *watchdog;     /* "/dev/watchdog", NULL: none */
	uint32_t watchdog_timeout_s;
	const char *const *modules; /* absolute paths in load order, NULL-terminated */

	/* static uplink; interface NULL: none */
	const char *uplink_interface;
	const char *uplink_address; /* "10.0.2.15" */
	uint32_t uplink_prefix;     /* 24 */
	const char *uplink_gateway; /* may be NULL */

	/* What its kernel gives, at least: less than declared and no service starts
	 * (architecture.md, boot step 3). */
	uint32_t landlock_abi;          /* 0: not declared */
	const char *const *lsms;        /* names in /sys/kernel/security/lsm, NULL-terminated */
	const char *const *controllers; /* cgroup2 controllers, NULL-terminated */
	const char *const
		*namespaces; /* names below /proc/self/ns: "user" "net" ..., NULL-terminated */
	const char *const *harden_absent; /* rows of the harden table that this board's kernels lack
					     for another reason than age */
	bool lockdown;                    /* lockdown=integrity is wanted */
	uint64_t build_time_s;            /* SOURCE_DATE_EPOCH of the build: floor of the clock */
	const char *build;                /* version text of the build */
};

extern const struct board board;

/* Does it declare this Linux security module? What a service gets follows from this alone. */
static inline bool board_declares_lsm(const char *name)
{
	for (const char *const *lsm = board.lsms; *lsm; lsm++)
		if (str_equal(*lsm, name))
			return true;
	return false;
}

#endif

#ifndef INIT_BOOT_H
#define INIT_BOOT_H

#include "base/err.h"

struct init;

/* The steps of the boot, one file per concern. Each says in @err what is wrong, in words for the
 * console and the audit trail, and returns -errno; none needs another to have succeeded. */
int boot_mounts(struct init *init, struct err *err);
int boot_rings(struct init *init, struct err *err);
int boot_modules(struct init *init, struct err *err);
int boot_root(struct init *init, struct err *err);
int boot_watchdog(struct init *init, struct err *err);
int boot_state(struct init *init, struct err *err);
int boot_clock(struct init *init, struct err *err);
int boot_command_line(struct init *init, struct err *err);
int boot_features(struct init *init, struct err *err);
int boot_apparmor(struct init *init, struct err *err);
int boot_cgroups(struct init *init, struct err *err);
int boot_uplink(struct init *init, struct err *err);
int boot_harden(struct init *init, struct err *err);
int boot_limits(struct init *init, struct err *err);
int boot_read_only(struct init *init, struct err *err);

/* Open the console named by the board as 1 and 2; without it, init is silent. */
void boot_console(void);

#endif

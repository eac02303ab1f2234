#ifndef SYS_MACHINE_H
#define SYS_MACHINE_H

enum reboot_how { REBOOT_POWER_OFF, REBOOT_RESTART, REBOOT_HALT, REBOOT_HOW_COUNT };

/*
 * End this machine at once: nothing is synced or unmounted. reboot(2) is called by a child, because
 * the kernel ends the caller when the machine cannot be switched off (do_exit() after halt), and
 * PID 1 must not end. 0 when the child was made, else -errno.
 */
int reboot_by_child(enum reboot_how how);

/* Ctrl-alt-del is a SIGINT to PID 1 instead of an immediate restart. -errno of reboot(2). */
int reboot_disable_keys(void);

#endif

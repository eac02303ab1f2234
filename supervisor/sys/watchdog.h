#ifndef SYS_WATCHDOG_H
#define SYS_WATCHDOG_H

#include <stdint.h>

/*
 * Open the watchdog at @path, which starts it, and ask for @timeout_s seconds; *got_s is what the
 * hardware took. Returns the fd or -errno (-ENOENT: no such device). From now on the machine resets
 * unless watchdog_feed() is called in time: closing the descriptor without the magic byte does not
 * stop it (kernel: Documentation/watchdog/watchdog-api).
 */
int watchdog_open(const char *path, uint32_t timeout_s, uint32_t *got_s);

void watchdog_feed(int fd);

#endif

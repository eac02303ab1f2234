#ifndef LAUNCHER_DIAL_H
#define LAUNCHER_DIAL_H

#include "base/err.h"
#include "policy/policy.h"

/*
 * Begin a TCP connection to the collector, for the shipper, which may name no address itself. The
 * address is the device policy's and numeric. *fd is non-blocking and most likely still connecting.
 * -EDESTADDRREQ: no collector is configured; -EINVAL: not an address; else -errno of socket(2),
 * connect(2).
 */
int dial_collector(const struct device_syslog *syslog, uint32_t index, int *fd, struct err *err);

#endif

#ifndef NET_UPLINK_H
#define NET_UPLINK_H

#include <stdint.h>

#include "base/err.h"

/*
 * All act on the network namespace of the caller and wait for the kernel's answer (rtnetlink(7)).
 * Addresses are text as of inet_pton(3), IPv4 or IPv6. -EINVAL: not an address or prefix; -ENODEV:
 * no such interface; otherwise the kernel's -errno
 * (-EPERM without CAP_NET_ADMIN). What is already so is no error.
 */
int net_link_up(const char *interface, struct err *err);
int net_address_add(const char *interface, const char *address, uint32_t prefix, struct err *err);
int net_route_default(const char *interface, const char *gateway, struct err *err);

#endif

#ifndef POLICY_DEVICES_H
#define POLICY_DEVICES_H

#include <stdbool.h>

#include "base/err.h"
#include "policy/policy.h"

/* A device node that a service may have: a character device below /dev. */
struct policy_device {
	char name[POLICY_DEVICE_NAME]; /* below /dev: "ttyS1", "bus/usb/001" */
	bool write;
};

/* "/dev/ttyS1", "/dev/ttyS1:r", "/dev/ttyS1:rw" into @device. -EINVAL; -EPERM for those that no
 * service may have, whatever the device policy says. */
int policy_device_parse(const char *text, struct policy_device *device, struct err *err);

#endif

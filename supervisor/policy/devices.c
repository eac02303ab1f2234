#include "policy/devices.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

/* The launcher refuses by kind as well (block devices); names say it before anything runs. */
static const struct {
	const char *glob;
	const char *reason;
} never[] = {
	{"mem", "memory of the device"},
	{"kmem", "memory of the device"},
	{"port", "ports of the device"},
	{"kmsg", "the kernel's log is not a service's"},
	{"kvm", "virtual machines are not built in"},
	{"fuse", "file systems come from the signed image"},
	{"sd*", "block devices hold everybody's files"},
	{"vd*", "block devices hold everybody's files"},
	{"nvme*", "block devices hold everybody's files"},
	{"mmcblk*", "block devices hold everybody's files"},
	{"mtd*", "block devices hold everybody's files"},
	{"loop*", "block devices hold everybody's files"},
	{"dm-*", "block devices hold everybody's files"},
	{"ram*", "block devices hold everybody's files"},
	{"nbd*", "block devices hold everybody's files"},
	{"disk/*", "block devices hold everybody's files"},
	{"mapper/*", "block devices hold everybody's files"},
	{"watchdog*", "the watchdog is fed by init"},
	{"console", "the console is the operator's"},
	{"tty", "every service has it, without a terminal behind it"},
	{"ptmx", "pseudo-terminals are not built in"},
	{"pts/*", "pseudo-terminals are not built in"},
	{"uinput", "made-up input would be the operator's hands"},
	{"userfaultfd", "the filter refuses it anyway"},
	{"vfio/*", "hardware that writes memory by itself"},
	{"bus/*", "whole buses are not granted"},
	{"null", "every service has it"},
	{"zero", "every service has it"},
	{"full", "every service has it"},
	{"random", "every service has it"},
	{"urandom", "every service has it"},
};

static int check_name(const char *name, struct err *err)
{
	for (const char *at = name; *at; at++)
		if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
		      (*at >= '0' && *at <= '9') || strchr("-_/", *at))) {
			(void)err_set(err, EPERM, "holds a character other than a-z A-Z 0-9 - _ /");
			return err_hint(err, "one device per line; there are no wildcards");
		}
	if (!*name || name[0] == '/' || strstr(name, "//") || str_ends(name, "/"))
		return err_set(err, EINVAL, "not the path of a device below /dev");
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		if (str_glob(never[i].glob, name)) {
			(void)err_set(err, EPERM, "%s", never[i].reason);
			return err_hint(err, "no device policy can grant it");
		}
	return 0;
}

static int take_access(const char *access, struct policy_device *device)
{
	device->write =
		str_equal(access, "rw") || str_equal(access, "w") || str_equal(access, "rwm");
	return device->write || str_equal(access, "r") ? 0 : -EINVAL;
}

int policy_device_parse(const char *text, struct policy_device *device, struct err *err)
{
	char copy[POLICY_DEVICE_NAME + 16];
	char *colon;

	if (!str_starts(text, "/dev/") || str_copy(copy, sizeof(copy), text + 5))
		return err_set(err, EINVAL, "not the path of a device below /dev");
	*device = (struct policy_device){.write = true};
	colon = strchr(copy, ':');
	if (colon) {
		*colon++ = '\0';
		if (str_starts(colon, "/dev/"))
			return err_set(err, EINVAL, "a device keeps its name inside");
		if (take_access(colon, device))
			return err_set(err, EINVAL, "\"%s\" is neither r nor rw", colon);
	}
	if (str_copy(device->name, sizeof(device->name), copy))
		return err_set(err, EINVAL, "longer than %zu characters", sizeof(device->name) - 1);
	return check_name(device->name, err);
}

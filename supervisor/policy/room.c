#include "policy/room.h"

#include <errno.h>

#include "policy/check.h"
#include "policy/key.h"

static int say(const struct policy *policy, const char *key, uint64_t asked, const char *file,
	       struct err *err)
{
	char value[24] = "";
	struct text text = TEXT_IN(value);
	size_t row = policy_row(key);

	policy_print_size(&text, asked);
	(void)err_prefix(err, "%s", value);
	return policy_locate(policy, row, file, err);
}

static int check_memory(const struct policy *policy, const struct device_policy *device,
			const struct policy_room *room, const char *file, struct err *err)
{
	uint64_t usable =
		room->ram > device->memory_reserve ? room->ram - device->memory_reserve : 0;

	if (policy->memory > usable) {
		(void)err_set(err, E2BIG, "more than the device has: %llu MiB less memory_reserve",
			      (unsigned long long)(room->ram >> 20));
		return say(policy, "memory", policy->memory, file, err);
	}
	if (device->overcommit || room->memory + policy->memory <= usable)
		return 0;
	(void)err_set(err, E2BIG,
		      "with the other services' %llu MiB more than the device has: %llu MiB",
		      (unsigned long long)(room->memory >> 20), (unsigned long long)(usable >> 20));
	(void)err_hint(
		err,
		"ask for less; overcommit = yes in [device] of supervisor.conf lets them compete");
	return say(policy, "memory", policy->memory, file, err);
}

int policy_check_room(const struct policy *policy, const struct device_policy *device,
		      const struct policy_room *room, const char *file, struct err *err)
{
	int r = check_memory(policy, device, room, file, err);

	if (r)
		return r;
	if (policy->memory_reservation &&
	    room->reservation + policy->memory_reservation > room->ram / 2) {
		(void)err_set(err, E2BIG,
			      "with the other services' more than half of the device's memory");
		(void)err_hint(err, "what is reserved is taken from everybody else");
		return say(policy, "memory_reservation", policy->memory_reservation, file, err);
	}
	if (policy->cpus_thousandths > room->cpus * 1000u) {
		(void)err_set(err, E2BIG, "%u.%02u: the device has %u online",
			      policy->cpus_thousandths / 1000, policy->cpus_thousandths / 10 % 100,
			      room->cpus);
		return policy_locate(policy, policy_row("cpus"), file, err);
	}
	return 0;
}

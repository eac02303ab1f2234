#define POLICY_WITH_DOC
#include "policy/rows.h"

#include <errno.h>
#include <string.h>

/*
 * supervisor.conf of the verified firmware. [policy] grants to every service, [service NAME] to
 * one, with the same keys.
 */

/* clang-format off */
static const struct policy_key device_rows[] = {
#include "policy/rows_device.def"
};
static const struct policy_key syslog_rows[] = {
#include "policy/rows_syslog.def"
};
static const struct policy_key audit_rows[] = {
#include "policy/rows_audit.def"
};
static const struct policy_key policy_rows[] = {
#include "policy/rows_bounds.def"
#include "policy/rows_policy.def"
};
static const struct policy_key service_rows[] = {
#include "policy/rows_bounds.def"
#include "policy/rows_named.def"
};
/* clang-format on */

static const struct policy_refusal audit_refusals[] = {
	{"path", "the trail has its place on the state partition, which no service reaches",
	 "leave it out; bartizan events reads it"},
};

static void *open_device(void *root, const char *argument, struct err *err)
{
	(void)argument;
	(void)err;
	return root;
}

static void *open_bounds(void *root, const char *argument, struct err *err)
{
	struct device_policy *device = root;

	(void)argument;
	if (!device->service_count)
		return &device->bounds;
	(void)err_set(err, EINVAL,
		      "must stand before the first [service NAME], which inherits from it");
	return NULL;
}

static void *open_service(void *root, const char *argument, struct err *err)
{
	struct device_policy *device = root;
	struct device_service *row = &device->services[device->service_count];

	if (!str_is_name(argument)) {
		(void)err_set(err, EINVAL, "not a service name");
		return NULL;
	}
	if (policy_device_service(device, argument) ||
	    device->service_count == DEVICE_SERVICES_MAX) {
		(void)err_set(err, EINVAL, "named twice, or more than %d services",
			      DEVICE_SERVICES_MAX);
		return NULL;
	}
	row->bounds = device->bounds;
	row->start = true;
	memcpy(row->name, argument, strlen(argument));
	device->service_count++;
	return row;
}

/* clang-format off */
static const struct policy_section sections[] = {
	{.name = "device", .required = true, .keys = device_rows, .count = ARRAY_SIZE(device_rows), .open = open_device},
	{.name = "syslog", .keys = syslog_rows, .count = ARRAY_SIZE(syslog_rows), .open = open_device},
	{.name = "audit", .keys = audit_rows, .count = ARRAY_SIZE(audit_rows),
	 .refusals = audit_refusals, .refusal_count = ARRAY_SIZE(audit_refusals), .open = open_device},
	{.name = "policy", .keys = policy_rows, .count = ARRAY_SIZE(policy_rows), .open = open_bounds},
	{.name = "service", .named = true, .inherits = true, .keys = service_rows, .count = ARRAY_SIZE(service_rows),
	 .open = open_service},
};
/* clang-format on */

const struct policy_format policy_device_format = {.sections = sections,
						   .count = ARRAY_SIZE(sections)};

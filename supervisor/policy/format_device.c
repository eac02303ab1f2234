#define POLICY_WITH_DOC
#include "policy/rows.h"

#include <errno.h>
#include <string.h>

#include "audit/events.h"

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
static const struct policy_key monitor_rows[] = {
#include "policy/rows_monitor.def"
};
static const struct policy_key service_rows[] = {
/* The same rows in another table. NOLINTNEXTLINE(readability-duplicate-include) */
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

/* What the file does not say of a built-in rule stays as it is. */
static void *open_monitor(void *root, const char *argument, struct err *err)
{
	struct device_policy *device = root;
	struct monitor_rule *row = &device->monitors[device->monitor_count];

	if (!str_is_name(argument)) {
		(void)err_set(err, EINVAL, "not a name");
		return NULL;
	}
	for (uint32_t i = 0; i < device->monitor_count; i++)
		if (str_equal(device->monitors[i].name, argument)) {
			(void)err_set(err, EINVAL, "named twice");
			return NULL;
		}
	if (device->monitor_count == MONITOR_RULES_MAX) {
		(void)err_set(err, EINVAL, "more than %d rules", MONITOR_RULES_MAX);
		return NULL;
	}
	if (!monitor_builtin(argument, row))
		*row = (struct monitor_rule){.service = "*",
					     .on = MONITOR_ON_COUNT,
					     .severity = SEVERITY_WARNING,
					     .enabled = true};
	(void)str_copy(row->name, sizeof(row->name), argument);
	device->monitor_count++;
	return row;
}

/* A rule that is not built in says what it is about. */
static int finish_device(void *root, struct policy_culprit *culprit, struct err *err)
{
	const struct device_policy *device = root;

	(void)culprit;
	for (uint32_t i = 0; i < device->monitor_count; i++) {
		const struct monitor_rule *rule = &device->monitors[i];

		if (rule->on < MONITOR_ON_COUNT && *rule->match)
			continue;
		(void)err_set(err, EINVAL, "[monitor %s] is no built-in rule and has no %s",
			      rule->name, rule->on < MONITOR_ON_COUNT ? "match" : "on");
		return err_hint(err, "on = seccomp, match = ptrace");
	}
	return policy_check_collectors(&device->syslog, err);
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
	{.name = "monitor", .named = true, .inherits = true, .keys = monitor_rows, .count = ARRAY_SIZE(monitor_rows),
	 .open = open_monitor},
};
/* clang-format on */

const struct policy_format policy_device_format = {
	.sections = sections, .count = ARRAY_SIZE(sections), .finish = finish_device};

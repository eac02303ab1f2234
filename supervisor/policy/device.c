#include <errno.h>
#include <string.h>

#include "policy/check.h"
#include "policy/key.h"

/*
 * supervisor.conf of the verified firmware. [policy] grants to every service, [service NAME] to
 * one, with the same keys. The bound of a row that is itself a bound is that nobody is above the
 * device.
 */

#define DEVICE(member_) POLICY_FIELD(device_policy, member_)
#define BOUND(member_)  POLICY_FIELD(device_bounds, member_)

_Static_assert(offsetof(struct device_service, shared_text) ==
		       offsetof(struct device_service, shared) + sizeof(struct policy_words),
	       "pair");

#define OWNER           .limit = POLICY_LIMIT_FREE("the device's owner decides")
#define KIB             1024ULL
#define MIB             (1024 * KIB)
#define GIB             (1024 * MIB)

/* clang-format off */
static const struct policy_key device_keys[] = {
	{.section = "device", .name = "name", DEVICE(name), .type = &policy_type_host, .required = true, OWNER,
	 .help = "Host name of the device in its records."},
};

static const struct policy_key syslog_keys[] = {
	{.section = "syslog", .name = "address", DEVICE(syslog.address), .type = &policy_type_address, .required = true, OWNER,
	 .guide = "44", .help = "Collector: numeric, TLS only."},
	{.section = "syslog", .name = "name", DEVICE(syslog.name), .type = &policy_type_host, .required = true, OWNER,
	 .guide = "44", .help = "Name that the collector's certificate must carry."},
	{.section = "syslog", .name = "ca", DEVICE(syslog.ca), .type = &policy_type_file, .required = true, OWNER,
	 .guide = "44", .help = "CA certificates of the collector."},
	{.section = "syslog", .name = "cert", DEVICE(syslog.cert), .type = &policy_type_file, .required = true, OWNER,
	 .guide = "44", .help = "Certificate of this device."},
	{.section = "syslog", .name = "key", DEVICE(syslog.key), .type = &policy_type_file, .required = true, OWNER,
	 .guide = "44", .help = "Its private key."},
};

static const struct policy_key audit_keys[] = {
	{.section = "audit", .name = "max_size", DEVICE(audit_max_size), .type = &policy_type_size, .min = 64 * KIB, .max = GIB,
	 .dflt = "10m", OWNER, .guide = "46", .help = "Size of one segment of the audit trail."},
	{.section = "audit", .name = "max_file", DEVICE(audit_max_file), .type = &policy_type_count, .min = 2, .max = 1000,
	 .dflt = "8", OWNER, .guide = "46", .help = "Segments that are kept."},
};

#define BOUND_KEYS(section_) \
	{.section = section_, .name = "memory", BOUND(memory), .type = &policy_type_size, .min = 4 * MIB, .max = GIB * KIB, \
	 .dflt = "256m", OWNER, .guide = "31", .help = "Memory of one service at most."}, \
	{.section = section_, .name = "memory_swap", BOUND(memory_swap), .type = &policy_type_size, .min = 4 * MIB, \
	 .max = GIB * KIB, .dflt = "256m", OWNER, .guide = "32", .help = "Memory and swap of one service at most."}, \
	{.section = section_, .name = "memory_reservation", BOUND(memory_reservation), .type = &policy_type_size, \
	 .max = GIB * KIB, .dflt = "0", OWNER, .guide = "33", .help = "Memory that one service may keep from others."}, \
	{.section = section_, .name = "tmpfs", BOUND(tmpfs_size), .type = &policy_type_size, .max = GIB * KIB, .dflt = "64m", \
	 OWNER, .guide = "26", .help = "All tmpfs of one service together."}, \
	{.section = section_, .name = "volume", BOUND(volume_size), .type = &policy_type_size, .max = GIB * KIB, .dflt = "64m", \
	 OWNER, .guide = "27", .help = "All volumes of one service together."}, \
	{.section = section_, .name = "cpus", BOUND(cpus_thousandths), .type = &policy_type_cpus, .min = 10, .max = 1024000, \
	 .dflt = "1.0", OWNER, .guide = "34", .help = "Processors of one service at most."}, \
	{.section = section_, .name = "cpu_shares", BOUND(cpu_shares), .type = &policy_type_count, .min = 2, .max = 262144, \
	 .dflt = "1024", OWNER, .guide = "35", .help = "Weight of one service at most."}, \
	{.section = section_, .name = "pids_limit", BOUND(pids_limit), .type = &policy_type_count, .min = 1, .max = 4096, \
	 .dflt = "128", OWNER, .guide = "37", .help = "Processes and threads of one service at most."}, \
	{.section = section_, .name = "nofile", BOUND(nofile), .type = &policy_type_count, .min = 16, .max = 1048576, \
	 .dflt = "4096", OWNER, .guide = "38", .help = "Hard limit of open files at most."}, \
	{.section = section_, .name = "log_rate", BOUND(log_rate), .type = &policy_type_rate, .min = 1, .max = 100000, \
	 .dflt = "1000/s", OWNER, .guide = "79", .help = "Lines per second at most."}, \
	{.section = section_, .name = "log_burst", BOUND(log_burst), .type = &policy_type_count, .min = 1, .max = 1000000, \
	 .dflt = "5000", OWNER, .guide = "79", .help = "Lines at once at most."}, \
	{.section = section_, .name = "log_max_size", BOUND(log_max_size), .type = &policy_type_size, .min = 4 * KIB, .max = GIB, \
	 .dflt = "4m", OWNER, .guide = "46", .help = "Size of a log segment at most."}, \
	{.section = section_, .name = "log_max_file", BOUND(log_max_file), .type = &policy_type_count, .min = 1, .max = 100, \
	 .dflt = "8", OWNER, .guide = "46", .help = "Log segments at most."}, \
	{.section = section_, .name = "stop_timeout", BOUND(stop_timeout_ms), .type = &policy_type_time, .max = 600000, \
	 .dflt = "30s", OWNER, .guide = "69", .help = "Time to stop at most."}, \
	{.section = section_, .name = "allow_jit", BOUND(allow_jit), .type = &policy_type_flag, .dflt = "no", OWNER, \
	 .guide = "80", .help = "mdwe = no is granted."}, \
	{.section = section_, .name = "allow_moby", BOUND(allow_moby), .type = &policy_type_flag, .dflt = "no", OWNER, \
	 .guide = "11", .help = "Docker's own filter is granted (when it is built in)."}

static const struct policy_key bound_keys[] = {BOUND_KEYS("policy")};
static const struct policy_key service_keys[] = {
	BOUND_KEYS("service"),
	{.section = "service", .name = "image_digest", POLICY_FIELD(device_service, has_digest), .type = &policy_type_digest, OWNER,
	 .guide = "2", .help = "Pins the root hash of the one image that may run."},
	{.section = "service", .name = "start", POLICY_FIELD(device_service, start), .type = &policy_type_flag, .dflt = "yes", OWNER,
	 .guide = "70", .help = "Started at boot; otherwise by command."},
	{.section = "service", .name = "shared_volume", .offset = offsetof(struct device_service, shared),
	 .width = sizeof(struct policy_words) + DEVICE_SHARED_BYTES, .type = &policy_type_shared, .many = true, OWNER,
	 .guide = "30", .help = "A volume that crosses services, named here and in the section of its owner."},
};
/* clang-format on */

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
	{.name = "device", .required = true, .keys = device_keys, .count = ARRAY_SIZE(device_keys), .open = open_device},
	{.name = "syslog", .keys = syslog_keys, .count = ARRAY_SIZE(syslog_keys), .open = open_device},
	{.name = "audit", .keys = audit_keys, .count = ARRAY_SIZE(audit_keys), .open = open_device},
	{.name = "policy", .keys = bound_keys, .count = ARRAY_SIZE(bound_keys), .open = open_bounds},
	{.name = "service", .named = true, .inherits = true, .keys = service_keys, .count = ARRAY_SIZE(service_keys),
	 .open = open_service},
};
/* clang-format on */

const struct policy_format policy_device_format = {.sections = sections,
						   .count = ARRAY_SIZE(sections)};

const struct device_service *policy_device_service(const struct device_policy *device,
						   const char *name)
{
	for (uint32_t i = 0; i < device->service_count && i < DEVICE_SERVICES_MAX; i++)
		if (str_equal(device->services[i].name, name))
			return &device->services[i];
	return NULL;
}

#define POLICY_WITH_DOC
#include "policy/rows.h"

#include <string.h>

/* service.ini. */

/* clang-format off */
static const struct policy_key image_rows[] = {
#include "policy/rows_image.def"
};

static const struct policy_key service_rows[] = {
#include "policy/rows_service.def"
};

#define LATER(name_) {.name = name_, .reason = "not built in yet", .hint = "leave it out; nothing replaces it silently"}
#define HOST_NAMESPACE(name_) {.name = name_, .reason = "every service has namespaces of its own", .hint = "leave it out"}

static const struct policy_refusal refusals[] = {
	{"privileged", "no service is privileged", "name what it needs"},
	HOST_NAMESPACE("pid"), HOST_NAMESPACE("ipc"), HOST_NAMESPACE("uts"), HOST_NAMESPACE("userns"), HOST_NAMESPACE("cgroupns"),
	HOST_NAMESPACE("net"),
	{"image", "an image holds its own service file", "the device policy may pin image_digest"},
	{"image_digest", "an image cannot contain its own digest", "it belongs to [service NAME] of supervisor.conf"},
	{"entrypoint", "there is one command", "command = /path/to/program arguments"},
	{"args", "arguments belong to the program", "command = /path/to/program arguments"},
	{"jit", "written as mdwe = no", "the device must allow it: allow_jit = yes"},
	{"security_opt", "each protection has its own key", "seccomp =, mdwe ="},
	{"mem_limit", "written as memory", "memory = 64m"},
	{"memory_limit", "written as memory", "memory = 64m"},
	{"cpu_quota", "written as cpus", "cpus = 0.5"},
	{"cpu_period", "written as cpus", "cpus = 0.5"},
	{"healthcheck", "written as health_cmd", "health_cmd = /path/to/probe"},
	{"use_api_socket", "the control socket is never inside a service", "leave it out"},
	{"mount", "each kind of mount has its own key", "tmpfs =, volume ="},
	{"volumes", "one value per line", "volume = app-data:/data:ro"},
	{"workdir", "written as working_dir", "working_dir = /path"},
	{"oom_kill_disable", "memory is a limit", "raise memory if the device allows"},
	{"oom_score_adj", "order of killing is the device's", "leave it out"},
	LATER("secret"), LATER("publish"), LATER("egress"), LATER("sockets"), LATER("sysctl"),
	LATER("cpuset_cpus"), LATER("apparmor"), LATER("landlock"), LATER("log_driver"), LATER("log_tag"), LATER("init"),
	LATER("standby"), LATER("critical"), LATER("shm_size"), LATER("devices"), LATER("device"), LATER("device_log"),
	LATER("isolation"), LATER("runtime"), LATER("time_source"), LATER("sysfs"), LATER("proc"), LATER("sys"),
	LATER("cpu_weight"),
};
/* clang-format on */

static void *open_policy(void *root, const char *argument, struct err *err)
{
	(void)argument;
	(void)err;
	return root;
}

static void close_service(void *base, const uint16_t lines[POLICY_KEYS_MAX])
{
	struct policy *policy = base;

	memcpy(policy->lines, lines, sizeof(policy->lines));
}

/* clang-format off */
static const struct policy_section manifest_sections[] = {
	{.name = "image", .required = true, .keys = image_rows, .count = ARRAY_SIZE(image_rows),
	 .open = open_policy},
	{.name = "service", .required = true, .keys = service_rows, .count = ARRAY_SIZE(service_rows),
	 .refusals = refusals, .refusal_count = ARRAY_SIZE(refusals), .open = open_policy,
	 .close = close_service},
};
/* clang-format on */

const struct policy_format policy_service_format = {
	.sections = manifest_sections,
	.count = 2,
	.finish = policy_resolve,
};
const struct policy_format policy_input_format = {
	.sections = manifest_sections + 1,
	.count = 1,
	.finish = policy_resolve,
};

const struct policy_key *policy_key_find(const struct policy_key *keys, size_t count,
					 const char *name)
{
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(keys[i].name);

		if (str_equal(keys[i].name, name))
			return &keys[i];
		if (keys[i].name[length - 1] == '.' && strncmp(keys[i].name, name, length) == 0 &&
		    name[length])
			return &keys[i];
	}
	return NULL;
}

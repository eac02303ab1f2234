#include "policy/key.h"

#include <string.h>

#include "policy/check.h"
#include "policy/resolve.h"

/*
 * The options of service.ini. The order is that of reports and of the reference; a row's `limit`
 * says how the device bounds it, and a row without one does not compile (POLICY_REASON).
 */

#define IMAGE(member_)   .section = "image", POLICY_FIELD(policy, member_)
#define SERVICE(member_) .section = "service", POLICY_FIELD(policy, member_)
#define PAIR(first, second)                                                                        \
	.section = "service", .offset = offsetof(struct policy, first),                            \
	.width = sizeof(((struct policy *)0)->first) + sizeof(((struct policy *)0)->second)
#define NOTHING .section = "service"
#define KIB     1024ULL
#define MIB     (1024 * KIB)
#define GIB     (1024 * MIB)
#define SECOND  1000ULL
#define MINUTE  (60 * SECOND)
#define HOUR    (60 * MINUTE)

_Static_assert(offsetof(struct policy, argv) ==
		       offsetof(struct policy, command) + sizeof(struct policy_words),
	       "pair");
_Static_assert(offsetof(struct policy, environment) ==
		       offsetof(struct policy, env) + sizeof(struct policy_words),
	       "pair");
_Static_assert(offsetof(struct policy, health_argv) ==
		       offsetof(struct policy, health) + sizeof(struct policy_words),
	       "pair");
_Static_assert(offsetof(struct policy, label_text) ==
		       offsetof(struct policy, labels) + sizeof(struct policy_words),
	       "pair");

static const char *const arch_words[ARCH_COUNT] = {"x86_64", "aarch64", "armv7", "riscv64"};
static const char *const seccomp_words[] = {"builtin:strict"};
static const char *const ready_words[READY_COUNT] = {"exec"};
static const char *const overflow_words[OVERFLOW_COUNT] = {"drop", "block"};
static const char *const facility_words[] = {
	"kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
	"uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock",
	"local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7",
};

/* clang-format off */
const struct policy_key policy_image_keys[] = {
	{.name = "name", IMAGE(name), .type = &policy_type_name, .required = true,
	 .limit = POLICY_LIMIT_LAUNCHER("compared with the name under which the image lies"),
	 .guide = "1", .help = "Image and service name; what --name of `bartizan image build` said."},
	{.name = "version", IMAGE(version), .type = &policy_type_version, .required = true,
	 .limit = POLICY_LIMIT_FREE("for people; what may run is decided by epoch and signature"),
	 .guide = "3", .help = "Version of the content."},
	{.name = "epoch", IMAGE(epoch), .type = &policy_type_count, .required = true, .min = 0, .max = UINT32_MAX,
	 .limit = POLICY_LIMIT_LAUNCHER("compared with the device's floor for the name"),
	 .guide = "3", .help = "Raised when older images must not run any more."},
	{.name = "arch", IMAGE(arch), .type = &policy_type_word, .required = true, .max = ARCH_COUNT - 1, .words = arch_words,
	 .limit = POLICY_LIMIT_LAUNCHER("compared with the device's architecture"),
	 .guide = "1", .help = "Architecture of the programs inside."},
	{.name = "compatible", IMAGE(compatible), .type = &policy_type_board,
	 .limit = POLICY_LIMIT_LAUNCHER("compared with the board's name"),
	 .guide = "1", .help = "Board the image is made for; any board of the architecture without it."},
};

const struct policy_key policy_service_keys[] = {
	{.name = "command", PAIR(command, argv), .type = &policy_type_command, .required = true,
	 .limit = POLICY_LIMIT_FREE("runs programs of the signed image only"),
	 .guide = "1", .help = "Program and arguments; an absolute path, split on spaces, nothing is expanded."},
	{.name = "env", PAIR(env, environment), .type = &policy_type_env, .many = true,
	 .limit = POLICY_LIMIT_FREE("seen by the service alone; loader variables are refused by the type"),
	 .guide = "41", .help = "Environment variable. A service gets these and no others."},
	{.name = "working_dir", SERVICE(working_dir), .type = &policy_type_path, .dflt = "/",
	 .limit = POLICY_LIMIT_FREE("a directory of the service's own root"),
	 .guide = "75", .help = "Directory the program starts in."},
	{.name = "hostname", SERVICE(hostname), .type = &policy_type_host,
	 .limit = POLICY_LIMIT_FREE("shown in the service's own uts namespace"),
	 .guide = "67", .help = "Host name inside; the service's name without it."},
	{.name = "umask", SERVICE(umask), .type = &policy_type_octal, .max = 0777, .dflt = "0077",
	 .limit = POLICY_LIMIT_FREE("modes of files in the service's own tmpfs"),
	 .guide = "75", .help = "File creation mask."},
	{.name = "user", SERVICE(uid), .type = &policy_type_user, .min = 10000, .max = 59999,
	 .limit = POLICY_LIMIT_LAUNCHER("the launcher refuses an id that another name has"),
	 .guide = "6", .help = "Pins uid and gid; without it the launcher gives the name an id of its own and keeps it."},

	{.name = "memory", SERVICE(memory), .type = &policy_type_size, .min = 4 * MIB, .max = GIB * KIB, .dflt = "64m",
	 .limit = POLICY_LIMIT_MAX(memory, "memory of the device"),
	 .guide = "31", .help = "Memory; above it the whole service is killed."},
	{.name = "memory_high", SERVICE(memory_high), .type = &policy_type_size, .min = 1 * MIB, .max = GIB * KIB,
	 .limit = POLICY_LIMIT_FREE("never above memory, which is bounded"),
	 .guide = "33", .help = "Above it the service is slowed down and must reclaim; 90 % of memory without it."},
	{.name = "memory_swap", SERVICE(memory_swap), .type = &policy_type_size, .min = 4 * MIB, .max = GIB * KIB,
	 .limit = POLICY_LIMIT_MAX(memory_swap, "memory and swap of the device together"),
	 .guide = "32", .help = "Memory and swap in all, as Docker counts; without it memory, which means no swap."},
	{.name = "memory_reservation", SERVICE(memory_reservation), .type = &policy_type_size, .max = GIB * KIB, .dflt = "0",
	 .limit = POLICY_LIMIT_MAX(memory_reservation, "memory that others may not take back"),
	 .guide = "33", .help = "Memory that is not reclaimed for others (memory.low)."},
	{.name = "cpus", SERVICE(cpus_thousandths), .type = &policy_type_cpus, .min = 10, .max = 1024000, .dflt = "1.0",
	 .limit = POLICY_LIMIT_MAX(cpus_thousandths, "processor time of the device"),
	 .guide = "34", .help = "Processors at most, in hundredths."},
	{.name = "cpu_shares", SERVICE(cpu_shares), .type = &policy_type_count, .min = 2, .max = 262144, .dflt = "1024",
	 .limit = POLICY_LIMIT_MAX(cpu_shares, "weight against other services"),
	 .guide = "35", .help = "Weight against others when the processors are busy."},
	{.name = "pids_limit", SERVICE(pids_limit), .type = &policy_type_count, .min = 1, .max = 4096, .dflt = "64",
	 .limit = POLICY_LIMIT_MAX(pids_limit, "process table of the device"),
	 .guide = "37", .help = "Processes and threads at most."},
	{.name = "ulimit", SERVICE(rlimits), .type = &policy_type_ulimit, .many = true,
	 .limit = POLICY_LIMIT_CHECK(LIMIT_MAX, policy_check_nofile, "open files are kernel memory of the device"),
	 .guide = "38", .help = "Resource limit. Without it core=0, nofile=1024:4096, nproc=pids_limit, memlock=64k."},
	{.name = "tmpfs", SERVICE(tmpfs), .type = &policy_type_tmpfs, .many = true,
	 .limit = POLICY_LIMIT_CHECK(LIMIT_MAX, policy_check_tmpfs, "memory of the device, all mounts together"),
	 .guide = "26", .help = "Writable memory at a path; rw,noexec,nosuid,nodev; 8m or a quarter of memory without size."},
	{.name = "volume", SERVICE(volumes), .type = &policy_type_volume, .many = true,
	 .limit = POLICY_LIMIT_CHECK(LIMIT_MAX, policy_check_volumes, "room on the state disk; sharing needs the word of both sides"),
	 .guide = "27", .help = "A directory that outlives the service, at a path: NAME:/data, read-only without rw; nosuid,nodev,noexec; 16m without size."},

	{.name = "seccomp", SERVICE(seccomp), .type = &policy_type_word, .max = SECCOMP_STRICT, .words = seccomp_words,
	 .dflt = "builtin:strict",
	 .limit = POLICY_LIMIT_CHECK(LIMIT_SUBSET, policy_check_seccomp, "wider filters need the device's word"),
	 .guide = "11", .help = "System call filter. Other profiles are not built in yet."},
	{.name = "mdwe", SERVICE(mdwe), .type = &policy_type_flag, .dflt = "yes",
	 .limit = POLICY_LIMIT_CHECK(LIMIT_SUBSET, policy_check_jit, "writable code needs the device's word"),
	 .guide = "80", .help = "Memory is never both writable and executable; no is for JIT compilers."},
	{.name = "read_only", NOTHING, .type = &policy_type_implied, .dflt = "yes",
	 .limit = POLICY_LIMIT_FREE("the root is a signed read-only file system; write to a tmpfs"),
	 .guide = "25", .help = "The root file system is always read-only."},
	{.name = "no_new_privs", NOTHING, .type = &policy_type_implied, .dflt = "yes",
	 .limit = POLICY_LIMIT_FREE("no program of a service may gain privileges"),
	 .guide = "10", .help = "Always on."},
	{.name = "cap_drop", NOTHING, .type = &policy_type_implied, .dflt = "ALL",
	 .limit = POLICY_LIMIT_FREE("all capabilities are dropped, so there is none to name"),
	 .guide = "8", .help = "All capabilities are always dropped."},
	{.name = "cap_add", NOTHING, .type = &policy_type_cap_add, .many = true,
	 .limit = POLICY_LIMIT_FREE("nothing can be added in this build"),
	 .guide = "9", .help = "No capability can be had yet; each name is refused with its reason."},
	{.name = "network", NOTHING, .type = &policy_type_implied, .dflt = "none",
	 .limit = POLICY_LIMIT_FREE("networks are not built in yet; loopback is there"),
	 .guide = "17", .help = "A network namespace of its own with nothing but loopback."},

	{.name = "restart", SERVICE(restart), .type = &policy_type_restart, .min = 1, .max = 100, .dflt = "on-failure:5",
	 .limit = POLICY_LIMIT_FREE("delays grow, and after the last try the service rests 10 minutes"),
	 .guide = "53", .help = "Restart after a failure, with growing delay; then failed, retried every 10 minutes."},
	{.name = "ready", SERVICE(ready), .type = &policy_type_word, .max = READY_COUNT - 1, .words = ready_words, .dflt = "exec",
	 .limit = POLICY_LIMIT_FREE("only moves the moment at which dependants start"),
	 .guide = "71", .help = "When the service counts as started."},
	{.name = "stop_signal", SERVICE(stop_signal), .type = &policy_type_signal, .dflt = "TERM",
	 .limit = POLICY_LIMIT_FREE("sent to the service alone; SIGKILL follows"),
	 .guide = "69", .help = "Signal that asks the program to end."},
	{.name = "stop_timeout", SERVICE(stop_timeout_ms), .type = &policy_type_time, .min = 0, .max = 10 * MINUTE, .dflt = "10s",
	 .limit = POLICY_LIMIT_MAX(stop_timeout_ms, "how long a shutdown may take"),
	 .guide = "69", .help = "Time to end by itself before it is killed."},
	{.name = "depends_on", SERVICE(depends), .type = &policy_type_depends, .many = true,
	 .limit = POLICY_LIMIT_FREE("waits for others and never starts one"),
	 .guide = "70", .help = "Starts after another service, and stops before it."},
	{.name = "health_cmd", PAIR(health, health_argv), .type = &policy_type_command,
	 .limit = POLICY_LIMIT_FREE("runs in the service's own sandbox and limits"),
	 .guide = "52", .help = "Program run inside the sandbox now and then; exit status 0 is healthy."},
	{.name = "health_interval", SERVICE(health_interval_ms), .type = &policy_type_time, .min = SECOND, .max = 24 * HOUR,
	 .dflt = "30s", .limit = POLICY_LIMIT_FREE("probes run one at a time within the service's own limits"),
	 .guide = "52", .help = "Time between two probes."},
	{.name = "health_timeout", SERVICE(health_timeout_ms), .type = &policy_type_time, .min = 100, .max = HOUR, .dflt = "5s",
	 .limit = POLICY_LIMIT_FREE("at most health_interval"),
	 .guide = "52", .help = "A probe that takes longer has failed."},
	{.name = "health_start_period", SERVICE(health_start_period_ms), .type = &policy_type_time, .max = HOUR, .dflt = "0",
	 .limit = POLICY_LIMIT_FREE("only the service's own health is judged later"),
	 .guide = "52", .help = "Failed probes do not count during this time after the start."},
	{.name = "health_retries", SERVICE(health_retries), .type = &policy_type_count, .min = 1, .max = 100, .dflt = "3",
	 .limit = POLICY_LIMIT_FREE("only the service's own health is judged later"),
	 .guide = "52", .help = "Failures in a row until the service is unhealthy and restarted."},

	{.name = "log_rate", SERVICE(log_rate), .type = &policy_type_rate, .min = 1, .max = 100000, .dflt = "1000/s",
	 .limit = POLICY_LIMIT_MAX(log_rate, "lines per second of the recorder"),
	 .guide = "79", .help = "Lines of output per second."},
	{.name = "log_burst", SERVICE(log_burst), .type = &policy_type_count, .min = 1, .max = 1000000, .dflt = "5000",
	 .limit = POLICY_LIMIT_MAX(log_burst, "lines the recorder takes at once"),
	 .guide = "79", .help = "Lines that may come at once."},
	{.name = "overflow", SERVICE(log_overflow), .type = &policy_type_word, .max = OVERFLOW_COUNT - 1, .words = overflow_words,
	 .dflt = "drop", .limit = POLICY_LIMIT_FREE("block stops nobody but the service itself"),
	 .guide = "79", .help = "What happens to lines above the rate: counted and dropped, or the service waits."},
	{.name = "log_max_size", SERVICE(log_max_size), .type = &policy_type_size, .min = 4 * KIB, .max = GIB, .dflt = "1m",
	 .limit = POLICY_LIMIT_MAX(log_max_size, "room on the state disk"),
	 .guide = "46", .help = "Size of one log segment."},
	{.name = "log_max_file", SERVICE(log_max_file), .type = &policy_type_count, .min = 1, .max = 100, .dflt = "3",
	 .limit = POLICY_LIMIT_MAX(log_max_file, "room on the state disk"),
	 .guide = "46", .help = "Log segments that are kept."},
	{.name = "log_facility", SERVICE(log_facility), .type = &policy_type_word, .max = 23, .words = facility_words,
	 .dflt = "daemon", .limit = POLICY_LIMIT_FREE("a number in the service's own records"),
	 .guide = "44", .help = "Syslog facility of the output (RFC 5424, table 1)."},
	{.name = "label.", PAIR(labels, label_text), .type = &policy_type_label, .many = true,
	 .limit = POLICY_LIMIT_FREE("text for people; decides nothing"),
	 .guide = "48", .help = "label.NAME = VALUE: shown by ps and inspect."},
};

#define LATER(name_) {.name = name_, .reason = "not built in yet", .hint = "leave it out; nothing replaces it silently"}
#define HOST_NAMESPACE(name_) {.name = name_, .reason = "every service has namespaces of its own", .hint = "leave it out"}

const struct policy_refusal policy_service_refusals[] = {
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
	{"mount", "each kind of mount has its own key", "tmpfs =, volume =, secret ="},
	{"volumes", "one value per line", "volume = app-data:/data:ro"},
	{"workdir", "written as working_dir", "working_dir = /path"},
	{"oom_kill_disable", "memory is a limit", "raise memory if the device allows"},
	{"oom_score_adj", "order of killing is the device's", "leave it out"},
	LATER("secret"), LATER("publish"), LATER("egress"), LATER("sockets"), LATER("sysctl"),
	LATER("cpuset_cpus"), LATER("apparmor"), LATER("landlock"), LATER("log_driver"), LATER("log_tag"), LATER("init"),
	LATER("standby"), LATER("critical"), LATER("shm_size"), LATER("devices"), LATER("device"), LATER("device_log"),
	LATER("isolation"), LATER("runtime"), LATER("time_source"), LATER("sysfs"), LATER("proc"), LATER("sys"),
	LATER("seccomp_arch"), LATER("cpu_weight"),
};
/* clang-format on */

const size_t policy_image_key_count = ARRAY_SIZE(policy_image_keys);
const size_t policy_service_key_count = ARRAY_SIZE(policy_service_keys);
const size_t policy_service_refusal_count = ARRAY_SIZE(policy_service_refusals);

_Static_assert(ARRAY_SIZE(policy_service_keys) <= 8 * sizeof(((struct policy *)0)->set),
	       "set is too small");

static void *open_policy(void *root, const char *argument, struct err *err)
{
	(void)argument;
	(void)err;
	return root;
}

static void close_service(void *base, const uint64_t seen[2])
{
	struct policy *policy = base;

	memcpy(policy->set, seen, sizeof(policy->set));
}

/* clang-format off */
static const struct policy_section manifest_sections[] = {
	{.name = "image", .required = true, .keys = policy_image_keys, .count = ARRAY_SIZE(policy_image_keys),
	 .open = open_policy},
	{.name = "service", .required = true, .keys = policy_service_keys, .count = ARRAY_SIZE(policy_service_keys),
	 .refusals = policy_service_refusals, .refusal_count = ARRAY_SIZE(policy_service_refusals), .open = open_policy,
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

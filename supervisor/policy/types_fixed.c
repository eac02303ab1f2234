#include <errno.h>
#include <string.h>

#include "policy/key.h"

/* Keys whose value is settled: written down by people who know them from elsewhere, and refused
 * when they ask for less. */

int policy_parse_implied(const struct policy_key *key, const char *value, void *base,
			 struct err *err)
{
	(void)base;
	if (str_equal(value, key->words[0]))
		return 0;
	(void)err_set(err, EPERM, "this is always %s", key->words[0]);
	return err_hint(err, "%s", key->limit.reason);
}

static bool print_implied(const struct policy_key *key, const void *base, unsigned int index,
			  struct text *out)
{
	(void)base;
	if (index)
		return false;
	text_add(out, key->words[0]);
	return true;
}

const struct policy_type policy_type_implied = {
	.syntax = "the one value",
	.print = print_implied,
};

#define ONE_UID         "a service has one uid: there is nothing this would apply to"
#define OTHER_NAMESPACE "only works in the initial user namespace, where no service is"

static const struct {
	const char *name;
	const char *reason;
	const char *hint;
} capabilities[] = {
	{"NET_BIND_SERVICE", "networks are not built in, so there is no port to bind",
	 "network = none is the default"},
	{"NET_RAW", "networks are not built in", "network = none is the default"},
	{"NET_ADMIN", "networks are not built in", "network = none is the default"},
	{"SYS_NICE", "priorities are not built in", "cpus and cpu_shares divide the processor"},
	{"CHOWN", ONE_UID, "files are created with the service's own uid"},
	{"DAC_OVERRIDE", ONE_UID, "give the files the right mode in the image"},
	{"DAC_READ_SEARCH", ONE_UID, "give the files the right mode in the image"},
	{"FOWNER", ONE_UID, ""},
	{"FSETID", ONE_UID, ""},
	{"SETUID", ONE_UID, "user = UID:GID pins the uid"},
	{"SETGID", ONE_UID, "user = UID:GID pins the gid"},
	{"SETPCAP", "every capability set is empty", ""},
	{"KILL", ONE_UID, "signals to the service's own processes need no capability"},
	{"SYS_PTRACE", ONE_UID, ""},
	{"SYS_TIME", "never works in a user namespace", ""},
	{"SYS_CHROOT", "a root of its own is what every service has", ""},
	{"IPC_LOCK", OTHER_NAMESPACE, "ulimit = memlock=BYTES"},
	{"SYS_RESOURCE", OTHER_NAMESPACE, "ulimit raises single limits"},
	{"MKNOD", OTHER_NAMESPACE, ""},
	{"SYSLOG", OTHER_NAMESPACE, ""},
	{"BPF", OTHER_NAMESPACE, ""},
	{"PERFMON", OTHER_NAMESPACE, ""},
	{"IPC_OWNER", OTHER_NAMESPACE, ""},
	{"AUDIT_WRITE", OTHER_NAMESPACE, "what a service prints is recorded"},
	{"AUDIT_CONTROL", OTHER_NAMESPACE, ""},
	{"AUDIT_READ", OTHER_NAMESPACE, ""},
	{"BLOCK_SUSPEND", OTHER_NAMESPACE, ""},
	{"CHECKPOINT_RESTORE", OTHER_NAMESPACE, ""},
	{"LEASE", OTHER_NAMESPACE, ""},
	{"LINUX_IMMUTABLE", OTHER_NAMESPACE, ""},
	{"MAC_ADMIN", OTHER_NAMESPACE, ""},
	{"MAC_OVERRIDE", OTHER_NAMESPACE, ""},
	{"NET_BROADCAST", "not used by the kernel", ""},
	{"SETFCAP", ONE_UID, ""},
	{"SYS_ADMIN", "is root by another name", ""},
	{"SYS_BOOT", "the device is switched off by its operator", ""},
	{"SYS_MODULE", "modules are loaded at boot and then no more", ""},
	{"SYS_PACCT", OTHER_NAMESPACE, ""},
	{"SYS_RAWIO", "raw access to hardware is root by another name", ""},
	{"SYS_TTY_CONFIG", OTHER_NAMESPACE, ""},
	{"WAKE_ALARM", OTHER_NAMESPACE, ""},
	{"ALL", "every capability at once is root by another name", "name what the service needs"},
};

/* "cap_net_raw" -> "NET_RAW"; -EINVAL when it is too long to be one. */
static int capability_name(const char *value, char *name, size_t size)
{
	int r = str_copy(name, size, value);

	if (r)
		return -EINVAL;
	for (char *at = name; *at; at++)
		if (*at >= 'a' && *at <= 'z')
			*at = (char)(*at - 'a' + 'A');
	if (str_starts(name, "CAP_"))
		memmove(name, name + 4, strlen(name + 4) + 1);
	return 0;
}

/* No capability can be had in this build; each name says why. The accepted ones of sandbox.md come
 * with networks and priorities. */
int policy_parse_cap_add(const struct policy_key *key, const char *value, void *base,
			 struct err *err)
{
	char name[32];

	(void)key;
	(void)base;
	if (capability_name(value, name, sizeof(name)))
		return err_set(err, EINVAL, "not the name of a capability");
	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++) {
		if (!str_equal(name, capabilities[i].name))
			continue;
		(void)err_set(err, EPERM, "%s", capabilities[i].reason);
		return err_hint(err, "%s", capabilities[i].hint);
	}
	return err_set(err, EINVAL, "not the name of a capability");
}

static bool print_nothing(const struct policy_key *key, const void *base, unsigned int index,
			  struct text *out)
{
	(void)key;
	(void)base;
	(void)index;
	(void)out;
	return false;
}

const struct policy_type policy_type_cap_add = {
	.syntax = "none: every capability is dropped",
	.print = print_nothing,
};

#include <errno.h>
#include <string.h>

#include "policy/capabilities.h"
#include "policy/key.h"

/* cap_add and cap_drop. */

#define ONE_UID         "a service has one uid: there is nothing this would apply to"
#define OTHER_NAMESPACE "only works in the initial user namespace, where no service is"

static const struct {
	const char *name;
	const char *reason;
	const char *hint;
} capabilities[] = {
	{"CHOWN", ONE_UID, "files are created with the service's own uid"},
	{"DAC_OVERRIDE", ONE_UID, "give the files the right mode in the image"},
	{"DAC_READ_SEARCH", ONE_UID, "give the files the right mode in the image"},
	{"FOWNER", ONE_UID, "files are created with the service's own uid"},
	{"FSETID", ONE_UID, "no set-user-id program can be in an image"},
	{"SETUID", ONE_UID, "user = UID:GID pins the uid"},
	{"SETGID", ONE_UID, "user = UID:GID pins the gid"},
	{"SETPCAP", "the sets are locked before the program starts", "cap_add lists what it gets"},
	{"KILL", ONE_UID, "signals to the service's own processes need no capability"},
	{"SYS_PTRACE", ONE_UID, "debug on the build host"},
	{"SYS_TIME", "never works in a user namespace",
	 "time_source = yes in [service NAME] of supervisor.conf"},
	{"SYS_CHROOT", "a root of its own is what every service has", "leave it out"},
	{"IPC_LOCK", OTHER_NAMESPACE, "ulimit = memlock=BYTES"},
	{"SYS_RESOURCE", OTHER_NAMESPACE, "ulimit = NAME=SOFT:HARD raises single limits"},
	{"MKNOD", OTHER_NAMESPACE, "devices = /dev/NAME"},
	{"SYSLOG", OTHER_NAMESPACE, "kernel messages go to the audit trail"},
	{"BPF", OTHER_NAMESPACE, "leave it out"},
	{"PERFMON", OTHER_NAMESPACE, "leave it out"},
	{"IPC_OWNER", OTHER_NAMESPACE, "leave it out"},
	{"AUDIT_WRITE", OTHER_NAMESPACE, "what a service prints is recorded"},
	{"AUDIT_CONTROL", OTHER_NAMESPACE, "leave it out"},
	{"AUDIT_READ", OTHER_NAMESPACE, "leave it out"},
	{"BLOCK_SUSPEND", OTHER_NAMESPACE, "leave it out"},
	{"CHECKPOINT_RESTORE", OTHER_NAMESPACE, "leave it out"},
	{"LEASE", OTHER_NAMESPACE, "leave it out"},
	{"LINUX_IMMUTABLE", OTHER_NAMESPACE, "leave it out"},
	{"MAC_ADMIN", OTHER_NAMESPACE, "leave it out"},
	{"MAC_OVERRIDE", OTHER_NAMESPACE, "leave it out"},
	{"NET_BROADCAST", "not used by the kernel", "leave it out"},
	{"SETFCAP", ONE_UID, "no file of an image has capabilities"},
	{"SYS_ADMIN", "is root by another name", "name what the service needs"},
	{"SYS_BOOT", "the device is switched off by its operator", "leave it out"},
	{"SYS_MODULE", "modules are loaded at boot and then no more",
	 "list it in the board's modules"},
	{"SYS_PACCT", OTHER_NAMESPACE, "leave it out"},
	{"SYS_RAWIO", "raw access to hardware is root by another name", "devices = /dev/NAME"},
	{"SYS_TTY_CONFIG", OTHER_NAMESPACE, "leave it out"},
	{"WAKE_ALARM", OTHER_NAMESPACE, "leave it out"},
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

/* What can be had, and what it becomes (sandbox.md, "What a capability does here"). */
static const struct {
	const char *name;
	uint32_t bit;
} granted[] = {
	{"NET_BIND_SERVICE", POLICY_CAP_NET_BIND_SERVICE},
	{"NET_ADMIN", POLICY_CAP_NET_ADMIN},
	{"NET_RAW", POLICY_CAP_NET_RAW},
	{"SYS_NICE", POLICY_CAP_SYS_NICE},
};

static int refuse(const char *name, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++) {
		if (!str_equal(name, capabilities[i].name))
			continue;
		(void)err_set(err, EPERM, "%s", capabilities[i].reason);
		return err_hint(err, "%s", capabilities[i].hint);
	}
	(void)err_set(err, EINVAL, "not the name of a capability");
	return err_hint(err, "capabilities(7) lists them; NET_BIND_SERVICE is one");
}

int policy_parse_cap_add(const struct policy_key *key, const char *value, void *base,
			 struct err *err)
{
	uint64_t had = policy_number(key, base);
	char name[32];

	if (capability_name(value, name, sizeof(name)))
		return refuse("", err);
	for (size_t i = 0; i < ARRAY_SIZE(granted); i++) {
		if (!str_equal(name, granted[i].name))
			continue;
		if (had & granted[i].bit)
			return err_set(err, EEXIST, "is listed twice");
		policy_number_set(key, base, had | granted[i].bit);
		return 0;
	}
	return refuse(name, err);
}

static bool print_cap_add(const struct policy_key *key, const void *base, unsigned int index,
			  struct text *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(granted); i++) {
		if (!(policy_number(key, base) & granted[i].bit) || index-- > 0)
			continue;
		text_add(out, granted[i].name);
		return true;
	}
	return false;
}

static int valid_cap_add(const struct policy_key *key, const void *base, struct err *err)
{
	if (policy_number(key, base) & ~(uint64_t)POLICY_CAPS_ALL)
		return err_set(err, EBADMSG, "%s holds what cannot be had", key->name);
	return 0;
}

const struct policy_type policy_type_cap_add = {
	.syntax = "NET_BIND_SERVICE NET_RAW NET_ADMIN or SYS_NICE",
	.print = print_cap_add,
	.valid = valid_cap_add,
};

/* cap_drop: all are dropped, so single names would say that others are left. */
int policy_parse_cap_drop(const struct policy_key *key, const char *value, void *base,
			  struct err *err)
{
	(void)key;
	(void)base;
	if (str_equal(value, "ALL") || str_equal(value, "all"))
		return 0;
	(void)err_set(err, EPERM, "all are dropped, so there is none to name");
	return err_hint(err, "cap_drop = ALL, or leave it out");
}

static bool print_cap_drop(const struct policy_key *key, const void *base, unsigned int index,
			   struct text *out)
{
	(void)key;
	(void)base;
	if (index)
		return false;
	text_add(out, "ALL");
	return true;
}

const struct policy_type policy_type_cap_drop = {.syntax = "ALL", .print = print_cap_drop};

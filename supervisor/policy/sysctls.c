#include "policy/sysctls.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

#define MOST 0x7fffffffu

/* clang-format off */
static const struct policy_sysctl sysctls[] = {
	{"kernel.shm_rmid_forced", SYSCTL_IPC, 1, 1, 1},
	{"kernel.msgmax", SYSCTL_IPC, 1, 0, 1 << 20},
	{"kernel.msgmnb", SYSCTL_IPC, 1, 0, 1 << 20},
	{"kernel.msgmni", SYSCTL_IPC, 1, 0, 32768},
	{"kernel.sem", SYSCTL_IPC, 4, 0, 1 << 20},
	{"kernel.shmall", SYSCTL_IPC, 1, 0, MOST},
	{"kernel.shmmax", SYSCTL_IPC, 1, 0, MOST},
	{"kernel.shmmni", SYSCTL_IPC, 1, 0, 32768},
	{"fs.mqueue.msg_max", SYSCTL_IPC, 1, 1, 4096},
	{"fs.mqueue.msg_default", SYSCTL_IPC, 1, 1, 4096},
	{"fs.mqueue.msgsize_max", SYSCTL_IPC, 1, 128, 1 << 20},
	{"fs.mqueue.msgsize_default", SYSCTL_IPC, 1, 128, 1 << 20},
	{"fs.mqueue.queues_max", SYSCTL_IPC, 1, 0, 1024},
	{"net.core.somaxconn", SYSCTL_NET, 1, 0, 65535},
	{"net.ipv4.ip_forward", SYSCTL_NET, 1, 0, 0},
	{"net.ipv4.conf.all.forwarding", SYSCTL_NET, 1, 0, 0},
	{"net.ipv4.conf.all.accept_redirects", SYSCTL_NET, 1, 0, 0},
	{"net.ipv4.conf.all.send_redirects", SYSCTL_NET, 1, 0, 0},
	{"net.ipv4.conf.all.route_localnet", SYSCTL_NET, 1, 0, 0},
	{"net.ipv4.conf.all.rp_filter", SYSCTL_NET, 1, 1, 1},
	{"net.ipv4.conf.default.rp_filter", SYSCTL_NET, 1, 1, 1},
	{"net.ipv6.conf.all.forwarding", SYSCTL_NET, 1, 0, 0},
	{"net.ipv6.conf.all.accept_redirects", SYSCTL_NET, 1, 0, 0},
	{"net.ipv4.ip_default_ttl", SYSCTL_NET, 1, 1, 255},
	{"net.ipv4.ip_local_port_range", SYSCTL_NET, 2, 1024, 65535},
	{"net.ipv4.ping_group_range", SYSCTL_NET, 2, 10000, 59999},
	{"net.ipv4.tcp_fin_timeout", SYSCTL_NET, 1, 1, 600},
	{"net.ipv4.tcp_keepalive_intvl", SYSCTL_NET, 1, 1, 32767},
	{"net.ipv4.tcp_keepalive_probes", SYSCTL_NET, 1, 1, 127},
	{"net.ipv4.tcp_keepalive_time", SYSCTL_NET, 1, 1, 32767},
	{"net.ipv4.tcp_max_syn_backlog", SYSCTL_NET, 1, 1, 65535},
	{"net.ipv4.tcp_retries1", SYSCTL_NET, 1, 1, 255},
	{"net.ipv4.tcp_retries2", SYSCTL_NET, 1, 1, 255},
	{"net.ipv4.tcp_syn_retries", SYSCTL_NET, 1, 1, 127},
	{"net.ipv4.tcp_syncookies", SYSCTL_NET, 1, 1, 2},
	{"net.ipv4.tcp_tw_reuse", SYSCTL_NET, 1, 0, 2},
};

static const struct {
	const char *start; /* of the name */
	const char *reason;
	const char *hint;
} refused[] = {
	{"kernel.hostname", "has a key of its own", "hostname = NAME"},
	{"kernel.domainname", "has no use here", "leave it out"},
	{"net.ipv4.ip_unprivileged_port_start", "has a word of its own", "cap_add = NET_BIND_SERVICE"},
	{"kernel.", "is not held by a namespace: it would change the whole device", "only kernel.msg* sem shm* can be set"},
	{"fs.", "is not held by a namespace: it would change the whole device", "only fs.mqueue.* can be set"},
	{"vm.", "is not held by a namespace: it would change the whole device", "memory limits are keys: memory, memory_high"},
	{"user.", "every limit of namespaces is 0 in a service", "leave it out"},
	{"net.", "is not a setting that a service may have", "the reference lists those that it may"},
};
/* clang-format on */

static const struct policy_sysctl *find(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++)
		if (strlen(sysctls[i].name) == length &&
		    strncmp(sysctls[i].name, name, length) == 0)
			return &sysctls[i];
	return NULL;
}

static void refuse(const char *name, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		if (!str_starts(name, refused[i].start))
			continue;
		(void)err_set(err, EPERM, "%s", refused[i].reason);
		(void)err_hint(err, "%s", refused[i].hint);
		return;
	}
	(void)err_set(err, EINVAL, "is not a kernel setting");
	(void)err_hint(err, "sysctl.kernel.msgmax = 65536");
}

/* As many numbers as the row says, one space between two; the kernel answers with tabs. */
static bool is_value(const struct policy_sysctl *row, const char *value)
{
	char text[64];
	char *at = text;

	if (str_copy(text, sizeof(text), value))
		return false;
	for (unsigned int i = 0; i < row->count; i++) {
		char *space = strchr(at, ' ');
		uint64_t number;

		if ((space != NULL) != (i + 1u < row->count))
			return false;
		if (space)
			*space = '\0';
		if (str_u64(at, row->min, row->max, &number))
			return false;
		at = space ? space + 1 : at;
	}
	return true;
}

const struct policy_sysctl *policy_sysctl_check(const char *pair, struct err *err)
{
	const char *equals = strchr(pair, '=');
	const struct policy_sysctl *row = equals ? find(pair, (size_t)(equals - pair)) : NULL;

	if (!row) {
		refuse(pair, err);
		return NULL;
	}
	if (is_value(row, equals + 1))
		return row;
	if (row->min == row->max)
		(void)err_set(err, EPERM, "this is always %u", row->min);
	else
		(void)err_set(err, EINVAL, "not %u number%s from %u to %u", row->count,
			      row->count == 1 ? "" : "s", row->min, row->max);
	(void)err_hint(err, row->min == row->max ? "leave it out, or write it so"
						 : "it is set in the service's own namespace");
	return NULL;
}

/* The CIS Docker Benchmark 1.6.0, sections 2, 4 and 5, and how each of its numbers translates. */
#include "check.h"

#include <string.h>

#include "base/str.h"

#define NETWORKS "no networks are built in: a service has loopback alone"
#define LINT     "bartizan image lint and the signature's scope, on the build host"
#define NO_BUILD "there is no Dockerfile: an image is a tree or a file that was signed"
#define ALWAYS   "cannot be otherwise: there is no such option"

/* clang-format off */
const struct cis_item cis_items[] = {
	{"2.1", "daemon as a non-root user", "init and launcher are root, every other helper is not: bartizan helpers"},
	{"2.2", "traffic between containers on the default bridge", NETWORKS},
	{"2.3", "logging level info", "records have no level that could be lowered"},
	{"2.4", "changes to iptables", NETWORKS},
	{"2.5", "no insecure registries", "there are no registries: images are signed files"},
	{"2.6", "no aufs", "images are erofs behind dm-verity"},
	{"2.7", "TLS authentication of the daemon", "control is a local socket of root; it cannot listen elsewhere"},
	{"2.8", "default ulimit", NULL},
	{"2.9", "user namespaces", NULL},
	{"2.10", "default cgroup usage", NULL},
	{"2.11", "base device size", "a root is read-only; tmpfs and volumes have sizes"},
	{"2.12", "authorization of client commands", "SO_PEERCRED: root alone; every change is on record"},
	{"2.13", "central and remote logging", "[syslog] of supervisor.conf; bartizan events shows SHIPPER_CONNECTED"},
	{"2.14", "no new privileges", NULL},
	{"2.15", "live restore", "services survive the death of every helper"},
	{"2.16", "no userland proxy", NETWORKS},
	{"2.17", "daemon-wide seccomp profile", NULL},
	{"2.18", "no experimental features", ALWAYS},
	{"4.1", "a user for the container", NULL},
	{"4.2", "trusted base images", LINT},
	{"4.3", "no unnecessary packages", LINT},
	{"4.4", "images scanned and rebuilt", LINT},
	{"4.5", "content trust", NULL},
	{"4.6", "HEALTHCHECK in the image", "5.27 looks at the same key"},
	{"4.7", "update instructions not alone", NO_BUILD},
	{"4.8", "no setuid and setgid", LINT},
	{"4.9", "COPY instead of ADD", NO_BUILD},
	{"4.10", "no secrets in the image", LINT},
	{"4.11", "only verified packages", NO_BUILD},
	{"4.12", "signed artefacts validated", LINT},
	{"5.1", "swarm mode is off", "there is no swarm mode"},
	{"5.2", "AppArmor profile", NULL},
	{"5.3", "SELinux options", "no SELinux policy is built in"},
	{"5.4", "capabilities restricted", NULL},
	{"5.5", "no privileged containers", NULL},
	{"5.6", "no sensitive host directories", NULL},
	{"5.7", "no sshd in containers", "bartizan image lint lists the programs of an image"},
	{"5.8", "no privileged ports mapped", NETWORKS},
	{"5.9", "only needed ports open", NETWORKS},
	{"5.10", "not the host's network namespace", NULL},
	{"5.11", "memory limited", NULL},
	{"5.12", "CPU priority set", NULL},
	{"5.13", "root file system read-only", NULL},
	{"5.14", "traffic bound to one host interface", NETWORKS},
	{"5.15", "restart on-failure at most 5", NULL},
	{"5.16", "not the host's process namespace", NULL},
	{"5.17", "not the host's IPC namespace", NULL},
	{"5.18", "no host devices", NULL},
	{"5.19", "ulimits overridden only where needed", NULL},
	{"5.20", "mount propagation not shared", NULL},
	{"5.21", "not the host's UTS namespace", NULL},
	{"5.22", "seccomp not disabled", NULL},
	{"5.23", "no exec with privileged", NULL},
	{"5.24", "no exec as root", NULL},
	{"5.25", "cgroup usage confirmed", NULL},
	{"5.26", "no additional privileges", NULL},
	{"5.27", "health checked at run time", NULL},
	{"5.28", "latest version of the image", NULL},
	{"5.29", "PIDs limited", NULL},
	{"5.30", "not the default bridge", NULL},
	{"5.31", "not the host's user namespace", NULL},
	{"5.32", "no control socket inside", NULL},
};
/* clang-format on */
const size_t cis_item_count = ARRAY_SIZE(cis_items);

bool cis_names(const char *list, const char *number)
{
	size_t length = strlen(number);

	for (const char *at = list; *at; at += strcspn(at, " ") + (at[strcspn(at, " ")] != '\0'))
		if (strncmp(at, number, length) == 0 && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

unsigned int check_score(unsigned int passed, unsigned int warned, unsigned int failed)
{
	unsigned int all = passed + warned + failed;

	return all ? (200 * passed + 100 * warned) / (2 * all) : 0;
}

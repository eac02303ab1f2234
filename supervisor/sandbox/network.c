#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "sandbox/step.h"
#include "sandbox/sysctls.h"

/* A new network namespace inherits some of these from the host's (services.md, facts): written
 * explicitly, read back. @v6: absent when the kernel has no IPv6. */
static const struct sysctl {
	const char *path;
	const char *value;
	bool v6;
} sysctls[] = {
	{"sys/net/ipv4/ip_forward", "0", false},
	{"sys/net/ipv4/conf/all/forwarding", "0", false},
	{"sys/net/ipv4/conf/all/accept_redirects", "0", false},
	{"sys/net/ipv4/conf/all/send_redirects", "0", false},
	{"sys/net/ipv4/conf/all/rp_filter", "1", false},
	{"sys/net/ipv4/conf/default/rp_filter", "1", false},
	{"sys/net/ipv4/conf/all/route_localnet", "0", false},
	{"sys/net/ipv6/conf/all/forwarding", "0", true},
	{"sys/net/ipv6/conf/all/accept_redirects", "0", true},
};

/* cap_add = NET_BIND_SERVICE: no capability would do anything in a namespace that is owned outside,
 * and with this none is needed (sandbox.md). */
static struct sysctl port_start(const struct plan *p)
{
	return (struct sysctl){"sys/net/ipv4/ip_unprivileged_port_start",
			       p->low_ports ? "0" : "1024", false};
}

static int write_sysctl(const struct plan *p, const struct sysctl *s, struct err *err)
{
	int r = fd_write_file(p->proc_fd, s->path, s->value);

	return r && !(r == -ENOENT && s->v6) ? err_sys(err, -r, "%s = %s", s->path, s->value) : 0;
}

static int loopback(unsigned long request, struct ifreq *interface)
{
	CLEAN_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	/* ioctl(2) itself: the libraries disagree on the type of the request. */
	return syscall(SYS_ioctl, fd, request, interface) ? -errno : 0;
}

int step_network_apply(struct plan *p, struct err *err)
{
	const struct sysctl ports = port_start(p);
	struct ifreq lo = {.ifr_name = "lo"};
	int r;

	if (p->pool.network_fd >= 0)
		return setns(p->pool.network_fd, CLONE_NEWNET)
			       ? err_sys(err, errno, "the network namespace cannot be entered")
			       : 0;
	for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++) {
		r = write_sysctl(p, &sysctls[i], err);
		if (r)
			return r;
	}
	r = write_sysctl(p, &ports, err);
	r = r ? r : sysctls_write(p, SYSCTL_NET, err);
	if (r)
		return r;
	r = loopback(SIOCGIFFLAGS, &lo);
	if (!r) {
		lo.ifr_flags = (short)(lo.ifr_flags | IFF_UP);
		r = loopback(SIOCSIFFLAGS, &lo);
	}
	return r ? err_sys(err, -r, "the loopback interface cannot be brought up") : 0;
}

static int prove_sysctl(const struct plan *p, const struct sysctl *s, struct err *err)
{
	char found[32];
	ssize_t n = fd_read_file(p->proc_fd, s->path, found, sizeof(found));

	if (n == -ENOENT && s->v6)
		return 0;
	if (n < 0)
		return err_sys(err, (int)-n, "%s", s->path);
	found[strcspn(found, "\n")] = '\0';
	if (!str_equal(found, s->value))
		return err_set(err, EPERM, "%s is %s instead of %s", s->path, found, s->value);
	return 0;
}

/* The links of this process's namespace: two lines of titles, then one each (proc_pid_net(5)). */
static int prove_alone(const struct plan *p, struct err *err)
{
	char text[2048];
	ssize_t n = fd_read_file(p->proc_fd, "self/net/dev", text, sizeof(text));
	const char *line = text;
	bool alone;

	for (int i = 0; i < 2 && n > 0 && line; i++)
		line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL;
	alone = n > 0 && line && strncmp(line + strspn(line, " "), "lo:", 3) == 0 &&
		strchr(line, '\n') && !strchr(line, '\n')[1];
	return alone ? 0 : err_set(err, EPERM, "there is a link besides lo");
}

int step_network_prove(const struct plan *p, struct err *err)
{
	const struct sysctl ports = port_start(p);
	struct ifreq lo = {.ifr_name = "lo"};
	int r;

	/* Of a prepared namespace they were proven when it was made: nobody inside can write them,
	 * and attest.c proves at every start that it is that very namespace. */
	for (size_t i = 0; i < ARRAY_SIZE(sysctls) && p->pool.network_fd < 0; i++) {
		r = prove_sysctl(p, &sysctls[i], err);
		if (r)
			return r;
	}
	r = prove_sysctl(p, &ports, err);
	r = r ? r : sysctls_prove(p, SYSCTL_NET, err);
	if (r)
		return r;
	r = loopback(SIOCGIFFLAGS, &lo);
	if (r || !(lo.ifr_flags & IFF_UP))
		return err_set(err, ENETDOWN, "the loopback interface is down");
	return prove_alone(p, err);
}

int step_hostname_apply(struct plan *p, struct err *err)
{
	if (sethostname(p->hostname, strlen(p->hostname)))
		return err_sys(err, errno, "hostname %s", p->hostname);
	return 0;
}

int step_hostname_prove(const struct plan *p, struct err *err)
{
	char found[80] = "";

	if (gethostname(found, sizeof(found) - 1) || !str_equal(found, p->hostname))
		return err_set(err, EPERM, "hostname is %s instead of %s", found, p->hostname);
	return 0;
}

#include <errno.h>
#include <fcntl.h>
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

enum place { IPV4, IPV4_ALL, IPV4_DEFAULT, IPV6_ALL, PLACES };
static const char *const places[PLACES] = {"sys/net/ipv4", "sys/net/ipv4/conf/all",
					   "sys/net/ipv4/conf/default", "sys/net/ipv6/conf/all"};

/* A new network namespace inherits some of these from the host's (services.md, facts): written
 * explicitly, read back. By place, because a directory of a namespace is looked up slowly. */
static const struct sysctl {
	uint8_t place;
	const char *name;
	const char *value; /* NULL: see port_start() */
} sysctls[] = {
	{IPV4, "ip_forward", "0"},         {IPV4, "ip_unprivileged_port_start", NULL},
	{IPV4_ALL, "forwarding", "0"},     {IPV4_ALL, "accept_redirects", "0"},
	{IPV4_ALL, "send_redirects", "0"}, {IPV4_ALL, "rp_filter", "1"},
	{IPV4_ALL, "route_localnet", "0"}, {IPV4_DEFAULT, "rp_filter", "1"},
	{IPV6_ALL, "forwarding", "0"},     {IPV6_ALL, "accept_redirects", "0"},
};

/* cap_add = NET_BIND_SERVICE: no capability would do anything in a namespace that is owned outside,
 * and with this none is needed (sandbox.md). */
static const char *port_start(const struct plan *p)
{
	return p->low_ports ? "0" : "1024";
}

static int write_sysctl(int dir, const struct sysctl *s, const char *value, struct err *err)
{
	int r = fd_write_file(dir, s->name, value);

	return r ? err_sys(err, -r, "%s/%s = %s", places[s->place], s->name, value) : 0;
}

static int prove_sysctl(int dir, const struct sysctl *s, const char *value, struct err *err)
{
	char found[32];
	ssize_t n = fd_read_file(dir, s->name, found, sizeof(found));

	if (n < 0)
		return err_sys(err, (int)-n, "%s/%s", places[s->place], s->name);
	found[strcspn(found, "\n")] = '\0';
	if (!str_equal(found, value))
		return err_set(err, EPERM, "%s/%s is %s instead of %s", places[s->place], s->name,
			       found, value);
	return 0;
}

static int each_at(const struct plan *p, enum place place,
		   int (*visit)(int, const struct sysctl *, const char *, struct err *),
		   struct err *err)
{
	CLEAN_FD int dir = openat(p->proc_fd, places[place], O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	/* A kernel without IPv6 has nothing to forward. */
	if (dir < 0 && errno == ENOENT && place == IPV6_ALL)
		return 0;
	if (dir < 0)
		return err_sys(err, errno, "%s", places[place]);
	for (size_t i = 0; i < ARRAY_SIZE(sysctls) && !r; i++)
		if (sysctls[i].place == place)
			r = visit(dir, &sysctls[i],
				  sysctls[i].value ? sysctls[i].value : port_start(p), err);
	return r;
}

static int each_sysctl(const struct plan *p,
		       int (*visit)(int, const struct sysctl *, const char *, struct err *),
		       struct err *err)
{
	int r = 0;

	for (int place = 0; place < PLACES && !r; place++)
		r = each_at(p, (enum place)place, visit, err);
	return r;
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
	struct ifreq lo = {.ifr_name = "lo"};
	int r;

	if (p->pool.network_fd >= 0)
		return setns(p->pool.network_fd, CLONE_NEWNET)
			       ? err_sys(err, errno, "the network namespace cannot be entered")
			       : 0;
	r = each_sysctl(p, write_sysctl, err);
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

/*
 * Of a prepared namespace all this was proven when it was made, by pool.c. Nobody inside can change
 * it but with the capabilities of one that the service owns, and attest.c proves at every start
 * that it is that very namespace.
 */
static bool can_have_changed(const struct plan *p)
{
	return p->pool.network_fd < 0 || p->caps;
}

int step_network_prove(const struct plan *p, struct err *err)
{
	struct ifreq lo = {.ifr_name = "lo"};
	int r = can_have_changed(p) ? each_sysctl(p, prove_sysctl, err) : 0;

	r = r ? r : sysctls_prove(p, SYSCTL_NET, err);
	if (r)
		return r;
	r = loopback(SIOCGIFFLAGS, &lo);
	if (r || !(lo.ifr_flags & IFF_UP))
		return err_set(err, ENETDOWN, "the loopback interface is down");
	return can_have_changed(p) ? prove_alone(p, err) : 0;
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

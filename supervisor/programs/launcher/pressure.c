#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "programs/launcher/launcher.h"

/*
 * Pressure stall information (Documentation/accounting/psi.rst): three triggers for the whole
 * device, so that a service costs nothing at its start. When one fires, the counters of the
 * services' cgroups say whose tasks stood still most since the last look.
 */
#define REST_MS 60000u /* one record a minute for each resource */
#define CGROUPS "/sys/fs/cgroup/bartizan/services"

static struct resource {
	const char *name;
	const char *trigger; /* share of a window, in microseconds */
	struct watch watch;
	int fd;
	uint64_t told_ms;
	uint64_t totals[CONFIG_SERVICES_MAX]; /* at the last look */
} resources[] = {
	{.name = "memory", .trigger = "some 600000 2000000"},
	{.name = "io", .trigger = "some 1600000 2000000"},
	{.name = "cpu", .trigger = "some 1900000 2000000"},
};

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=1234" */
static uint64_t total_of(const struct service *s, const char *resource)
{
	char path[128];
	char text[256];
	char *at;
	uint64_t total = 0;

	(void)snprintf(path, sizeof(path), CGROUPS "/%s/%s.pressure", s->name, resource);
	if (fd_read_file(AT_FDCWD, path, text, sizeof(text)) < 0)
		return 0;
	at = strstr(text, "total=");
	if (!at)
		return 0;
	at += strlen("total=");
	at[strcspn(at, "\n")] = '\0';
	return str_u64(at, 0, UINT64_MAX, &total) ? 0 : total;
}

static void look(struct resource *r)
{
	const struct service *most = NULL;
	uint64_t stalled = 0;

	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++) {
		const struct service *s = &launcher.services[i];
		uint64_t total = s->admitted ? total_of(s, r->name) : 0;

		if (total > r->totals[i] && total - r->totals[i] > stalled) {
			stalled = total - r->totals[i];
			most = s;
		}
		r->totals[i] = total;
	}
	audit_emit(EVENT_PRESSURE, AUDIT_S(most ? most->name : ""), AUDIT_S(r->name),
		   AUDIT_N(stalled));
}

static void ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct resource *r = container_of(watch, struct resource, watch);
	uint64_t now = clock_monotonic_ms();

	if (!(events & EPOLLPRI)) {
		loop_remove(loop, watch);
		return;
	}
	if (r->told_ms && now < r->told_ms + REST_MS)
		return;
	r->told_ms = now;
	look(r);
}

void pressure_open(void)
{
	char path[32];

	for (size_t i = 0; i < ARRAY_SIZE(resources); i++) {
		struct resource *r = &resources[i];

		(void)snprintf(path, sizeof(path), "pressure/%s", r->name);
		r->fd = openat(launcher.proc_fd, path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		r->watch.fd = -1;
		r->watch.ready = ready;
		if (r->fd < 0 || write(r->fd, r->trigger, strlen(r->trigger) + 1) < 0 ||
		    loop_add(&launcher.loop, &r->watch, r->fd, EPOLLPRI)) {
			log_line("launcher: pressure of %s is not watched: %s", r->name,
				 err_text(errno));
			fd_close(&r->fd);
		}
	}
}

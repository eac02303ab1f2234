#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/str.h"
#include "programs/recorder/recorder.h"

/*
 * The kernel's own records (audit netlink, multicast group READLOG): refused system calls of
 * services and what AppArmor refused them. Attributed by uid, because every service has its own and
 * the record may come when the process is long gone.
 */
#define SERVICE_UID       10000u /* uid of slot 0 (architecture.md, "Names, uids, files") */
#define MESSAGES_PER_TURN 64
#define RATE              200u
#define BURST             1000u
#define LOGGED            " code=0x7ffc0000" /* SECCOMP_RET_LOG: the call was made */

/* Is there room for one more? Tells first what had none. */
static bool admit(struct recorder *r)
{
	if (!bucket_take(&r->kernel_bucket, clock_monotonic_ms())) {
		r->kernel_dropped++;
		return false;
	}
	if (r->kernel_dropped) {
		store_event(&r->store, ORIGIN_RECORDER, EVENT_GAP, AUDIT_S("kernel"),
			    AUDIT_N(LANE_SERVICE), AUDIT_N(r->kernel_dropped));
		r->kernel_dropped = 0;
	}
	return true;
}

/* NULL when it is nobody's. */
static struct service *service_of(struct recorder *r, uint64_t uid)
{
	if (uid < SERVICE_UID || uid >= SERVICE_UID + DEVICE_SERVICES_MAX)
		return NULL;
	return store_find(&r->store, SUBJECT_OF_SERVICE(uid - SERVICE_UID));
}

static const char *name_of(struct recorder *r, uint64_t uid)
{
	const struct service *service = service_of(r, uid);

	return service ? service->name : "";
}

/* Once for each call and life: a service that is recorded makes some of them all the time. */
static void keep_used(struct recorder *r, const char *text, uint64_t uid)
{
	struct service *service = service_of(r, uid);
	uint64_t number = audit_number(text, " syscall=");
	char call[48];

	if (!service || number >= 8 * sizeof(service->used) ||
	    service->used[number / 8] & 1u << number % 8)
		return;
	service->used[number / 8] |= (uint8_t)(1u << number % 8);
	syscall_describe(text, call, sizeof(call));
	store_event(&r->store, ORIGIN_RECORDER, EVENT_SYSCALL_USED, AUDIT_S(service->name),
		    AUDIT_N(uid), AUDIT_N(audit_number(text, " pid=")), AUDIT_S(call));
}

static void keep_seccomp(struct recorder *r, const char *text)
{
	uint64_t uid = audit_number(text, " uid=");
	char call[48];

	if (strstr(text, LOGGED)) {
		keep_used(r, text, uid);
		return;
	}
	if (!admit(r))
		return;
	syscall_describe(text, call, sizeof(call));
	store_event(&r->store, ORIGIN_RECORDER, EVENT_SECCOMP, AUDIT_S(name_of(r, uid)),
		    AUDIT_N(uid), AUDIT_N(audit_number(text, " pid=")), AUDIT_S(call),
		    AUDIT_N(audit_number(text, " sig=")));
}

static void keep_apparmor(struct recorder *r, const char *text)
{
	struct apparmor_denial d;

	if (apparmor_parse(text, &d) || !admit(r))
		return;
	store_event(&r->store, ORIGIN_RECORDER, EVENT_APPARMOR, AUDIT_S(name_of(r, d.uid)),
		    AUDIT_N(d.uid), AUDIT_N(d.pid), AUDIT_S(d.profile), AUDIT_S(d.operation),
		    AUDIT_S(d.name), AUDIT_S(d.mask));
}

/*
 * Every audit event has the next serial number ("audit(1700000000.123:456): ..."), its records
 * share it. Two processors may finish theirs in the other order, so a jump is a loss only once the
 * queue is known to have run over.
 */
static void count_missing(struct recorder *r, const char *text)
{
	struct kernel_serials *k = &r->kernel_serials;
	uint64_t serial = str_starts(text, "audit(") ? audit_number(text, ":") : 0;

	if (!serial || serial == k->last)
		return;
	if (serial < k->greatest && k->missing)
		k->missing--;
	else if (k->greatest && serial > k->greatest)
		k->missing += serial - k->greatest - 1;
	k->last = serial;
	if (serial > k->greatest)
		k->greatest = serial;
	if (!k->overran)
		return;
	r->kernel_dropped += k->missing;
	k->missing = 0;
}

static void take_message(struct recorder *r, char *bytes, size_t size)
{
	struct nlmsghdr head;

	if (size < sizeof(head))
		return;
	memcpy(&head, bytes, sizeof(head));
	bytes[size] = '\0';
	count_missing(r, bytes + sizeof(head));
	if (head.nlmsg_type == AUDIT_SECCOMP)
		keep_seccomp(r, bytes + sizeof(head));
	else if (head.nlmsg_type == AUDIT_AVC)
		keep_apparmor(r, bytes + sizeof(head));
}

static void kernel_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct recorder *r = container_of(watch, struct recorder, kernel_watch);
	static char bytes[8192 + 1];

	(void)loop;
	(void)events;
	producer_drain_all(r);
	for (int i = 0; i < MESSAGES_PER_TURN; i++) {
		struct sockaddr_nl from = {0};
		socklen_t from_size = sizeof(from);
		ssize_t n = recvfrom(watch->fd, bytes, sizeof(bytes) - 1, MSG_DONTWAIT,
				     (struct sockaddr *)&from, &from_size);

		if (n < 0 && errno == ENOBUFS) {
			r->kernel_serials.overran = true;
			continue;
		}
		if (n < 0)
			break;
		/* Any process with the right capability could send to us: only the kernel has port
		 * 0. */
		if (from_size == sizeof(from) && from.nl_family == AF_NETLINK && from.nl_pid == 0)
			take_message(r, bytes, (size_t)n);
	}
	(void)store_flush(&r->store);
}

int kernel_bind(struct recorder *r, int *netlink_fd)
{
	int e;

	loop_remove(&r->loop, &r->kernel_watch);
	fd_close(&r->kernel_fd);
	r->kernel_watch.ready = kernel_ready;
	bucket_init(&r->kernel_bucket, RATE, BURST, clock_monotonic_ms());
	e = loop_add(&r->loop, &r->kernel_watch, *netlink_fd, EPOLLIN);
	if (!e)
		r->kernel_fd = take_fd(netlink_fd);
	return e;
}

#include <errno.h>
#include <sys/epoll.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "programs/launcher/launcher.h"

#define REFUSED_MS 1000

void link_cut(struct link *link)
{
	loop_remove(&launcher.loop, &link->watch);
	fd_close(&link->channel.fd);
}

void link_send(struct link *link, const void *message, const int *fds, int fd_count)
{
	int r;

	if (link->channel.fd < 0)
		return;
	r = channel_send(&link->channel, message, fds, fd_count);
	if (!r)
		return;
	log_line("launcher: link to %s is cut: %s", peer_name(link->channel.peer), err_text(-r));
	/* One that died has a record of its end; this one lives and does nothing any more. */
	if (r == -EAGAIN)
		audit_emit(EVENT_MESSAGE_REFUSED, AUDIT_S(peer_name(link->channel.peer)),
			   AUDIT_S("it does not read: its link is cut"));
	link_cut(link);
}

void link_open(struct link *link, enum peer peer, int fd,
	       void (*ready)(struct loop *, struct watch *, uint32_t))
{
	link_cut(link);
	link->channel = (struct channel){.fd = fd, .self = PEER_LAUNCHER, .peer = peer};
	link->watch.ready = ready;
	if (loop_add(&launcher.loop, &link->watch, fd, EPOLLIN))
		fd_close(&link->channel.fd);
}

static void tell_refused(struct loop *loop, struct timer *timer)
{
	struct link *link = container_of(timer, struct link, refused);

	audit_refuse_rest(&link->refusals, peer_name(link->channel.peer));
	if (link->refusals.unrecorded)
		loop_timer_set(loop, timer, clock_monotonic_ms() + REFUSED_MS);
}

void link_refuse(struct link *link, const char *reason)
{
	audit_refuse(&link->refusals, peer_name(link->channel.peer), reason);
	link->refused.due = tell_refused;
	if (link->refusals.unrecorded && !link->refused.armed)
		loop_timer_set(&launcher.loop, &link->refused, clock_monotonic_ms() + REFUSED_MS);
}

/* A message of a peer, or false: nothing came, or its link is gone. */
bool link_take(struct link *link, struct received *received)
{
	struct err err = {0};
	int r = channel_receive(&link->channel, received, &err);

	if (r == 0)
		return true;
	if (r == -EBADMSG)
		link_refuse(link, err.msg);
	else if (r != -EAGAIN)
		link_cut(link); /* it died: init asks for a new one */
	return false;
}

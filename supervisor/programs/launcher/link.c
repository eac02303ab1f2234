#include <errno.h>
#include <sys/epoll.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "base/log.h"
#include "programs/launcher/launcher.h"

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

/* A message of a peer, or false: nothing came, or its link is gone. */
bool link_take(struct link *link, struct received *received)
{
	struct err err = {0};
	int r = channel_receive(&link->channel, received, &err);

	if (r == 0)
		return true;
	if (r == -EBADMSG)
		audit_emit(EVENT_MESSAGE_REFUSED, AUDIT_S(peer_name(link->channel.peer)),
			   AUDIT_S(err.msg));
	else if (r != -EAGAIN)
		link_cut(link); /* it died: init asks for a new one */
	return false;
}

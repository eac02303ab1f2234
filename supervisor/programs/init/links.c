#include "links.h"

#include <errno.h>
#include <sys/epoll.h>

#include "base/fd.h"
#include "init.h"

#define MESSAGES_PER_TURN 32   /* so that one peer cannot keep the others waiting */
#define MESSAGES_AT_END   4096 /* more than a socket can hold */

void link_refuse(struct link *link, const char *reason)
{
	audit_refuse(&link->refusals, peer_name(link->channel.peer), reason);
}

void links_tell_refusals(struct init *init)
{
	audit_refuse_rest(&init->launcher.refusals, peer_name(PEER_LAUNCHER));
	audit_refuse_rest(&init->supervisor.refusals, peer_name(PEER_SUPERVISOR));
}

static void handle(struct init *init, struct link *link, struct received *received)
{
	const struct link_handler *row =
		link->channel.peer == PEER_LAUNCHER ? launcher_handlers : supervisor_handlers;
	struct err err = {0};

	for (; row->type; row++)
		if (row->type == received->message.head.type)
			break;
	if (!row->handle)
		(void)err_set(&err, EBADMSG, "no handler for message %u",
			      received->message.head.type);
	else
		(void)row->handle(init, received, &err);
	if (err.code)
		link_refuse(link, err.msg);
	channel_message_close(received);
}

/* Returns 0 when there may be more, or why there is not. */
static int take_one(struct init *init, struct link *link)
{
	struct received received;
	struct err err = {0};
	int r = channel_receive(&link->channel, &received, &err);

	if (r == 0)
		handle(init, link, &received);
	else if (r == -EBADMSG)
		link_refuse(link, err.msg);
	else
		return r;
	return 0;
}

static void link_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct link *link = container_of(watch, struct link, watch);
	struct init *init = container_of(loop, struct init, loop);
	bool hung_up = (events & EPOLLHUP) && !(events & EPOLLIN);
	int r = 0;

	for (int i = 0; i < MESSAGES_PER_TURN && !r && link->channel.fd >= 0; i++)
		r = take_one(init, link);
	/* Half-closed or broken: nothing more will come or can be said. Its process may live on; a
	 * helper without its link is useless and is replaced when it dies. */
	if (r ? r != -EAGAIN : hung_up)
		link_close(init, link);
	links_pump(init);
}

void link_close(struct init *init, struct link *link)
{
	loop_remove(&init->loop, &link->watch);
	fd_close(&link->channel.fd);
}

int link_open(struct init *init, struct link *link, enum peer peer, int *fd)
{
	int r;

	link_close(init, link);
	link->channel = (struct channel){.fd = take_fd(fd), .self = PEER_INIT, .peer = peer};
	link->watch.ready = link_ready;
	link->greeted = false;
	link->place = 0;
	link->writable_wanted = false;
	r = loop_add(&init->loop, &link->watch, link->channel.fd, EPOLLIN);
	if (r)
		fd_close(&link->channel.fd);
	return r;
}

void link_drain_and_close(struct init *init, struct link *link)
{
	int r = 0;

	for (int i = 0; i < MESSAGES_AT_END && !r && link->channel.fd >= 0; i++)
		r = take_one(init, link);
	link_close(init, link);
}

static void pump(struct init *init, struct link *link, const link_sender *sender)
{
	int r = 0;
	bool blocked;

	if (link->channel.fd < 0)
		return;
	for (; *sender && r >= 0; sender++)
		do
			r = (*sender)(init);
		while (r > 0);
	blocked = r == -EAGAIN || r == -ENOBUFS || r == -ENOMEM || r == -ETOOMANYREFS;
	/* A sender may have closed the link through @init. */
	/* cppcheck-suppress knownConditionTrueFalse */
	if (blocked != link->writable_wanted && link->channel.fd >= 0) {
		link->writable_wanted = blocked;
		(void)loop_change(&init->loop, &link->watch,
				  EPOLLIN | (blocked ? (uint32_t)EPOLLOUT : 0));
	}
}

void links_pump(struct init *init)
{
	pump(init, &init->launcher, launcher_senders);
	pump(init, &init->supervisor, supervisor_senders);
}

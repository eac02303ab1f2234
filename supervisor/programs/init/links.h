#ifndef INIT_LINKS_H
#define INIT_LINKS_H

#include "ipc/channel.h"

struct init;
struct link;

/* Sockets to the launcher and the supervisor. Everything to be said is a flag on the row that it is
 * about, so that nothing is queued: a pump sends what is flagged until the peer's queue is full,
 * and goes on when it can be written again. */

/* Take over init's end of a new socket; a link that was open is closed. -errno. */
int link_open(struct init *init, struct link *link, enum peer peer, int *fd);
void link_close(struct init *init, struct link *link);

/* Send what is due to both. */
void links_pump(struct init *init);

/* Handle what a program said before it died, then close. */
void link_drain_and_close(struct init *init, struct link *link);

/* A message that no rule allows: into the audit trail, as audit/refusals.h says. */
void link_refuse(struct link *link, const char *reason);
void links_tell_refusals(struct init *init); /* once a second */

/* Rows of the message tables. 0, or -errno with @err filled in: then it is refused. */
struct link_handler {
	uint16_t type;
	int (*handle)(struct init *init, struct received *received, struct err *err);
};

extern const struct link_handler launcher_handlers[]; /* end with type 0 */
extern const struct link_handler supervisor_handlers[];

/* What is due for a peer, in order: each sends one message. 1: sent, 0: nothing left, -errno of
 * channel_send(). */
typedef int (*link_sender)(struct init *init);
extern const link_sender launcher_senders[]; /* end with NULL */
extern const link_sender supervisor_senders[];

#endif

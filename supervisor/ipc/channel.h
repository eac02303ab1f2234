#ifndef IPC_CHANNEL_H
#define IPC_CHANNEL_H

#include "ipc/proto.h"

/* One end of a SOCK_SEQPACKET pair: who is on the other side decides which rows of messages.def are
 * legal. */
struct channel {
	int fd; /* -1 when there is no peer */
	enum peer self;
	enum peer peer;
};

/* A received message with the descriptors that came with it; channel_message_close() closes those
 * not taken by take_fd(). */
struct received {
	union message message;
	int fd_count;
	int fds[IPC_FDS_MAX];
};

/* A fresh pair of non-blocking close-on-exec ends. -errno on failure. */
int channel_pair(int fds[2]);

/*
 * Send one message; never blocks. @message's type decides its size; @fds are borrowed.
 * -EAGAIN: the peer's queue is full (the caller keeps the message and retries); -EPIPE/-ECONNRESET:
 * the peer is gone; -EPROTO: no row lets self send this type to peer, or the number of descriptors
 * differs from the row: a bug of the caller.
 */
int channel_send(const struct channel *c, const void *message, const int *fds, int fd_count);

/*
 * Take one message; never blocks. 0 with *received filled, or
 * -EAGAIN: none there; -ECONNRESET: the peer closed; -EBADMSG: something came that no row allows
 * (wrong sender, size, count or kind of descriptor, truncated control data): everything was closed,
 * @err says what; the caller audits it and goes on.
 */
int channel_receive(const struct channel *c, struct received *received, struct err *err);

/* Wait at most @timeout_ms for a message; otherwise as channel_receive(), -ETIMEDOUT when none
 * came. For conversations of one question and one answer (verify, compile, the command line). */
int channel_wait(const struct channel *c, struct received *received, int timeout_ms,
		 struct err *err);

void channel_message_close(struct received *received);

#define CLEAN_RECEIVED __attribute__((cleanup(channel_message_close)))

/* Is @fd what the row promised? 0 or -EBADMSG. */
int channel_check_fd(int fd, enum fd_kind kind);

#endif

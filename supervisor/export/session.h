#ifndef EXPORT_SESSION_H
#define EXPORT_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * One TLS session to a collector (RFC 5425): TLS 1.3 or 1.2, both sides prove themselves by
 * certificates, the collector's must chain to our CA and carry the expected name, be one of the
 * certificates that are pinned, or both. There is no option that weakens this. Never blocks, knows
 * no time: deadlines are the caller's.
 */
struct export_session;

/* File names below @directory_fd; the files are read anew for every session, so replacing them is
 * all a rotation takes. */
struct export_identity {
	int directory_fd;
	const char *ca; /* "": none, then a pin decides alone */
	const char *cert;
	const char *key;
	const char *name;          /* of the collector, in its certificate; "": any */
	const uint8_t (*pins)[32]; /* SHA-256 of certificates, one of which it must be ... */
	size_t pin_count;          /* ... unless this is 0 */
};

/* Once per process. @real_us: microseconds since 1970, or 0 while the clock is not set; then expiry
 * is judged against the floor of the clock. notBefore is never looked at. -errno. */
int export_session_init(uint64_t (*real_us)(void));

/* @identity has to live as long as the session. On a TCP socket that is connected or connecting; it
 * becomes the session's in any case. NULL: @err says what is wrong with the files. */
struct export_session *export_session_open(int fd, const struct export_identity *identity,
					   struct err *err);

/* Connect and handshake. 0: open. -EAGAIN: wait for export_session_events(). Else -errno with the
 * reason in @err. */
int export_session_handshake(struct export_session *s, struct err *err);

/* What to wait for (EPOLLIN, EPOLLOUT) after -EAGAIN. EPOLLIN is always among it: alerts, tickets
 * and the end must be read. */
uint32_t export_session_events(const struct export_session *s);
int export_session_fd(const struct export_session *s);

/* Send up to @size bytes. The count, -EAGAIN (the same bytes must come again) or -errno. @more: the
 * kernel may wait for what follows, a fifth of a second at most (MSG_MORE, tcp(7)). */
ssize_t export_session_write(struct export_session *s, const void *bytes, size_t size, bool more);

/* Read whatever came and throw it away (a collector has nothing to say). 0: still open; -EPIPE: it
 * closed; -errno. */
int export_session_drain(struct export_session *s);

/*
 * Close: send close_notify and FIN once everything is sent, then wait for the collector's. Call
 * until it does not return -EAGAIN. Whoever answers close_notify and then FIN has read everything
 * (-errno: reset, not known). RSYSLOG's gtls driver answers FIN alone, which a man in the middle
 * could forge: *proven is false then.
 */
int export_session_finish(struct export_session *s, bool *proven);

/* When the first certificate of our chain, of the collector's chain (its CA included) ends: seconds
 * since 1970, 0 when it is not known: a session that was resumed shows none. */
uint64_t export_session_own_until(const struct export_session *s);
uint64_t export_session_peer_until(const struct export_session *s);

const char *export_session_protocol(const struct export_session *s);
const char *export_session_suite(const struct export_session *s);

void export_session_close(
	struct export_session *s); /* NULL is allowed; the fd is closed without a word */

#endif

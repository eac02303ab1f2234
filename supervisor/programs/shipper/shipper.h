#ifndef SHIPPER_SHIPPER_H
#define SHIPPER_SHIPPER_H

#include "event/loop.h"
#include "export/session.h"
#include "export/syslog.h"
#include "ipc/channel.h"
#include "policy/policy.h"
#include "spool/reader.h"

#define BATCH_BYTES 16000u
#define BATCH_MS    200u
/*
 * What is not read by the collector for certain, and comes twice when it dies: at most so much. A
 * collector that has stood WINDOW_TRUST checkpoints since the last session that ended badly may owe
 * what is sent in half a second when that is more, with each further one twice as much, up to a
 * fifth of the spool and 32 MiB: otherwise sessions, each a full handshake, would be all that a
 * flood leaves time for.
 */
#define WINDOW_RECORDS   5000u
#define WINDOW_BYTES     (1024u * 1024u)
#define WINDOW_BYTES_MAX (32u * 1024u * 1024u)
#define WINDOW_TRUST     4u
#define WINDOW_DOUBLINGS 5u
#define WINDOW_HASTE_MS  250u /* the next session is asked for no sooner, unless bytes are many */
#define WINDOW_MS        300000u
#define HANDSHAKE_MS     10000u /* connect and handshake */
#define CLOSE_MS         30000u
#define STOP_MS          2000u
#define DIAL_GAP_MS      120u /* the launcher refuses what comes sooner */
#define EXPIRY_LOOK_MS   (6u * 3600u * 1000u)
#define BACKOFF_MIN_MS   1000u /* up to retry_max of [syslog] */

/* How near the end of a certificate is, and what of it the recorder knows. */
enum expiry_stage { EXPIRY_FAR, EXPIRY_MONTH, EXPIRY_WEEK, EXPIRY_DAY, EXPIRY_OVER };
struct expiry {
	uint64_t until_s; /* since 1970; 0: not known */
	enum expiry_stage stage;
	uint32_t days; /* whole ones that are left */
};

/* When a collector that failed is tried again. */
struct backoff {
	uint64_t delay_ms;      /* of the next failure */
	uint64_t not_before_ms; /* CLOCK_MONOTONIC */
};

/* One collector of the device policy. Each session goes to the first one that may be tried, so the
 * first is returned to at the next checkpoint after it is back. */
struct target {
	char text[72];
	struct backoff backoff;
	bool told;      /* the recorder knows whether it is connected ... */
	bool told_open; /* ... and this is what it knows */
	char told_why[64];
	struct expiry expiry; /* told about its certificate */
};

/* One session with its watch. */
struct line_out {
	struct shipper *shipper;
	struct target *target;
	struct export_session *session; /* NULL: none */
	struct watch watch;
	uint32_t events;
	bool open; /* handshake done */
};

/* Records gathered for one write, framed; nothing new is added before all of it is written. */
struct batch {
	size_t written;
	uint64_t records;
	uint64_t last_n; /* last record that is in it completely */
	bool full;       /* the next record had no room */
	struct text text;
	char memory[BATCH_BYTES];
};

struct shipper {
	struct loop loop;
	struct channel launcher;
	struct channel recorder;
	struct watch launcher_watch;
	struct watch recorder_watch;
	struct watch signal_watch;
	const struct device_policy *policy;
	struct export_identity identity;
	struct target targets[DEVICE_COLLECTORS_MAX];
	size_t target_count;
	uint64_t boot;

	/* Sessions: `current` carries records; `next` is made before current is closed, and carries
	 * nothing until that is done. */
	struct line_out lines[2];
	struct line_out *current;
	struct line_out *next;
	bool dialing;  /* M_DIAL is under way */
	bool closing;  /* current waits for the collector's close */
	bool stopping; /* SIGTERM: close and end */
	struct timer dial_timer;
	struct timer deadline_timer; /* of next: answer, connect, handshake */
	struct timer close_timer;
	struct timer window_timer;
	struct timer haste_timer;
	struct timer batch_timer;
	struct timer expiry_timer;
	struct expiry own_expiry;
	uint64_t dialed_ms;

	/* What the collector has. sent >= acked >= safe. */
	uint64_t sent;  /* written into the session */
	uint64_t acked; /* its last session was closed properly after this one */
	uint64_t safe;  /* the checkpoint before: replay starts here, because "read" is not "on its
			   disk" */
	uint64_t window_records;
	uint64_t window_bytes;
	uint64_t window_limit;         /* bytes, whatever the time */
	unsigned int good_checkpoints; /* in a row; no more than are of interest */
	uint64_t window_began_ms;      /* its first record was sent */
	uint64_t pumped_ms;

	struct batch batch;
	char message[EXPORT_SYSLOG_SIZE + 1]; /* one; on the stack it would be cleared each time */
	size_t part_offset;                   /* of the record under the merge cursor */
	unsigned int part;
	struct spool_merge merge;
	int spool_fd;
};

/* connect.c: making, losing and closing sessions */
void connect_start(struct shipper *s); /* one more session, now or after the delay */
void connect_dialed(struct shipper *s, int *fd);
void connect_refused(struct shipper *s, const struct err *why);
void connect_fail_current(struct shipper *s, const char *why);
void connect_close_current(struct shipper *s);
void connect_ready(struct loop *loop, struct watch *watch, uint32_t events);
void connect_init(struct shipper *s);

/* backoff.c: doubled by every failure up to @most_ms, +-50 % by @random, so that many gateways do
 * not return in step. Back to the beginning only when a collector has acknowledged a checkpoint:
 * one that answers and then fails is no better than one that does not answer. */
void backoff_reset(struct backoff *b);
void backoff_failed(struct backoff *b, uint64_t most_ms, uint64_t now_ms, uint32_t random);

/* expiry.c: one record for a certificate with another end than before, and one at 30, 7, 1 and 0
 * days before it. What the collector showed counts only after the handshake. */
void expiry_own(struct shipper *s, const struct export_session *session);
void expiry_peer(struct shipper *s, struct target *target, const struct export_session *session);
void expiry_init(struct shipper *s);
/* Fills in stage and days of @now. True: it differs from @told in what is worth a record. */
bool expiry_news(const struct expiry *told, struct expiry *now, uint64_t now_s);

/* pump.c: records into the current session */
void pump(struct shipper *s);
void pump_soon(struct shipper *s, bool hurry);
void pump_rewind(struct shipper *s, uint64_t n); /* go on behind record @n */
void pump_checkpoint(struct shipper *s); /* the collector has read everything that was sent */
void pump_init(struct shipper *s);

/* main.c */
void shipper_tell(struct shipper *s, struct target *target, bool open, const char *why);
void shipper_acknowledge(struct shipper *s);

#endif

#ifndef SHIPPER_SHIPPER_H
#define SHIPPER_SHIPPER_H

#include "event/loop.h"
#include "export/session.h"
#include "export/syslog.h"
#include "ipc/channel.h"
#include "policy/policy.h"
#include "spool/reader.h"

#define BATCH_BYTES    16000u
#define BATCH_MS       200u
#define WINDOW_RECORDS 5000u /* not read by the collector for certain, at most */
#define WINDOW_BYTES   (1024u * 1024u)
#define WINDOW_MS      300000u
#define HANDSHAKE_MS   10000u /* connect and handshake */
#define CLOSE_MS       30000u
#define STOP_MS        2000u
#define BACKOFF_MIN_MS 200u
#define BACKOFF_MAX_MS 20000u /* with jitter 30 s: an answering collector never waits longer */

/* One session with its watch. */
struct line_out {
	struct shipper *shipper;
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
	char collector[72];
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
	struct timer batch_timer;
	uint64_t backoff_ms;
	uint64_t opened_ms;
	bool told;      /* the recorder knows whether we are connected ... */
	bool told_open; /* ... and this is what it knows */
	char told_why[64];

	/* What the collector has. sent >= acked >= safe. */
	uint64_t sent;  /* written into the session */
	uint64_t acked; /* its last session was closed properly after this one */
	uint64_t safe;  /* the checkpoint before: replay starts here, because "read" is not "on its
			   disk" */
	uint64_t window_records;
	uint64_t window_bytes;
	uint64_t pumped_ms;

	struct batch batch;
	size_t part_offset; /* of the record under the merge cursor */
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

/* pump.c: records into the current session */
void pump(struct shipper *s);
void pump_soon(struct shipper *s, bool hurry);
void pump_rewind(struct shipper *s, uint64_t n); /* go on behind record @n */
void pump_checkpoint(struct shipper *s); /* the collector has read everything that was sent */
void pump_init(struct shipper *s);

/* main.c */
void shipper_tell(struct shipper *s, bool open, const char *why);
void shipper_acknowledge(struct shipper *s);

#endif

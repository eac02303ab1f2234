#ifndef RECORDER_STORE_H
#define RECORDER_STORE_H

#include "event/loop.h"
#include "ipc/proto.h"
#include "policy/policy.h"
#include "programs/recorder/stamp.h"
#include "spool/seal.h"
#include "spool/spool.h"

/*
 * Where records go: numbers them, gathers lines, writes them in the order of their numbers and
 * makes them durable in groups. Lines wait in one buffer for one target at a time; a line for
 * another target first writes out what waits, so files grow in the order of n (spool/reader.h
 * relies on it).
 */
#define STORE_GROUP_BYTES 65536u /* group commit: this many bytes ... */
#define STORE_GROUP_MS    160u   /* ... or this long: 200 ms are to be the most that is lost */
#define STORE_SYNC_SHARE  9u     /* many bytes wait this many times what the last sync took */
#define STORE_SEAL_ROOM                                                                            \
	2048u /* a SEAL follows the record that makes it due without a write between */
#define STORE_URGENT_MS 100u /* severity <= error is synced at once, at most this often */

/* The spool of one service; made at its first output pipe, kept while the recorder lives. */
struct service {
	struct service *next;
	char name[NAME_SIZE];
	uint16_t subject;
	uint8_t facility;
	bool local;    /* kept here and not shipped: numbers of its own */
	uint64_t n;    /* the last of those */
	char *context; /* of its lines, NULL: none */
	struct spool spool;
	uint8_t used[64]; /* numbers of the system calls of this life that are recorded; kernel.c */
	uint64_t lost;    /* lines that were numbered and could not be kept */
};

/* The seals (spool/seal.h) of this recorder; without an auditor's key it makes none. */
struct sealer {
	bool on;
	bool turning; /* a segment is being closed */
	uint8_t key[32];
	uint64_t epoch;
	uint64_t boots;
	uint64_t unsealed;    /* records since the last SEAL */
	uint8_t previous[32]; /* its tag */
	struct timer timer;
};

/* What the launcher says about the device when it starts the recorder. */
struct facts {
	uint64_t firmware; /* build time in seconds */
	uint64_t trust_version;
	uint8_t cmdline[32]; /* SHA-256 of the kernel's command line */
	bool has_auditor;
	uint8_t auditor[65]; /* P256_POINT_SIZE: whose key the seal keys are encrypted to */
};

struct store {
	struct loop *loop;
	int root_fd;
	uint64_t boot;
	uint64_t n;                /* last given */
	uint64_t acked;            /* the collector has read up to here */
	uint64_t sn[ORIGIN_COUNT]; /* of the recorder and the shipper */
	struct spool audit;
	uint64_t audit_lost; /* records of segments that were evicted before they were shipped */
	uint64_t own_lost;   /* own records while nothing could be written */
	struct service *services;
	struct spool_found found;
	struct spool_found found_services; /* of all of them: only what was cut */
	struct stamp stamp;
	struct facts facts;
	struct sealer sealer;

	struct service *target; /* NULL: audit */
	bool urgent;            /* severity <= error waits */
	bool hurry;             /* severity <= warning waits */
	bool stuck;             /* audit lines wait that the disk did not take */
	uint64_t synced_ms;
	uint64_t sync_took_us; /* the last one */
	struct timer sync_timer;
	struct timer retry_timer;
	void (*written)(struct store *store, bool hurry); /* everything added is in its segment */
	void (*added)(struct store *store, const struct audit_decoded *record); /* to audit */
	void (*resumed)(struct store *store); /* the disk takes lines again: read the rings */
	struct text pending;
	char memory[STORE_GROUP_BYTES + SPOOL_LINE_SIZE + STORE_SEAL_ROOM];
};

/* Open or make audit, svc and the cursor below @root_fd, find where the numbers go on. @limits may
 * be NULL: the defaults. */
int store_open(struct store *store, struct loop *loop, int root_fd,
	       const struct device_policy *limits, struct err *err);

/* The service of an output pipe, its spool opened; NULL with @err. */
struct service *store_service(struct store *store, const struct message_output *message,
			      struct err *err);
/* What its lines carry from now on; NULL: nothing more. */
void store_context(struct service *service, const char *context);
struct service *store_find(struct store *store, uint16_t subject);

/* The disk is full: first what was reserved for later, then the oldest segment of the service that
 * keeps most of them; own records last. False: nothing can go. */
bool store_make_room(struct store *store);

/* Make room for one more line of @target (NULL: audit). -errno: nothing can be written at present,
 * take nothing in. */
int store_prepare(struct store *store, struct service *target);

/* Number and gather one record; store_prepare() came before. */
void store_add(struct store *store, enum spool_origin origin, uint64_t sn,
	       const struct audit_decoded *record);

/* A record of the recorder's own, or in the shipper's name. Never fails visibly: what cannot be
 * kept is counted. */
#define store_event(store, origin, event, ...)                                                     \
	store_put(store, origin, event, (const struct audit_value[]){__VA_ARGS__},                 \
		  sizeof((const struct audit_value[]){__VA_ARGS__}) / sizeof(struct audit_value))
void store_put(struct store *store, enum spool_origin origin, enum audit_event event,
	       const struct audit_value *values, size_t count);

/* Write out what waits and tell the losses. 0, or -errno with the lines still waiting. */
int store_flush(struct store *store);
void store_sync(struct store *store);

/* The collector has read up to @n. -EINVAL: that cannot be. */
int store_acknowledge(struct store *store, uint64_t boot, uint64_t n);

/* Take that back down to @n: what follows is sent again. -EINVAL: there is nothing to take back. */
int store_go_back(struct store *store, uint64_t n);

/* seals.c */

/* The key record that the chain goes on under; in a store without an auditor the record that says
 * so. Comes before every other record of this process. */
void seals_begin(struct store *store);

/* Seal what was added so far; @why: "records", "time", "clock" ... Nothing happens when nothing is
 * unsealed, when seals are off, or when nothing can be written (it is due again with the next
 * record). */
void seals_put(struct store *store, const char *why);
void seals_count(struct store *store); /* one more audit record was added */

/* The audit segment is full: seal it, begin the next one with its key. @write writes what waits.
 */
void seals_turn(struct store *store, int (*write)(struct store *store));
void seals_end(struct store *store); /* the last seal, and the key is erased */

#endif

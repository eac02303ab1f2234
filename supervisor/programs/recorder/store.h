#ifndef RECORDER_STORE_H
#define RECORDER_STORE_H

#include "event/loop.h"
#include "ipc/proto.h"
#include "policy/policy.h"
#include "spool/spool.h"

/*
 * Where records go: numbers them, gathers lines, writes them in the order of their numbers and
 * makes them durable in groups. Lines wait in one buffer for one target at a time; a line for
 * another target first writes out what waits, so files grow in the order of n (spool/reader.h
 * relies on it).
 */
#define STORE_GROUP_BYTES 65536u /* group commit: this many bytes ... */
#define STORE_GROUP_MS    200u   /* ... or this long */
#define STORE_URGENT_MS   100u   /* severity <= error is synced at once, at most this often */

/* The spool of one service; made at its first output pipe, kept while the recorder lives. */
struct service {
	struct service *next;
	char name[NAME_SIZE];
	uint16_t subject;
	uint8_t facility;
	struct spool spool;
	uint64_t lost; /* lines that were numbered and could not be kept */
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

	struct service *target; /* NULL: audit */
	bool urgent;            /* severity <= error waits */
	bool hurry;             /* severity <= warning waits */
	bool stuck;             /* audit lines wait that the disk did not take */
	uint64_t synced_ms;
	struct timer sync_timer;
	struct timer retry_timer;
	void (*written)(struct store *store, bool hurry); /* everything added is in its segment */
	void (*resumed)(struct store *store); /* the disk takes lines again: read the rings */
	struct text pending;
	char memory[STORE_GROUP_BYTES + SPOOL_LINE_SIZE];
};

/* Open or make audit, svc and the cursor below @root_fd, find where the numbers go on. @limits may
 * be NULL: the defaults. */
int store_open(struct store *store, struct loop *loop, int root_fd,
	       const struct device_policy *limits, struct err *err);

/* The service of an output pipe, its spool opened; NULL with @err. */
struct service *store_service(struct store *store, const struct message_output *message,
			      struct err *err);
struct service *store_find(struct store *store, uint16_t subject);

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

#endif

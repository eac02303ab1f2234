#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/events.h"
#include "ipc/ring.h"

/*
 * How a program records what it decided: audit_emit() puts one binary record into the program's own
 * ring and returns; it never waits, never fails visibly (a full ring is counted per lane) and
 * allocates nothing. The recorder turns records into JSON lines.
 */

/* One value of a record. Strings are cut at AUDIT_STRING_MAX; NULL reads as "". */
#define AUDIT_STRING_MAX 512u
struct audit_value {
	enum audit_type type;
	const char *string;
	uint64_t number;
	const uint8_t *hash; /* 32 bytes */
};

#define AUDIT_S(text)   ((struct audit_value){.type = AUDIT_STRING, .string = (text)})
#define AUDIT_N(value)  ((struct audit_value){.type = AUDIT_NUMBER, .number = (uint64_t)(value)})
#define AUDIT_H(digest) ((struct audit_value){.type = AUDIT_HASH, .hash = (digest)})

/* Use @producer's ring from now on; it must live as long as the process. Before that, records are
 * kept nowhere: init opens its ring first of all things. */
void audit_open(struct ring_producer *producer);

/* audit_emit(EVENT_START, AUDIT_S(name), AUDIT_N(generation), AUDIT_N(pid), AUDIT_N(uid)); values
 * as the event's row says. */
#define audit_emit(event, ...)                                                                     \
	audit_put(event, (const struct audit_value[]){__VA_ARGS__},                                \
		  sizeof((const struct audit_value[]){__VA_ARGS__}) / sizeof(struct audit_value))
void audit_put(enum audit_event event, const struct audit_value *values, size_t count);

/* The record in the ring: this head, then per value of the row: AUDIT_NUMBER 8 bytes; AUDIT_HASH 32
 * bytes; AUDIT_STRING u16 length and the bytes. Native byte order. */
struct audit_record {
	uint16_t event;
	uint16_t size; /* whole record */
	uint32_t padding;
	uint64_t sn;      /* the producer's own counter from 1, over its restarts: a hole is a loss
			     before numbering */
	uint64_t boot_us; /* CLOCK_BOOTTIME */
};

/* A decoded record: strings point into the record's buffer and are not terminated. */
struct audit_decoded {
	const struct audit_def *def;
	uint8_t raised; /* 1 + a severity instead of the row's; 0: the row's */
	struct audit_record head;
	size_t count;
	struct {
		const char *string;
		size_t length;
		uint64_t number;
		uint8_t hash[32];
	} values[AUDIT_FIELDS_MAX];
};

static inline unsigned int audit_severity_of(const struct audit_decoded *d)
{
	return d->raised ? d->raised - 1u : d->def->severity;
}

/* Read a record that another process wrote. 0, or -EBADMSG when it does not match its event's row
 * in every byte; *decoded has no value then. Only values[0..count) are set, of each what its type
 * says. */
int audit_decode(const void *bytes, size_t size, struct audit_decoded *decoded);

#endif

#ifndef SPOOL_LINE_H
#define SPOOL_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/audit.h"
#include "base/text.h"

/*
 * The canonical form of a record: one JSON line with its keys in one order and no space, so that a
 * record has exactly one text, the text is what the chain covers, and the syslog message can be
 * turned back into it.
 *
 * {"v":1,"n":7,"b":"9f3c21aa00112233","m":812345678,"t":"2026-11-23T22:00:00.123456Z","q":0,"p":109,"s":"web","e":"START",
 *  "o":"launcher","sn":3,"d":{"service":"web","generation":1},"h":"<64 hex>"}
 *
 * n: counter of the device, over boots; b: boot id; m: CLOCK_BOOTTIME in microseconds; t: null
 * while the clock is not set; q: the clock is synchronised; p: PRI of RFC 5424; s: the service, or
 * "bartizan"; o, sn: who recorded it and that program's own counter (absent in lines of services);
 * x: what the service file adds to a line of output (absent when it adds nothing):
 * {"tag":"edge/web","l.site":"north","e.TZ":"UTC"}, APP-NAME, labels, variables; d: the fields of
 * the event's row; h: SHA-256(previous h, the bytes of this line before `,"h":`) (absent in
 * unchained spools).
 */
#define SPOOL_LINE_SIZE                                                                            \
	(128u * 1024u) /* longest line: 16 KiB of a service's bytes, each escaped to six */

/* No firmware of this tree is older (2026-01-01). */
#define SPOOL_CLOCK_FLOOR_S 1767225600u

#define SPOOL_FACILITY_AUDIT 13u /* "log audit", RFC 5424 table 1 */

/* Who records. The first three have a ring; the shipper speaks through the recorder. */
enum spool_origin {
	ORIGIN_INIT,
	ORIGIN_LAUNCHER,
	ORIGIN_SUPERVISOR,
	ORIGIN_RECORDER,
	ORIGIN_SHIPPER,
	ORIGIN_COUNT
};
const char *
spool_origin_name(enum spool_origin origin); /* "" for ORIGIN_COUNT: a line of a service */

/* What goes into a line besides the record itself. */
struct spool_line {
	uint64_t n;
	uint64_t boot;
	uint64_t real_us; /* 0: the clock is not set */
	bool synced;
	uint8_t facility;
	enum spool_origin origin;
	uint64_t sn;
	const char *context; /* JSON object of strings; NULL: none */
};

/* The line without hash and end of line; t->cut when it does not fit. Strings of @record may hold
 * any bytes. */
void spool_line_format(struct text *t, const struct spool_line *line,
		       const struct audit_decoded *record);

/* Time of RFC 3339 with six decimals and Z, in microseconds since 1970: 27 bytes, not terminated.
 * Reading also takes a time without fraction; 0 when it is neither. */
#define SPOOL_TIME_SIZE   27
#define SPOOL_TIME_MAX_US 253402300799999999ull /* the end of the year 9999 */
void spool_time_write(char text[SPOOL_TIME_SIZE], uint64_t real_us);
uint64_t spool_time_read(const char *text, size_t size);

/* Finish a line: `,"h":"..."` unless @hash is NULL, then `}` and a newline. */
void spool_line_close(struct text *t, const uint8_t *hash);

/* Part of a line, not terminated. */
struct spool_span {
	const char *at;
	size_t size;
};

/* A line that was read; spans point into it. */
struct spool_view {
	uint64_t n;
	uint64_t boot;
	struct spool_span boot_text;
	uint64_t boot_us;
	struct spool_span time; /* size 0: null */
	bool synced;
	uint8_t pri;
	struct spool_span service;
	struct spool_span event;
	struct spool_span origin; /* size 0: absent */
	uint64_t sn;
	struct spool_span context; /* the JSON object of x, size 0: absent */
	struct spool_span fields;  /* the JSON object of d, braces included */
	struct spool_span pid;     /* the value of its member of that name, at NULL: it has none */
	bool has_hash;
	uint8_t hash[32];
	struct spool_span hash_text;
	size_t hashed; /* how many bytes of the line the hash covers */
};

/* Read one line (without its newline) that anybody may have written. 0, or -EBADMSG when it is not
 * of the form above in every byte. */
int spool_line_parse(const char *bytes, size_t size, struct spool_view *view);

/* The value of a member of v->fields, quotes of strings taken off and escapes left as they are.
 * -ENOENT. */
int spool_line_member(const struct spool_view *view, const char *name, struct spool_span *value);

/* Walk over an object that was parsed: @rest is what is left of it, at first all. False: the end.
 */
bool spool_object_next(struct spool_span *rest, struct spool_span *key, struct spool_span *found);

/* Is @text such an object, one level deep and nothing behind it? */
bool spool_object_is(const char *text);

bool spool_span_equal(struct spool_span span, const char *text);

/* A member that is a number, or a SHA-256 in hex. -ENOENT: absent or of another form. */
int spool_line_number(const struct spool_view *view, const char *name, uint64_t *number);
int spool_line_hash(const struct spool_view *view, const char *name, uint8_t hash[32]);

#endif

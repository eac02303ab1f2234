#ifndef SPOOL_SEAL_H
#define SPOOL_SEAL_H

#include "spool/line.h"

/*
 * Seals: what makes a chain more than a checksum. A SEAL record carries an HMAC over the hash of
 * everything before it under a key that is replaced right behind it, K' = SHA-256("ev" || K), and
 * erased: whoever takes the recorder over knows the keys to come and none that was. A SEAL_KEY
 * record carries the key of its epoch, encrypted to the auditor (crypto/ecies.h): the first one of
 * a boot and of a recorder ("boot", "resume") a fresh random key, one at the head of each further
 * segment ("segment") the key that is due then, so that a segment can be judged when its
 * predecessors were rotated away.
 *
 * Nothing on the device can tell a trail that was thrown away and written anew from its last fresh
 * key on; the collector's copy of that SEAL_KEY record does.
 */
#define SEAL_RECORDS 1000u  /* a seal at least every so many records ... */
#define SEAL_MS      60000u /* ... and so long after the first one that is not sealed */

/* "key" of SEAL_KEY: base64 of the box. */
#define SEAL_KEY_TEXT 173u

struct seal {
	uint64_t boot;
	uint64_t n; /* of the SEAL record */
	uint64_t epoch;
	uint64_t mono_us;     /* CLOCK_BOOTTIME */
	uint64_t real_us;     /* CLOCK_REALTIME, whatever it says */
	uint8_t head[32];     /* h of the record before */
	uint8_t previous[32]; /* tag of the seal before, zeros for the first one */
};

void seal_tag(const uint8_t key[32], const struct seal *seal, uint8_t tag[32]);
void seal_evolve(uint8_t key[32]);

/* What the box of a SEAL_KEY record is good for: this boot, this epoch. */
#define SEAL_CONTEXT_SIZE 16
void seal_context(uint64_t boot, uint64_t epoch, uint8_t context[SEAL_CONTEXT_SIZE]);

/* Read a SEAL record. -EBADMSG: not one. */
int seal_read(const struct spool_view *view, struct seal *seal, uint8_t tag[32]);

enum seal_kind { SEAL_BOOT, SEAL_RESUME, SEAL_SEGMENT, SEAL_KIND_COUNT };
const char *seal_kind_name(enum seal_kind kind);

struct seal_key {
	enum seal_kind kind;
	uint64_t boots; /* starts of this device that were recorded */
	uint64_t epoch;
	uint64_t previous_n;  /* last record before this one, 0: none */
	uint8_t previous[32]; /* its h */
	uint8_t box[129];     /* ECIES_BOX_SIZE */
};

/* Read a SEAL_KEY record. -EBADMSG. */
int seal_key_read(const struct spool_view *view, struct seal_key *key);

#endif

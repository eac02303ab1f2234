#ifndef SPOOL_VERIFY_H
#define SPOOL_VERIFY_H

#include "base/err.h"
#include "spool/anchor.h"
#include "spool/seal.h"

/*
 * Judge an audit trail: every line against its chain, every seal against what it seals and, with
 * the auditor's key, against its tag, all of it against what the collector received. Every byte may
 * be an attacker's: nothing is trusted but the auditor's key and the collector's file.
 */

/* What can be found; verify.c has a row for each with its word, its meaning, and whether it is bad.
 */
enum verify_kind {
	VERIFY_LINE,
	VERIFY_HASH,
	VERIFY_SEGMENT,
	VERIFY_BACK,
	VERIFY_FORK,
	VERIFY_SEAL_MISSING,
	VERIFY_SEAL_WRONG,
	VERIFY_KEY_WRONG,
	VERIFY_UNSEALED,
	VERIFY_CUT,
	VERIFY_TRUNCATED,
	VERIFY_MISSING,
	VERIFY_DIFFERS,
	VERIFY_UNDELIVERED,
	/* notes */
	VERIFY_TORN,
	VERIFY_TAIL,
	VERIFY_RECOVERED,
	VERIFY_RESUMED,
	VERIFY_GAP,
	VERIFY_UNPROVEN,
	VERIFY_LOST_TAIL,
	VERIFY_KIND_COUNT
};

struct verify_row {
	const char *name; /* "bad-hash" */
	const char *help;
	bool bad;
};
extern const struct verify_row verify_rows[VERIFY_KIND_COUNT];

/* How often something was found, and where first. */
struct verify_finding {
	uint64_t count;
	uint64_t n;
	uint64_t boot;
};

struct verify {
	/* The caller's: NULL, or the auditor's key opens the box of @key. -EBADMSG: not for it. */
	int (*open_box)(void *context, uint64_t boot, const struct seal_key *key,
			uint8_t secret[32]);
	void *context;
	struct anchor *anchor; /* NULL: none */

	/* The verdict. */
	struct verify_finding found[VERIFY_KIND_COUNT];
	uint64_t records;
	uint64_t seals;
	uint64_t proven; /* seals whose tag was right */
	uint64_t boots;
	uint64_t undated; /* records without a time */
	uint64_t first_n;
	uint64_t last_n;
	uint32_t segments;

	/* Where the walk stands. */
	bool anchored; /* head is known */
	bool sealing;  /* a SEAL_KEY was seen */
	bool has_key;
	bool has_epoch;
	bool stopped; /* the last word of the boot was RECORDER_STOP */
	uint8_t head[32];
	uint8_t key[32];
	uint8_t previous[32];
	uint64_t epoch; /* of the next seal */
	uint64_t unsealed;
	uint64_t boot;
	uint64_t boot_us;
};

/* Walk the segments of @dir_fd and then compare with the anchor. 0: v holds the verdict. -errno:
 * there was nothing to judge. */
int verify_run(struct verify *v, int dir_fd, struct err *err);

/* Nothing that is bad was found. */
bool verify_holds(const struct verify *v);

/* For anchor.c. */
void verify_find(struct verify *v, enum verify_kind kind, uint64_t count, uint64_t n,
		 uint64_t boot);

#endif

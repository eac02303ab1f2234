#include "spool/verify.h"

#include <errno.h>
#include <string.h>

#include "crypto/hmac.h"
#include "spool/segment.h"

/* A recorder seals right behind the record that is due; a few more come when a disk is full. */
#define UNSEALED_MOST (SEAL_RECORDS + 64)

/* clang-format off */
const struct verify_row verify_rows[VERIFY_KIND_COUNT] = {
	[VERIFY_LINE] = {"bad-line", "not a line that the recorder wrote", true},
	[VERIFY_HASH] = {"bad-hash", "changed, removed, added or moved: the hash does not follow from the record before", true},
	[VERIFY_SEGMENT] = {"segment-missing", "a segment between two others is gone", true},
	[VERIFY_BACK] = {"back", "n falls: an older state of the device went on", true},
	[VERIFY_FORK] = {"fork", "two boots go on from the same record: the state disk was copied or restored", true},
	[VERIFY_SEAL_MISSING] = {"seal-missing", "a seal that must be there is not", true},
	[VERIFY_SEAL_WRONG] = {"seal-wrong", "a seal does not match what it seals, or was made with another key", true},
	[VERIFY_KEY_WRONG] = {"key-wrong", "a seal key is not for this auditor, or not the one that is due", true},
	[VERIFY_UNSEALED] = {"unsealed", "the trail is not sealed", true},
	[VERIFY_CUT] = {"cut", "a start found whole lines that were wrong and cut them away", true},
	[VERIFY_TRUNCATED] = {"truncated", "the collector has records behind the end of the trail", true},
	[VERIFY_MISSING] = {"missing", "the collector has records that the trail lacks", true},
	[VERIFY_DIFFERS] = {"differs", "the collector has another record of this number", true},
	[VERIFY_UNDELIVERED] = {"undelivered", "the collector lacks records between those it has: bartizan audit resend", true},
	[VERIFY_TORN] = {"torn", "the last line is not whole: written just now, or a power cut", false},
	[VERIFY_TAIL] = {"tail", "records behind the last seal of a recorder that did not end in order", false},
	[VERIFY_RECOVERED] = {"recovered", "a start found a torn end and cut it away", false},
	[VERIFY_RESUMED] = {"resumed", "a recorder died and its successor went on with a new key", false},
	[VERIFY_GAP] = {"gap", "records that the device itself says were lost", false},
	[VERIFY_UNPROVEN] = {"unproven", "seals whose tag was not checked: their key is not known", false},
	[VERIFY_LOST_TAIL] = {"lost-tail", "records of the last second before a power cut that only the collector has", false},
};
/* clang-format on */

void verify_find(struct verify *v, enum verify_kind kind, uint64_t count, uint64_t n, uint64_t boot)
{
	if (!v->found[kind].count) {
		v->found[kind].n = n;
		v->found[kind].boot = boot;
	}
	v->found[kind].count += count;
}

bool verify_holds(const struct verify *v)
{
	for (size_t i = 0; i < VERIFY_KIND_COUNT; i++)
		if (verify_rows[i].bad && v->found[i].count)
			return false;
	return true;
}

static void find(struct verify *v, enum verify_kind kind, const struct spool_view *view)
{
	verify_find(v, kind, 1, view->n, view->boot);
}

static void check_hash(struct verify *v, const char *line, const struct spool_view *view)
{
	uint8_t digest[SHA256_SIZE];
	struct sha256 hash;

	if (!view->has_hash) {
		find(v, VERIFY_HASH, view);
		return;
	}
	if (v->anchored) {
		sha256_init(&hash);
		sha256_update(&hash, v->head, sizeof(v->head));
		sha256_update(&hash, line, view->hashed);
		sha256_final(&hash, digest);
		if (memcmp(digest, view->hash, sizeof(digest)) != 0)
			find(v, VERIFY_HASH, view);
	}
	/* What follows is judged by what this line says: one change is one finding. */
	memcpy(v->head, view->hash, sizeof(v->head));
	v->anchored = true;
}

/* Seals before this point stand; @until: the record that says that the row of them is over. */
static void end_of_seals(struct verify *v, const struct spool_view *until)
{
	if (v->unsealed && v->sealing)
		verify_find(v, VERIFY_TAIL, v->unsealed, until->n, until->boot);
	v->unsealed = 0;
}

static void take_new_key(struct verify *v, const struct spool_view *view,
			 const struct seal_key *key, const uint8_t *secret)
{
	if (key->kind == SEAL_SEGMENT && v->has_key && secret && !hmac_equal(v->key, secret))
		find(v, VERIFY_KEY_WRONG, view);
	/* With the key of a predecessor that is known nothing need be believed. */
	if (key->kind == SEAL_SEGMENT && v->has_key)
		return;
	v->has_key = secret != NULL;
	if (secret)
		memcpy(v->key, secret, sizeof(v->key));
}

static void check_key(struct verify *v, const struct spool_view *view, const uint8_t *head,
		      bool anchored)
{
	struct seal_key key;
	uint8_t secret[32];
	bool open = false;

	if (seal_key_read(view, &key)) {
		find(v, VERIFY_KEY_WRONG, view);
		return;
	}
	if (anchored &&
	    (memcmp(key.previous, head, 32) != 0 || (v->last_n && key.previous_n != v->last_n)))
		find(v, VERIFY_KEY_WRONG, view);
	if (v->has_epoch && key.epoch != v->epoch)
		find(v, VERIFY_SEAL_MISSING, view);
	if (key.kind == SEAL_RESUME)
		find(v, VERIFY_RESUMED, view);
	if (key.kind != SEAL_SEGMENT)
		end_of_seals(v, view);
	if (v->open_box) {
		open = v->open_box(v->context, view->boot, &key, secret) == 0;
		if (!open)
			find(v, VERIFY_KEY_WRONG, view);
	}
	take_new_key(v, view, &key, open ? secret : NULL);
	explicit_bzero(secret, sizeof(secret));
	if (v->anchor && key.kind != SEAL_SEGMENT)
		(void)anchor_add_start(v->anchor,
				       &(struct anchor_start){.boot = view->boot,
							      .n = view->n,
							      .previous_n = key.previous_n},
				       key.previous);
	v->sealing = true;
	v->has_epoch = true;
	v->epoch = key.epoch;
}

static void check_tag(struct verify *v, const struct spool_view *view, const struct seal *seal,
		      const uint8_t tag[32])
{
	uint8_t wanted[32];

	if (!v->has_key) {
		find(v, VERIFY_UNPROVEN, view);
		return;
	}
	/* A key that is behind catches up: what is missing was found already. */
	for (uint64_t e = v->epoch; v->has_epoch && e < seal->epoch && e < v->epoch + SEAL_RECORDS;
	     e++)
		seal_evolve(v->key);
	seal_tag(v->key, seal, wanted);
	if (hmac_equal(wanted, tag))
		v->proven++;
	else
		find(v, VERIFY_SEAL_WRONG, view);
	seal_evolve(v->key);
}

static void check_seal(struct verify *v, const struct spool_view *view, const uint8_t *head,
		       bool anchored)
{
	struct seal seal;
	uint8_t tag[32];

	if (seal_read(view, &seal, tag)) {
		find(v, VERIFY_SEAL_WRONG, view);
		return;
	}
	v->seals++;
	if ((v->has_epoch && seal.epoch != v->epoch) ||
	    (v->seals > 1 && memcmp(seal.previous, v->previous, 32) != 0))
		find(v, VERIFY_SEAL_MISSING, view);
	if (anchored && memcmp(seal.head, head, 32) != 0)
		find(v, VERIFY_SEAL_WRONG, view);
	check_tag(v, view, &seal, tag);
	memcpy(v->previous, tag, sizeof(v->previous));
	v->has_epoch = true;
	v->epoch = seal.epoch + 1;
	v->unsealed = 0;
}

static void check_event(struct verify *v, const struct spool_view *view)
{
	uint64_t number = 0;

	if (spool_span_equal(view->event, "UNSEALED")) {
		find(v, VERIFY_UNSEALED, view);
	} else if (spool_span_equal(view->event, "RECOVERED")) {
		(void)spool_line_number(view, "whole_lines", &number);
		find(v, number ? VERIFY_CUT : VERIFY_RECOVERED, view);
	} else if (spool_span_equal(view->event, "GAP")) {
		(void)spool_line_number(view, "count", &number);
		verify_find(v, VERIFY_GAP, number, view->n, view->boot);
	}
}

/* A boot that says nothing of seals, where the one before was sealed. */
static void check_boot(struct verify *v, const struct spool_view *view)
{
	if (view->boot == v->boot)
		return;
	v->boots++;
	if (v->sealing && !spool_span_equal(view->event, "SEAL_KEY") &&
	    !spool_span_equal(view->event, "UNSEALED"))
		find(v, VERIFY_SEAL_MISSING, view);
	v->boot = view->boot;
}

static void check_line(struct verify *v, const char *line, size_t size)
{
	struct spool_view view;
	uint8_t head[32];
	bool anchored = v->anchored;

	if (spool_line_parse(line, size, &view)) {
		verify_find(v, VERIFY_LINE, 1, v->last_n + 1, v->boot);
		return;
	}
	memcpy(head, v->head, sizeof(head));
	check_hash(v, line, &view);
	if (v->anchor)
		anchor_compare(v->anchor, v, &view);
	if (view.n <= v->last_n)
		find(v, VERIFY_BACK, &view);
	check_boot(v, &view);
	if (spool_span_equal(view.event, "SEAL_KEY"))
		check_key(v, &view, head, anchored);
	else
		check_event(v, &view);
	if (spool_span_equal(view.event, "SEAL"))
		check_seal(v, &view, head, anchored);
	else if (++v->unsealed == UNSEALED_MOST && v->sealing)
		find(v, VERIFY_SEAL_MISSING, &view);
	v->records++;
	v->undated += view.time.size == 0;
	v->first_n = v->first_n ? v->first_n : view.n;
	v->last_n = view.n > v->last_n ? view.n : v->last_n;
	v->boot_us = view.boot_us;
}

static int check_segment(struct verify *v, int dir_fd, uint32_t number, bool newest)
{
	struct segment_lines lines;
	const char *line = NULL;
	size_t size = 0;
	int r = segment_lines_open(&lines, dir_fd, number);

	if (r)
		return r;
	while ((r = segment_lines_next(&lines, &line, &size)) == 0)
		check_line(v, line, size);
	if (lines.used > lines.at)
		verify_find(v, newest ? VERIFY_TORN : VERIFY_LINE, 1, v->last_n + 1, v->boot);
	segment_lines_close(&lines);
	return r == -ENOENT ? 0 : r;
}

int verify_run(struct verify *v, int dir_fd, struct err *err)
{
	struct spool_range range;
	uint32_t number = 0;
	int r = spool_segment_range(dir_fd, &range);

	if (r)
		return err_set(err, -r,
			       r == -ENOENT ? "no segment of an audit trail is there"
					    : "the directory cannot be read");
	/* The very first line of a trail follows 32 zero bytes; of another segment whose
	 * predecessors were rotated away the first hash is taken as it is: its seals tell. */
	v->anchored = range.first == 1;
	v->segments = range.count;
	for (uint32_t before = range.first - 1; spool_segment_after(dir_fd, before, &number) == 0;
	     before = number) {
		if (before >= range.first && number != before + 1)
			verify_find(v, VERIFY_SEGMENT, number - before - 1, v->last_n + 1, v->boot);
		r = check_segment(v, dir_fd, number, number == range.last);
		if (r)
			return err_sys(err, -r, "segment %08u.log", number);
	}
	if (!v->records)
		return err_set(err, ENOENT, "the audit trail holds no record");
	if (!v->sealing && !v->seals)
		verify_find(v, VERIFY_UNSEALED, 1, v->first_n, v->boot);
	if (v->anchor)
		anchor_conclude(v->anchor, v);
	explicit_bzero(v->key, sizeof(v->key));
	return 0;
}

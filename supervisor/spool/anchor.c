#include "spool/anchor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "spool/seal.h"
#include "spool/verify.h"

#define OURS         "[bartizan@32473 "
#define CHUNK        65536u
#define LINE_MAX     65536u   /* of the collector's file; a message has 2,048 */
#define LOST_TAIL_US 1000000u /* what a power cut may take: five commits */

/* Room for one more of @size bytes in *@list. */
static int grow(void **list, size_t *room, size_t count, size_t size)
{
	size_t wanted = *room ? *room * 2 : 1024;
	void *more;

	if (count < *room)
		return 0;
	more = reallocarray(*list, wanted, size);
	if (!more)
		return -ENOMEM;
	*list = more;
	*room = wanted;
	return 0;
}

/* The value of @name in our structured data, which holds no escapes: digits, hex and words. */
static bool parameter(const char *at, const char *end, const char *name, char value[80])
{
	size_t length = strlen(name);

	for (; at < end && *at != ']'; at++) {
		const char *stop;

		if ((size_t)(end - at) < length + 3 || at[-1] != ' ' ||
		    memcmp(at, name, length) != 0 || at[length] != '=' || at[length + 1] != '"')
			continue;
		at += length + 2;
		stop = memchr(at, '"', (size_t)(end - at));
		if (!stop || stop - at >= 80)
			return false;
		memcpy(value, at, (size_t)(stop - at));
		value[stop - at] = '\0';
		return true;
	}
	return false;
}

static bool number_of(const char *at, const char *end, const char *name, uint64_t *number)
{
	char text[80];

	return parameter(at, end, name, text) && str_u64(text, 0, UINT64_MAX, number) == 0;
}

static bool boot_of(const char *at, const char *end, uint64_t *boot)
{
	uint8_t bytes[8];
	char text[80];

	if (!parameter(at, end, "b", text) || str_unhex(text, bytes, sizeof(bytes)))
		return false;
	*boot = 0;
	for (size_t i = 0; i < sizeof(bytes); i++)
		*boot = *boot << 8 | bytes[i];
	return true;
}

/* A boot that was not seen before and begins with a number that was: its disk is an older one. */
static void check_back(struct anchor *a, const struct anchor_entry *entry)
{
	if (a->boot_count && a->boots[a->boot_count - 1] == entry->boot)
		goto known;
	for (size_t i = 0; i < a->boot_count; i++)
		if (a->boots[i] == entry->boot)
			goto known; /* sent again */
	if (a->boot_count == ANCHOR_BOOTS)
		goto known; /* not remembered: who knows whether it is new */
	if (a->count && entry->n <= a->greatest_n && !a->back_n) {
		a->back_n = entry->n;
		a->back_boot = entry->boot;
	}
	a->boots[a->boot_count++] = entry->boot;
known:
	a->greatest_n = entry->n > a->greatest_n ? entry->n : a->greatest_n;
}

int anchor_add_start(struct anchor *a, const struct anchor_start *start, const uint8_t previous[32])
{
	void *list = a->starts;
	int r = grow(&list, &a->start_room, a->start_count, sizeof(*a->starts));

	a->starts = list;
	if (r)
		return r;
	a->starts[a->start_count] = *start;
	memcpy(a->starts[a->start_count++].previous, previous, 32);
	return 0;
}

/* MSG of a SEAL_KEY message. */
static void take_start(struct anchor *a, const struct anchor_entry *entry, const char *at,
		       const char *end)
{
	static const char before[] = "] \xef\xbb\xbf";
	const char *message = memmem(at, (size_t)(end - at), before, sizeof(before) - 1);
	struct spool_view view = {.event = {"SEAL_KEY", 8}, .boot = entry->boot, .n = entry->n};
	struct seal_key key;

	if (!message)
		return;
	view.fields.at = message + sizeof(before) - 1;
	view.fields.size = (size_t)(end - view.fields.at);
	if (seal_key_read(&view, &key) == 0 && key.kind != SEAL_SEGMENT)
		(void)anchor_add_start(a,
				       &(struct anchor_start){.boot = entry->boot,
							      .n = entry->n,
							      .previous_n = key.previous_n},
				       key.previous);
}

bool anchor_take(struct anchor *a, const char *line, size_t size)
{
	const char *end = line + size;
	const char *at = memmem(line, size, OURS, sizeof(OURS) - 1);
	struct anchor_entry entry = {0};
	void *list = a->entries;
	char text[80];

	if (!at || !memmem(line, (size_t)(at - line), ">1 ", 3)) {
		a->foreign++;
		return false;
	}
	at += sizeof(OURS) - 1;
	if (!number_of(at, end, "n", &entry.n) || !boot_of(at, end, &entry.boot) ||
	    !number_of(at, end, "m", &entry.boot_us) || !parameter(at, end, "h", text) ||
	    str_unhex(text, entry.hash, sizeof(entry.hash)) ||
	    grow(&list, &a->room, a->count, sizeof(*a->entries)))
		return false;
	a->entries = list;
	if (memmem(line, (size_t)(at - line), " SEAL_KEY [", 11))
		take_start(a, &entry, at, end);
	check_back(a, &entry);
	a->entries[a->count++] = entry;
	return true;
}

static int compare(const void *one, const void *other)
{
	const struct anchor_entry *a = one;
	const struct anchor_entry *b = other;

	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	if (a->boot != b->boot)
		return a->boot < b->boot ? -1 : 1;
	return memcmp(a->hash, b->hash, sizeof(a->hash));
}

void anchor_sort(struct anchor *a)
{
	size_t kept = 0;

	if (a->count)
		qsort(a->entries, a->count, sizeof(*a->entries), compare);
	for (size_t i = 0; i < a->count; i++)
		if (!kept || compare(&a->entries[kept - 1], &a->entries[i]) != 0)
			a->entries[kept++] = a->entries[i];
	a->count = kept;
}

int anchor_read(struct anchor *a, int fd)
{
	char *buffer = malloc(LINE_MAX + CHUNK);
	size_t used = 0;
	ssize_t n;
	int r;

	if (!buffer)
		return -ENOMEM;
	while ((n = read(fd, buffer + used, CHUNK)) > 0) {
		char *start = buffer;
		char *end;

		used += (size_t)n;
		while ((end = memchr(start, '\n', used - (size_t)(start - buffer)))) {
			(void)anchor_take(a, start, (size_t)(end - start));
			start = end + 1;
		}
		used -= (size_t)(start - buffer);
		memmove(buffer, start, used);
		if (used > LINE_MAX)
			used = 0; /* longer than any message */
	}
	r = n < 0 ? -errno : 0;
	if (n == 0 && used)
		(void)anchor_take(a, buffer, used);
	free(buffer);
	anchor_sort(a);
	return r;
}

void anchor_free(struct anchor *a)
{
	free(a->entries);
	free(a->starts);
	*a = (struct anchor){0};
}

/* The collector has this one and the trail has not. @v stands at the last record before it. */
static void judge_missing(struct verify *v, const struct anchor_entry *entry, bool behind)
{
	if (behind)
		verify_find(v, VERIFY_TRUNCATED, 1, entry->n, entry->boot);
	else if (entry->boot == v->boot && entry->boot_us <= v->boot_us + LOST_TAIL_US)
		verify_find(v, VERIFY_LOST_TAIL, 1, entry->n, entry->boot);
	else
		verify_find(v, VERIFY_MISSING, 1, entry->n, entry->boot);
}

void anchor_compare(struct anchor *a, struct verify *v, const struct spool_view *view)
{
	bool is_there = false;

	for (; a->at < a->count && a->entries[a->at].n <= view->n; a->at++) {
		const struct anchor_entry *entry = &a->entries[a->at];

		/* Older than the trail: rotated away. */
		if (!v->records && entry->n < view->n)
			continue;
		if (entry->n < view->n)
			judge_missing(v, entry, false);
		else if (entry->boot != view->boot)
			verify_find(v, VERIFY_FORK, 1, entry->n, entry->boot);
		else if (!view->has_hash || memcmp(entry->hash, view->hash, 32) != 0)
			verify_find(v, VERIFY_DIFFERS, 1, entry->n, entry->boot);
		is_there |= entry->n == view->n;
	}
	if (!is_there && a->count && view->n > a->entries[0].n &&
	    view->n < a->entries[a->count - 1].n)
		verify_find(v, VERIFY_UNDELIVERED, 1, view->n, view->boot);
}

static int compare_starts(const void *one, const void *other)
{
	const struct anchor_start *a = one;
	const struct anchor_start *b = other;

	if (a->previous_n != b->previous_n)
		return a->previous_n < b->previous_n ? -1 : 1;
	return memcmp(a->previous, b->previous, sizeof(a->previous));
}

void anchor_conclude(struct anchor *a, struct verify *v)
{
	for (; a->at < a->count; a->at++)
		judge_missing(v, &a->entries[a->at], true);
	if (a->back_n)
		verify_find(v, VERIFY_BACK, 1, a->back_n, a->back_boot);
	if (a->start_count)
		qsort(a->starts, a->start_count, sizeof(*a->starts), compare_starts);
	for (size_t i = 1; i < a->start_count; i++) {
		const struct anchor_start *one = &a->starts[i - 1];
		const struct anchor_start *other = &a->starts[i];

		if (one->previous_n && compare_starts(one, other) == 0 &&
		    (one->boot != other->boot || one->n != other->n))
			verify_find(v, VERIFY_FORK, 1, other->n, other->boot);
	}
}

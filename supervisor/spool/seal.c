#include "spool/seal.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "crypto/base64.h"
#include "crypto/ecies.h"
#include "crypto/hmac.h"

_Static_assert(BASE64_TEXT_SIZE(ECIES_BOX_SIZE) == SEAL_KEY_TEXT, "the text of a box");
_Static_assert(sizeof(((struct seal_key *)0)->box) == ECIES_BOX_SIZE, "the size of a box");

static void add_number(uint8_t *at, uint64_t number)
{
	for (int i = 7; i >= 0; i--, number >>= 8)
		at[i] = (uint8_t)number;
}

void seal_tag(const uint8_t key[32], const struct seal *seal, uint8_t tag[32])
{
	static const char what[16] = "bartizan seal 1";
	uint8_t bytes[sizeof(what) + 5 * 8 + 64];

	memcpy(bytes, what, sizeof(what));
	add_number(bytes + 16, seal->boot);
	add_number(bytes + 24, seal->n);
	add_number(bytes + 32, seal->epoch);
	add_number(bytes + 40, seal->mono_us);
	add_number(bytes + 48, seal->real_us);
	memcpy(bytes + 56, seal->head, 32);
	memcpy(bytes + 88, seal->previous, 32);
	hmac_of(key, 32, bytes, sizeof(bytes), tag);
}

void seal_evolve(uint8_t key[32])
{
	uint8_t bytes[2 + 32] = {'e', 'v'};

	memcpy(bytes + 2, key, 32);
	sha256_of(bytes, sizeof(bytes), key);
	explicit_bzero(bytes, sizeof(bytes));
}

void seal_context(uint64_t boot, uint64_t epoch, uint8_t context[SEAL_CONTEXT_SIZE])
{
	add_number(context, boot);
	add_number(context + 8, epoch);
}

int seal_read(const struct spool_view *view, struct seal *seal, uint8_t tag[32])
{
	struct seal s = {.boot = view->boot, .n = view->n};

	if (!spool_span_equal(view->event, "SEAL") || spool_line_number(view, "epoch", &s.epoch) ||
	    spool_line_hash(view, "head", s.head) ||
	    spool_line_hash(view, "previous", s.previous) ||
	    spool_line_number(view, "mono_us", &s.mono_us) ||
	    spool_line_number(view, "real_us", &s.real_us) || spool_line_hash(view, "tag", tag))
		return -EBADMSG;
	*seal = s;
	return 0;
}

const char *seal_kind_name(enum seal_kind kind)
{
	static const char *const names[] = {"boot", "resume", "segment"};

	_Static_assert(ARRAY_SIZE(names) == SEAL_KIND_COUNT, "one name per kind");
	return (unsigned int)kind < SEAL_KIND_COUNT ? names[kind] : "?";
}

static int read_kind(const struct spool_view *view, enum seal_kind *kind)
{
	struct spool_span span;

	if (spool_line_member(view, "kind", &span))
		return -EBADMSG;
	for (unsigned int i = 0; i < SEAL_KIND_COUNT; i++) {
		if (!spool_span_equal(span, seal_kind_name((enum seal_kind)i)))
			continue;
		*kind = (enum seal_kind)i;
		return 0;
	}
	return -EBADMSG;
}

static int read_box(const struct spool_view *view, uint8_t box[ECIES_BOX_SIZE])
{
	struct spool_span span;
	size_t size = 0;

	if (spool_line_member(view, "key", &span) || span.size != SEAL_KEY_TEXT - 1 ||
	    base64_decode(span.at, span.size, box, ECIES_BOX_SIZE, &size) || size != ECIES_BOX_SIZE)
		return -EBADMSG;
	return 0;
}

int seal_key_read(const struct spool_view *view, struct seal_key *key)
{
	struct seal_key k = {.kind = SEAL_BOOT};

	if (!spool_span_equal(view->event, "SEAL_KEY") || read_kind(view, &k.kind) ||
	    spool_line_number(view, "boots", &k.boots) ||
	    spool_line_number(view, "epoch", &k.epoch) ||
	    spool_line_number(view, "previous_n", &k.previous_n) ||
	    spool_line_hash(view, "previous", k.previous) || read_box(view, k.box))
		return -EBADMSG;
	*key = k;
	return 0;
}

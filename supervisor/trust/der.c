#include "trust/der.h"

#include "trust/refuse.h"

#define DEPTH_MAX   24
#define CONSTRUCTED 0x20
#define LONG_TAG    0x1f

struct walk {
	const uint8_t *bytes;
	size_t at;
	size_t ends[DEPTH_MAX + 1]; /* where the open values end, outermost first */
	int depth;
};

static int bad(const struct walk *w, struct err *err)
{
	return REFUSE(err, EBADMSG, "sign with `openssl smime -sign -binary -noattr -outform DER`",
		      "signature is not DER at byte %zu", w->at);
}

/* Length octets of X.690 10.1: the definite form, encoded in the minimum number of octets. */
static int read_length(struct walk *w, size_t end, size_t *length)
{
	size_t count;

	if (w->at == end)
		return -EBADMSG;
	*length = w->bytes[w->at++];
	if (*length < 0x80)
		return 0;
	count = *length & 0x7f;
	if (count == 0 || count > 3 || count > end - w->at || w->bytes[w->at] == 0)
		return -EBADMSG;
	*length = 0;
	for (; count; count--)
		*length = *length << 8 | w->bytes[w->at++];
	return *length < 0x80 ? -EBADMSG : 0;
}

/* One header; a constructed value is entered, a primitive one is stepped over. */
static int step(struct walk *w)
{
	size_t end = w->ends[w->depth];
	uint8_t tag = w->bytes[w->at++];
	size_t length;

	if ((tag & LONG_TAG) == LONG_TAG || read_length(w, end, &length) || length > end - w->at)
		return -EBADMSG;
	if (!(tag & CONSTRUCTED)) {
		w->at += length;
		return 0;
	}
	if (w->depth == DEPTH_MAX)
		return -EBADMSG;
	w->ends[++w->depth] = w->at + length;
	return 0;
}

int der_check(const uint8_t *bytes, size_t size, struct err *err)
{
	struct walk w = {.bytes = bytes, .ends = {size}};

	if (size == 0 || step(&w))
		return bad(&w, err);
	while (w.depth > 0) {
		if (w.at == w.ends[w.depth]) {
			w.depth--;
			continue;
		}
		if (step(&w))
			return bad(&w, err);
	}
	return w.at == size ? 0 : bad(&w, err);
}

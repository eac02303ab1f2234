#include "trust/anchors.h"

#include <string.h>

#include "base/fd.h"
#include "trust/refuse.h"

#define HINT_ANCHOR "an anchor is a PEM file of CA certificates below /etc/bartizan"

void trust_anchors_init(struct trust_anchors *a)
{
	memset(a, 0, sizeof(*a));
	a->magic = ANCHORS_MAGIC;
}

int trust_anchors_add(struct trust_anchors *a, enum anchor_kind kind, const void *bytes,
		      size_t length, struct err *err)
{
	size_t stored = kind == ANCHOR_PEM ? length + 1 : length;

	if (length == 0 || (kind == ANCHOR_SPKI && length != TRUST_DIGEST_SIZE) ||
	    (kind == ANCHOR_PEM && memchr(bytes, '\0', length)))
		return REFUSE(err, EINVAL, HINT_ANCHOR, "trust anchor is empty or not text");
	if (a->count == TRUST_SIGNERS_MAX || stored > ANCHORS_BYTES - a->used)
		return REFUSE(err, ENOSPC, HINT_ANCHOR,
			      "trust anchors are too many or too large (64 KiB)");
	memcpy(a->bytes + a->used, bytes, length);
	a->anchors[a->count].kind = kind;
	a->anchors[a->count].offset = a->used;
	a->anchors[a->count].length = (uint32_t)stored;
	a->count++;
	a->used += (uint32_t)stored;
	return 0;
}

/* A row with both a file and a key goes in as a file; the launcher compares the key (scope.c). */
static int load_one(struct trust_anchors *a, int directory, const struct trust_signer *signer,
		    struct err *err)
{
	static char text[ANCHORS_BYTES];
	ssize_t size;

	if (!signer->anchor[0])
		return trust_anchors_add(a, ANCHOR_SPKI, signer->spki, sizeof(signer->spki), err);
	size = fd_read_file(directory, signer->anchor, text, sizeof(text));
	if (size < 0)
		return err_sys(err, (int)-size, "signer %s: cannot read %s", signer->name,
			       signer->anchor);
	return trust_anchors_add(a, ANCHOR_PEM, text, (size_t)size, err);
}

int trust_anchors_load(struct trust_anchors *a, int directory, const struct trust_policy *policy,
		       struct err *err)
{
	int r = 0;

	trust_anchors_init(a);
	for (uint32_t i = 0; !r && i < policy->signer_count; i++)
		r = load_one(a, directory, &policy->signers[i], err);
	return r;
}

static int check_one(const struct trust_anchors *a, const struct trust_anchor *one)
{
	const uint8_t *bytes;

	if (one->kind >= ANCHOR_KIND_COUNT || one->length == 0 || one->length > ANCHORS_BYTES ||
	    one->offset > ANCHORS_BYTES - one->length)
		return -EBADMSG;
	bytes = a->bytes + one->offset;
	if (one->kind == ANCHOR_SPKI)
		return one->length == TRUST_DIGEST_SIZE ? 0 : -EBADMSG;
	return memchr(bytes, '\0', one->length) == bytes + one->length - 1 ? 0 : -EBADMSG;
}

int trust_anchors_validate(const struct trust_anchors *a, struct err *err)
{
	int r = a->magic == ANCHORS_MAGIC && a->count <= TRUST_SIGNERS_MAX &&
				a->used <= ANCHORS_BYTES
			? 0
			: -EBADMSG;

	for (uint32_t i = 0; !r && i < a->count; i++)
		r = check_one(a, &a->anchors[i]);
	return r ? REFUSE(err, EBADMSG, "", "trust anchors are malformed") : 0;
}

#ifndef TRUST_ANCHORS_H
#define TRUST_ANCHORS_H

#include <stddef.h>

#include "base/err.h"
#include "policy/trust_policy.h"

/*
 * What the launcher tells `verify` to trust: one entry per [signer] of trust.conf, in that order,
 * so an anchor index is a signer row. Pointer-free and of fixed size: it crosses in a sealed memfd
 * of sizeof(struct trust_anchors) bytes.
 */
#define ANCHORS_MAGIC 0x42544131u /* "BTA1" */
#define ANCHORS_BYTES 65536

enum anchor_kind {
	ANCHOR_PEM,  /* one or more CA certificates */
	ANCHOR_SPKI, /* 32 bytes: a key trusted by its digest, whoever certified it */
	ANCHOR_KIND_COUNT
};

struct trust_anchor {
	uint32_t kind; /* enum anchor_kind */
	uint32_t offset;
	uint32_t length;
};

struct trust_anchors {
	uint32_t magic;
	uint32_t count;
	uint32_t used;
	struct trust_anchor anchors[TRUST_SIGNERS_MAX];
	uint8_t bytes[ANCHORS_BYTES]; /* each PEM text with its terminator */
};

void trust_anchors_init(struct trust_anchors *a);

/* Append one entry. @bytes of a PEM entry are text without terminator. -ENOSPC: no room; -EINVAL:
 * empty, NUL inside, wrong size. */
int trust_anchors_add(struct trust_anchors *a, enum anchor_kind kind, const void *bytes,
		      size_t length, struct err *err);

/*
 * The entries of @policy, one per signer; PEM files are read below @directory. -errno of openat(2)
 * with the file's name, -ENOSPC, -EINVAL.
 */
int trust_anchors_load(struct trust_anchors *a, int directory, const struct trust_policy *policy,
		       struct err *err);

/* For a struct from another process: every entry lies inside, PEM texts are terminated. -EBADMSG.
 */
int trust_anchors_validate(const struct trust_anchors *a, struct err *err);

#endif

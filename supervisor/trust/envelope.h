#ifndef TRUST_ENVELOPE_H
#define TRUST_ENVELOPE_H

#include "trust/gpt.h"
#include "trust/signature_json.h"
#include "trust/verity.h"

/* The outside of an image: partitions and the text of the signature partition, read from one
 * descriptor with caps, nothing trusted yet. */
struct envelope {
	uint64_t file_size;
	struct gpt gpt;
	struct signature_set signatures; /* points into text */
	char text[SIGNATURE_JSON_MAX];
};

/* Errors as gpt_read() and signature_json_read(). @e is unspecified on failure (it is large: the
 * caller keeps one). */
int envelope_read(int fd, uint32_t arch, struct envelope *e, struct err *err);

/* Where verity_read() finds what it checks. */
struct verity_place envelope_verity_place(const struct gpt *gpt);

#endif

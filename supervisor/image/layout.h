#ifndef IMAGE_LAYOUT_H
#define IMAGE_LAYOUT_H

#include "trust/arch.h"
#include "trust/gpt.h"
#include "trust/verity.h"

/* Where everything lies in an image of ours (trust/README.md, "The strict profile"), and the table
 * that says so. */
#define LAYOUT_DATA_AT       20480 /* first multiple of 4096 behind the table */
#define LAYOUT_SIGNATURE_MIN 16384 /* room for a second signature without moving anything */

struct layout {
	uint32_t arch;
	char label[GPT_NAME_UNITS + 1];
	uint8_t root_hash[VERITY_DIGEST];
	uint64_t data_size; /* bytes */
	uint64_t hash_offset;
	uint64_t hash_size;
	uint64_t signature_offset;
	uint64_t signature_size;
	uint64_t file_size;
};

/* Offsets for @data_size bytes of file system and @json_size of signature text. -EINVAL: too small,
 * too large, not whole blocks. */
int layout_plan(struct layout *l, uint64_t data_size, uint64_t json_size);

/* "NAME_VERSION", cut to what GPT holds: for people and tools; what counts is signed in the
 * manifest. */
void layout_label(struct layout *l, const char *name, const char *version);

/* Protective MBR, table and backup table. The same layout always gives the same bytes. -errno. */
int layout_write(int fd, const struct layout *l, struct err *err);

#endif

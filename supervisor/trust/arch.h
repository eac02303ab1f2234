#ifndef TRUST_ARCH_H
#define TRUST_ARCH_H

#include <stdint.h>

#include "policy/policy.h"

/* The three partitions of an image, in file order. */
enum gpt_part { PART_ROOT, PART_VERITY, PART_SIGNATURE, PART_COUNT };

const char *trust_arch_name(uint32_t arch); /* "x86_64"; "?" when out of range */
int trust_arch_find(const char *name);      /* enum policy_arch or -EINVAL */

/* Partition type of the Discoverable Partitions Specification (UAPI.2), as its 16 bytes on disk. */
const uint8_t *trust_part_type(uint32_t arch, enum gpt_part part);

/* -ENOENT when @type is none of them. */
int trust_part_find(const uint8_t type[16], uint32_t *arch, enum gpt_part *part);

#endif

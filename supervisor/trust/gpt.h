#ifndef TRUST_GPT_H
#define TRUST_GPT_H

#include "base/err.h"
#include "trust/arch.h"

/*
 * GUID partition table of the strict image profile (UEFI 2.10 section 5.3, narrowed by
 * trust/README.md): header at LBA 1, revision 1.0, 128 entries of 128 bytes right behind it, both
 * checksums valid, the backup in the last sector of the file. Only partitions of the Discoverable
 * Partitions Specification, at most 16, none overlapping. The backup is never used to repair
 * anything.
 */
#define GPT_ENTRIES     128
#define GPT_ENTRY_SIZE  128
#define GPT_HEADER_SIZE 92
#define GPT_USED_MAX    16
#define GPT_NAME_UNITS  36
#define GPT_READ_ONLY   (1ULL << 60)
#define GPT_ALIGN       4096

struct gpt_partition {
	uint64_t offset; /* bytes in the file, multiple of 4096 */
	uint64_t size;   /* bytes, multiple of 4096 */
	uint64_t attributes;
	uint8_t uuid[16]; /* in the order of the text form */
	char name[GPT_NAME_UNITS + 1];
};

struct gpt {
	uint32_t sector_size;
	struct gpt_partition parts[PART_COUNT]; /* of the architecture asked for */
};

/*
 * Read the table of a file of @file_size bytes in constant memory and find the three partitions of
 * @arch. -EBADMSG: malformed or truncated; -ENOEXEC: only for another architecture; -ENOKEY: no
 * signature partition; else -errno of pread(2).
 */
int gpt_read(int fd, uint64_t file_size, uint32_t arch, struct gpt *gpt, struct err *err);

/* CRC-32 of IEEE 802.3, as GPT uses it. Start with 0; feed the result back in for more bytes. */
uint32_t gpt_crc32(uint32_t crc, const uint8_t *bytes, size_t count);

/* Between the bytes on disk (first three fields little-endian) and those of the text form; the same
 * both ways. */
void gpt_uuid_swap(const uint8_t from[16], uint8_t to[16]);

#endif

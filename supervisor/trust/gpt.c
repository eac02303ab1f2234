#include "trust/gpt.h"

#include <inttypes.h>
#include <string.h>

#include "base/fd.h"
#include "trust/bytes.h"
#include "trust/refuse.h"

#define CHUNK 4096

struct header {
	uint64_t alternate_lba;
	uint64_t first_usable;
	uint64_t last_usable;
	uint32_t entries_crc;
};

/* The state of one pass over the entries; what is used is remembered only to look for overlaps. */
struct scan {
	int fd;
	uint32_t sector_size;
	uint32_t arch;
	struct header header;
	struct gpt gpt;
	bool found[PART_COUNT];
	int other_arch; /* an architecture that is there although it was not asked for, -1: none */
	uint32_t used;
	uint64_t ranges[GPT_USED_MAX][2]; /* first and last LBA */
	bool seen[ARCH_COUNT][PART_COUNT];
};

uint32_t gpt_crc32(uint32_t crc, const uint8_t *bytes, size_t count)
{
	/* The remainders of the sixteen half bytes: small, and fast enough for 16 KiB. */
	static const uint32_t half[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};

	crc = ~crc;
	for (size_t i = 0; i < count; i++) {
		crc = half[(crc ^ bytes[i]) & 15] ^ crc >> 4;
		crc = half[(crc ^ bytes[i] >> 4) & 15] ^ crc >> 4;
	}
	return ~crc;
}

void gpt_uuid_swap(const uint8_t from[16], uint8_t to[16])
{
	static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

	for (size_t i = 0; i < 16; i++)
		to[i] = from[order[i]];
}

/* Exactly one of the two sector sizes may show a header: a file with both would mean different
 * things to different readers. */
static int find_sector_size(int fd, uint64_t file_size, uint32_t *sector_size, struct err *err)
{
	static const uint32_t sizes[] = {512, 4096};
	uint32_t found = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint8_t magic[8];
		int r;

		if (file_size < 2ULL * sizes[i])
			continue;
		r = fd_pread_exact(fd, magic, sizeof(magic), sizes[i]);
		if (r)
			return err_sys(err, -r, "cannot read the partition table");
		if (memcmp(magic, "EFI PART", sizeof(magic)) != 0)
			continue;
		if (found)
			return REFUSE(err, EBADMSG, HINT_BUILD, "image has two partition tables");
		found = sizes[i];
	}
	if (!found)
		return REFUSE(err, EBADMSG, "an image is a file made by `bartizan image build`",
			      "image has no partition table");
	*sector_size = found;
	return 0;
}

static int check_header_form(uint8_t *raw, struct err *err)
{
	uint32_t crc = le32_get(raw + 16);

	if (le32_get(raw + 8) != 0x00010000u || le32_get(raw + 12) != GPT_HEADER_SIZE ||
	    le32_get(raw + 20))
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "partition table: revision or header size is not that of GPT 1.0");
	le32_put(raw + 16, 0);
	if (gpt_crc32(0, raw, GPT_HEADER_SIZE) != crc)
		return REFUSE(err, EBADMSG, HINT_COPY, "partition table: header checksum is wrong");
	if (le64_get(raw + 24) != 1 || le64_get(raw + 72) != 2)
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "partition table: header or entries are not in their place");
	if (le32_get(raw + 80) != GPT_ENTRIES || le32_get(raw + 84) != GPT_ENTRY_SIZE)
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "partition table: %" PRIu32 " entries of %" PRIu32
			      " bytes, must be 128 of 128",
			      le32_get(raw + 80), le32_get(raw + 84));
	return 0;
}

static int read_header(struct scan *s, uint64_t file_size, struct err *err)
{
	uint8_t raw[GPT_HEADER_SIZE];
	uint64_t sectors = file_size / s->sector_size;
	uint64_t entries_end = 2 + GPT_ENTRIES * GPT_ENTRY_SIZE / s->sector_size;
	int r = fd_pread_exact(s->fd, raw, sizeof(raw), s->sector_size);

	if (r)
		return err_sys(err, -r, "cannot read the partition table");
	r = check_header_form(raw, err);
	if (r)
		return r;
	s->header.alternate_lba = le64_get(raw + 32);
	s->header.first_usable = le64_get(raw + 40);
	s->header.last_usable = le64_get(raw + 48);
	s->header.entries_crc = le32_get(raw + 88);
	if (s->header.alternate_lba >= sectors)
		return REFUSE(err, EBADMSG, HINT_COPY,
			      "image is truncated: its last sector is %" PRIu64
			      ", the file has %" PRIu64 " sectors of %" PRIu32,
			      s->header.alternate_lba, sectors, s->sector_size);
	if ((s->header.alternate_lba + 1) * s->sector_size != file_size)
		return REFUSE(err, EBADMSG, HINT_COPY, "image has %" PRIu64 " bytes behind its end",
			      file_size - (s->header.alternate_lba + 1) * s->sector_size);
	if (s->header.first_usable < entries_end ||
	    s->header.last_usable >= s->header.alternate_lba ||
	    s->header.first_usable > s->header.last_usable)
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "partition table: usable range is impossible");
	return 0;
}

static int decode_name(const uint8_t *raw, char name[GPT_NAME_UNITS + 1])
{
	size_t used = 0;

	for (size_t i = 0; i < GPT_NAME_UNITS; i++) {
		uint16_t unit = le16_get(raw + 2 * i);

		if (unit == 0)
			return bytes_are_zero(raw + 2 * i, 2 * (GPT_NAME_UNITS - i)) ? 0 : -EBADMSG;
		if (unit < 0x21 || unit > 0x7e)
			return -EBADMSG;
		name[used++] = (char)unit;
		name[used] = '\0';
	}
	return 0;
}

/* Room, alignment and overlap of one used entry; remembers its range. */
static int claim_range(struct scan *s, const uint8_t *raw, uint32_t number, struct err *err)
{
	uint64_t first = le64_get(raw + 32);
	uint64_t last = le64_get(raw + 40);
	uint64_t step = GPT_ALIGN / s->sector_size;

	/* Cannot be reached while there are 12 types, each allowed once; it keeps the array safe.
	 */
	if (s->used == GPT_USED_MAX)
		return REFUSE(err, EBADMSG, HINT_BUILD, "partition table: more than %d partitions",
			      GPT_USED_MAX);
	if (first > last || first < s->header.first_usable)
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "partition %" PRIu32 " has an impossible range", number);
	if (last > s->header.last_usable)
		return REFUSE(err, EBADMSG, HINT_COPY,
			      "image is truncated: partition %" PRIu32 " ends at sector %" PRIu64
			      ", the usable part at %" PRIu64,
			      number, last, s->header.last_usable);
	if (first % step || (last + 1) % step)
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "partition %" PRIu32 " is not aligned to 4096 bytes", number);
	for (uint32_t i = 0; i < s->used; i++)
		if (first <= s->ranges[i][1] && last >= s->ranges[i][0])
			return REFUSE(err, EBADMSG, HINT_BUILD,
				      "partition %" PRIu32 " overlaps another", number);
	s->ranges[s->used][0] = first;
	s->ranges[s->used][1] = last;
	s->used++;
	return 0;
}

static int take_partition(struct scan *s, const uint8_t *raw, enum gpt_part part, struct err *err)
{
	struct gpt_partition *p = &s->gpt.parts[part];

	p->offset = le64_get(raw + 32) * s->sector_size;
	p->size = (le64_get(raw + 40) + 1) * s->sector_size - p->offset;
	p->attributes = le64_get(raw + 48);
	gpt_uuid_swap(raw + 16, p->uuid);
	if (decode_name(raw + 56, p->name))
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "partition name has characters that are not printable");
	s->found[part] = true;
	return 0;
}

static int scan_entry(struct scan *s, const uint8_t *raw, uint32_t number, struct err *err)
{
	enum gpt_part part;
	uint32_t arch;
	int r;

	if (bytes_are_zero(raw, 16))
		return 0;
	r = claim_range(s, raw, number, err);
	if (r)
		return r;
	if (trust_part_find(raw, &arch, &part))
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "partition %" PRIu32 " has a type that does not belong into an image",
			      number);
	if (s->seen[arch][part])
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "partition %" PRIu32 " repeats the type of another", number);
	s->seen[arch][part] = true;
	if (arch == s->arch)
		return take_partition(s, raw, part, err);
	s->other_arch = (int)arch;
	return 0;
}

/* Checksum and entries in one pass over the same bytes: what was summed is what is used, also if
 * the file changes meanwhile. */
static int read_entries(struct scan *s, struct err *err)
{
	uint8_t chunk[CHUNK];
	uint32_t crc = 0;

	for (uint32_t at = 0; at < GPT_ENTRIES * GPT_ENTRY_SIZE; at += CHUNK) {
		int r = fd_pread_exact(s->fd, chunk, sizeof(chunk), 2ULL * s->sector_size + at);

		if (r)
			return err_sys(err, -r, "cannot read the partition table");
		crc = gpt_crc32(crc, chunk, sizeof(chunk));
		for (uint32_t i = 0; i < CHUNK; i += GPT_ENTRY_SIZE) {
			r = scan_entry(s, chunk + i, (at + i) / GPT_ENTRY_SIZE + 1, err);
			if (r)
				return r;
		}
	}
	if (crc != s->header.entries_crc)
		return REFUSE(err, EBADMSG, HINT_COPY,
			      "partition table: checksum of the entries is wrong");
	return 0;
}

static int check_found(const struct scan *s, struct err *err)
{
	if (!s->found[PART_ROOT] && s->other_arch >= 0)
		return REFUSE(err, ENOEXEC, "build the image with --arch of this device",
			      "image is for %s, this device is %s",
			      trust_arch_name((uint32_t)s->other_arch), trust_arch_name(s->arch));
	if (!s->found[PART_ROOT])
		return REFUSE(err, EBADMSG, HINT_BUILD, "image has no root partition");
	if (!s->found[PART_VERITY])
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "image has no verity partition: nothing protects its content");
	if (!s->found[PART_SIGNATURE])
		return REFUSE(err, ENOKEY, "sign it with `bartizan image sign`",
			      "no signature partition: image is unsigned");
	if (!(s->gpt.parts[PART_ROOT].attributes & GPT_READ_ONLY))
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "root partition is not marked read-only (GPT flag 60)");
	if (s->gpt.parts[PART_VERITY].offset < s->gpt.parts[PART_ROOT].offset)
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "verity partition lies before the root partition");
	return 0;
}

int gpt_read(int fd, uint64_t file_size, uint32_t arch, struct gpt *gpt, struct err *err)
{
	struct scan s = {.fd = fd, .sector_size = 512, .arch = arch, .other_arch = -1};
	int r;

	if (arch >= ARCH_COUNT)
		return err_set(err, EINVAL, "no such architecture: %" PRIu32, arch);
	r = find_sector_size(fd, file_size, &s.sector_size, err);
	if (r)
		return r;
	r = read_header(&s, file_size, err);
	if (r)
		return r;
	r = read_entries(&s, err);
	if (r)
		return r;
	r = check_found(&s, err);
	if (r)
		return r;
	s.gpt.sector_size = s.sector_size;
	*gpt = s.gpt;
	return 0;
}

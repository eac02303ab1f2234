#include "image/layout.h"

#include <string.h>
#include <unistd.h>

#include "crypto/sha256.h"
#include "trust/bytes.h"
#include "trust/refuse.h"

#define SECTOR          512
#define ENTRIES_SIZE    (GPT_ENTRIES * GPT_ENTRY_SIZE)
#define ENTRIES_SECTORS (ENTRIES_SIZE / SECTOR)
#define BACKUP_SIZE     20480 /* 33 sectors, rounded up so that the file is whole blocks */

static uint64_t round_up(uint64_t size)
{
	return (size + VERITY_BLOCK - 1) / VERITY_BLOCK * VERITY_BLOCK;
}

int layout_plan(struct layout *l, uint64_t data_size, uint64_t json_size)
{
	struct verity_shape shape;

	if (data_size % VERITY_BLOCK || verity_shape(data_size / VERITY_BLOCK, &shape))
		return -EINVAL;
	l->data_size = data_size;
	l->hash_offset = LAYOUT_DATA_AT + data_size;
	l->hash_size = shape.total * VERITY_BLOCK;
	l->signature_offset = l->hash_offset + l->hash_size;
	l->signature_size =
		json_size < LAYOUT_SIGNATURE_MIN ? LAYOUT_SIGNATURE_MIN : round_up(json_size);
	l->file_size = l->signature_offset + l->signature_size + BACKUP_SIZE;
	return 0;
}

void layout_label(struct layout *l, const char *name, const char *version)
{
	str_join(l->label, sizeof(l->label), name, "_", version);
}

static void put_name(uint8_t *at, const char *label, const char *suffix)
{
	char name[GPT_NAME_UNITS + 1];

	str_join(name, sizeof(name), label, suffix, "");
	for (size_t i = 0; name[i]; i++)
		le16_put(at + 2 * i, (uint8_t)name[i]);
}

static void put_entry(uint8_t *at, const uint8_t *type, const uint8_t uuid[16], uint64_t offset,
		      uint64_t size)
{
	memcpy(at, type, 16);
	gpt_uuid_swap(uuid, at + 16);
	le64_put(at + 32, offset / SECTOR);
	le64_put(at + 40, (offset + size) / SECTOR - 1);
	le64_put(at + 48, GPT_READ_ONLY);
}

static void put_entries(uint8_t entries[ENTRIES_SIZE], const struct layout *l)
{
	uint8_t signature_uuid[SHA256_SIZE];

	memset(entries, 0, ENTRIES_SIZE);
	sha256_of(l->root_hash, sizeof(l->root_hash), signature_uuid);
	put_entry(entries, trust_part_type(l->arch, PART_ROOT), l->root_hash, LAYOUT_DATA_AT,
		  l->data_size);
	put_entry(entries + GPT_ENTRY_SIZE, trust_part_type(l->arch, PART_VERITY),
		  l->root_hash + 16, l->hash_offset, l->hash_size);
	put_entry(entries + 2 * GPT_ENTRY_SIZE, trust_part_type(l->arch, PART_SIGNATURE),
		  signature_uuid, l->signature_offset, l->signature_size);
	put_name(entries + 56, l->label, "");
	put_name(entries + GPT_ENTRY_SIZE + 56, l->label, "_verity");
	put_name(entries + 2 * GPT_ENTRY_SIZE + 56, l->label, "_sig");
}

/* UEFI 2.10, table 5-5. The backup differs in the two positions and where its entries lie. */
static void put_header(uint8_t header[SECTOR], const struct layout *l, uint32_t entries_crc,
		       bool backup)
{
	static const uint8_t magic[] = {'E', 'F', 'I', ' ', 'P', 'A', 'R', 'T'};
	uint64_t last = l->file_size / SECTOR - 1;

	memset(header, 0, SECTOR);
	memcpy(header, magic, sizeof(magic));
	le32_put(header + 8, 0x00010000u);
	le32_put(header + 12, GPT_HEADER_SIZE);
	le64_put(header + 24, backup ? last : 1);
	le64_put(header + 32, backup ? 1 : last);
	le64_put(header + 40, LAYOUT_DATA_AT / SECTOR);
	le64_put(header + 48, last - ENTRIES_SECTORS - 1);
	gpt_uuid_swap(l->root_hash + 8, header + 56);
	le64_put(header + 72, backup ? last - ENTRIES_SECTORS : 2);
	le32_put(header + 80, GPT_ENTRIES);
	le32_put(header + 84, GPT_ENTRY_SIZE);
	le32_put(header + 88, entries_crc);
	le32_put(header + 16, gpt_crc32(0, header, GPT_HEADER_SIZE));
}

static void put_mbr(uint8_t mbr[SECTOR], const struct layout *l)
{
	uint64_t sectors = l->file_size / SECTOR - 1;

	memset(mbr, 0, SECTOR);
	mbr[448] = 2; /* starts at CHS 0/0/2 */
	mbr[450] = 0xee;
	memset(mbr + 451, 0xff, 3);
	le32_put(mbr + 454, 1);
	le32_put(mbr + 458, sectors > UINT32_MAX ? UINT32_MAX : (uint32_t)sectors);
	mbr[510] = 0x55;
	mbr[511] = 0xaa;
}

static int put(int fd, const uint8_t *bytes, size_t size, uint64_t sector, struct err *err)
{
	ssize_t n = pwrite(fd, bytes, size, (off_t)(sector * SECTOR));

	if (n != (ssize_t)size)
		return err_sys(err, n < 0 ? errno : EIO, "cannot write the partition table");
	return 0;
}

int layout_write(int fd, const struct layout *l, struct err *err)
{
	static uint8_t entries[ENTRIES_SIZE];
	uint64_t last = l->file_size / SECTOR - 1;
	uint8_t sector[SECTOR];
	uint32_t crc;
	int r;

	put_entries(entries, l);
	crc = gpt_crc32(0, entries, sizeof(entries));
	put_mbr(sector, l);
	r = put(fd, sector, sizeof(sector), 0, err);
	put_header(sector, l, crc, false);
	r = r ? r : put(fd, sector, sizeof(sector), 1, err);
	r = r ? r : put(fd, entries, sizeof(entries), 2, err);
	r = r ? r : put(fd, entries, sizeof(entries), last - ENTRIES_SECTORS, err);
	put_header(sector, l, crc, true);
	return r ? r : put(fd, sector, sizeof(sector), last, err);
}

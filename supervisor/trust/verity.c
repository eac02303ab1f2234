#include "trust/verity.h"

#include <inttypes.h>
#include <string.h>

#include "base/fd.h"
#include "trust/bytes.h"
#include "trust/refuse.h"

/* Byte offsets in struct verity_sb of cryptsetup. */
enum {
	AT_VERSION = 8,
	AT_HASH_TYPE = 12,
	AT_UUID = 16,
	AT_ALGORITHM = 32,
	AT_DATA_BLOCK_SIZE = 64,
	AT_HASH_BLOCK_SIZE = 68,
	AT_DATA_BLOCKS = 72,
	AT_SALT_SIZE = 80,
	AT_PAD = 82,
	AT_SALT = 88,
};

static const uint8_t magic[8] = "verity\0";
static const uint8_t algorithm[32] = "sha256";

int verity_shape(uint64_t data_blocks, struct verity_shape *shape)
{
	struct verity_shape s = {0};
	uint64_t below = data_blocks;
	uint64_t at = 1;

	if (data_blocks <
	    2) /* for a single block the kernel has no tree at all: its hash is the root hash */
		return -EINVAL;
	do {
		if (s.levels == VERITY_LEVELS)
			return -EINVAL;
		below = below / VERITY_PER_BLOCK + (below % VERITY_PER_BLOCK != 0);
		s.blocks[s.levels++] = below;
	} while (below > 1);
	for (uint32_t i = s.levels; i > 0; i--) { /* the kernel stores the top level first */
		s.first[i - 1] = at;
		at += s.blocks[i - 1];
	}
	s.total = at;
	*shape = s;
	return 0;
}

void verity_write(const struct verity *verity, const uint8_t uuid[16], uint8_t block[VERITY_BLOCK])
{
	memset(block, 0, VERITY_BLOCK);
	memcpy(block, magic, sizeof(magic));
	le32_put(block + AT_VERSION, 1);
	le32_put(block + AT_HASH_TYPE, 1);
	memcpy(block + AT_UUID, uuid, 16);
	memcpy(block + AT_ALGORITHM, algorithm, sizeof(algorithm));
	le32_put(block + AT_DATA_BLOCK_SIZE, VERITY_BLOCK);
	le32_put(block + AT_HASH_BLOCK_SIZE, VERITY_BLOCK);
	le64_put(block + AT_DATA_BLOCKS, verity->data_blocks);
	le16_put(block + AT_SALT_SIZE, (uint16_t)verity->salt_size);
	memcpy(block + AT_SALT, verity->salt, verity->salt_size);
}

static int check_fields(const uint8_t *block, struct err *err)
{
	uint16_t salt_size = le16_get(block + AT_SALT_SIZE);

	if (memcmp(block, magic, sizeof(magic)) != 0)
		return REFUSE(err, EBADMSG, HINT_BUILD, "verity partition has no superblock");
	if (le32_get(block + AT_VERSION) != 1 || le32_get(block + AT_HASH_TYPE) != 1)
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "verity superblock: version or hash type is not 1");
	if (memcmp(block + AT_ALGORITHM, algorithm, sizeof(algorithm)) != 0)
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "verity superblock: algorithm is not sha256");
	if (le32_get(block + AT_DATA_BLOCK_SIZE) != VERITY_BLOCK ||
	    le32_get(block + AT_HASH_BLOCK_SIZE) != VERITY_BLOCK)
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "verity superblock: block size is not 4096");
	if (salt_size != 0 && salt_size != VERITY_SALT)
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "verity superblock: salt of %u bytes, must be 32", salt_size);
	if (!bytes_are_zero(block + AT_PAD, AT_SALT - AT_PAD) ||
	    !bytes_are_zero(block + AT_SALT + salt_size, VERITY_BLOCK - AT_SALT - salt_size))
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "verity superblock: unused bytes are not zero");
	return 0;
}

int verity_read(int fd, const struct verity_place *place, struct verity *verity, struct err *err)
{
	uint8_t block[VERITY_BLOCK];
	struct verity_shape shape;
	uint64_t data_blocks;
	int r = fd_pread_exact(fd, block, sizeof(block), place->offset);

	if (r)
		return err_sys(err, -r, "cannot read the verity superblock");
	r = check_fields(block, err);
	if (r)
		return r;
	data_blocks = le64_get(block + AT_DATA_BLOCKS);
	if (place->data_size % VERITY_BLOCK || data_blocks != place->data_size / VERITY_BLOCK)
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "verity superblock: %" PRIu64
			      " data blocks, the root partition has %" PRIu64,
			      data_blocks, place->data_size / VERITY_BLOCK);
	if (verity_shape(data_blocks, &shape) || shape.total > place->hash_size / VERITY_BLOCK)
		return REFUSE(err, EBADMSG, HINT_COPY,
			      "image is truncated: the hash tree does not fit into its partition");
	verity->data_blocks = data_blocks;
	verity->salt_size = le16_get(block + AT_SALT_SIZE);
	memset(verity->salt, 0, sizeof(verity->salt));
	memcpy(verity->salt, block + AT_SALT, verity->salt_size);
	return 0;
}

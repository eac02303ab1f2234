#include "trust/verdict.h"

#include "trust/refuse.h"
#include "trust/verity.h"

/* Does a range of blocks lie inside the file, aligned? Written so that no sum can wrap. */
static bool inside(uint64_t offset, uint64_t blocks, uint64_t file_size)
{
	return offset % VERITY_BLOCK == 0 && offset <= file_size &&
	       blocks <= (file_size - offset) / VERITY_BLOCK;
}

static int check_ranges(const struct verdict *v, uint64_t file_size)
{
	struct verity_shape shape;

	if (verity_shape(v->data_blocks, &shape) || shape.total != v->hash_blocks)
		return -EBADMSG;
	if (!inside(v->data_offset, v->data_blocks, file_size) ||
	    !inside(v->hash_offset, v->hash_blocks, file_size))
		return -EBADMSG;
	return v->hash_offset >= v->data_offset + v->data_blocks * VERITY_BLOCK ? 0 : -EBADMSG;
}

static int check_signers(const struct verdict *v, uint32_t anchor_count)
{
	if (v->signer_count == 0 || v->signer_count > VERDICT_SIGNERS_MAX)
		return -EBADMSG;
	for (uint32_t i = 0; i < v->signer_count; i++)
		if (v->signers[i].anchor >= anchor_count)
			return -EBADMSG;
	return 0;
}

int verdict_validate(const struct verdict *v, uint64_t file_size, uint32_t arch,
		     uint32_t anchor_count, struct err *err)
{
	if (v->arch != arch || (v->salt_size != 0 && v->salt_size != VERITY_SALT))
		return REFUSE(err, EBADMSG, "",
			      "verdict names another architecture or an impossible salt");
	if (check_ranges(v, file_size))
		return REFUSE(err, EBADMSG, "", "verdict names ranges that are not in the file");
	if (check_signers(v, anchor_count))
		return REFUSE(err, EBADMSG, "",
			      "verdict names no signer, or one that was not asked for");
	return 0;
}

uint64_t verdict_loop_size(const struct verdict *v)
{
	return v->hash_offset - v->data_offset + v->hash_blocks * VERITY_BLOCK;
}

uint64_t verdict_hash_start(const struct verdict *v)
{
	return (v->hash_offset - v->data_offset) / VERITY_BLOCK + 1;
}

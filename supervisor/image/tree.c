#include "image/tree.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/terminal.h"
#include "crypto/sha256.h"
#include "trust/refuse.h"

/* One walk over the levels, bottom up; the two users differ only in what they do with a finished
 * block of the tree. */
struct walk {
	const struct tree *tree;
	struct verity_shape shape;
	struct sha256 salted; /* the state after the salt: every block starts from it */
	int (*done)(const struct walk *w, uint32_t level, uint64_t index,
		    const uint8_t block[VERITY_BLOCK], struct err *err);
};

static uint64_t offset_of(const struct walk *w, uint32_t level, uint64_t index)
{
	return w->tree->hash_offset + (w->shape.first[level] + index) * VERITY_BLOCK;
}

static int write_block(const struct walk *w, uint32_t level, uint64_t index,
		       const uint8_t block[VERITY_BLOCK], struct err *err)
{
	ssize_t n = pwrite(w->tree->fd, block, VERITY_BLOCK, (off_t)offset_of(w, level, index));

	if (n != VERITY_BLOCK)
		return err_sys(err, n < 0 ? errno : EIO, "cannot write the hash tree");
	return 0;
}

static int compare_block(const struct walk *w, uint32_t level, uint64_t index,
			 const uint8_t block[VERITY_BLOCK], struct err *err)
{
	uint8_t stored[VERITY_BLOCK];
	uint64_t first = index * VERITY_PER_BLOCK;
	int r = fd_pread_exact(w->tree->fd, stored, sizeof(stored), offset_of(w, level, index));

	if (r)
		return err_sys(err, -r, "cannot read the hash tree");
	for (uint64_t i = 0; i < VERITY_PER_BLOCK; i++) {
		if (memcmp(stored + i * VERITY_DIGEST, block + i * VERITY_DIGEST, VERITY_DIGEST) ==
		    0)
			continue;
		if (level == 0)
			return REFUSE(err, EBADMSG, HINT_COPY,
				      "data block %" PRIu64 " does not match the hash tree",
				      first + i);
		return REFUSE(err, EBADMSG, HINT_COPY,
			      "hash tree: block %" PRIu64 " of level %u is wrong", first + i,
			      level - 1);
	}
	return 0;
}

/* Where level @level of the tree takes its input from: the data for the lowest, the level below for
 * the others. */
static uint64_t input_offset(const struct walk *w, uint32_t level, uint64_t index)
{
	if (level == 0)
		return w->tree->data_offset + index * VERITY_BLOCK;
	return offset_of(w, level - 1, index);
}

static void hash_block(const struct walk *w, const uint8_t *block, uint8_t digest[VERITY_DIGEST])
{
	struct sha256 s = w->salted;

	sha256_update(&s, block, VERITY_BLOCK);
	sha256_final(&s, digest);
}

static int walk_block(const struct walk *w, uint32_t level, uint64_t index, uint64_t inputs,
		      struct err *err)
{
	static uint8_t batch[VERITY_PER_BLOCK * VERITY_BLOCK];
	uint8_t block[VERITY_BLOCK] = {0};
	uint64_t first = index * VERITY_PER_BLOCK;
	uint64_t left = inputs - first;
	uint64_t count = left > VERITY_PER_BLOCK ? VERITY_PER_BLOCK : left;
	int r = fd_pread_exact(w->tree->fd, batch, (size_t)(count * VERITY_BLOCK),
			       input_offset(w, level, first));

	if (r)
		return err_sys(err, -r, "cannot read the image");
	for (uint64_t i = 0; i < VERITY_PER_BLOCK && first + i < inputs; i++)
		hash_block(w, batch + i * VERITY_BLOCK, block + i * VERITY_DIGEST);
	return w->done(w, level, index, block, err);
}

static int walk_levels(struct walk *w, uint8_t root_hash[VERITY_DIGEST], struct err *err)
{
	uint64_t inputs = w->tree->verity.data_blocks;
	uint8_t top[VERITY_BLOCK];
	int r;

	sha256_init(&w->salted);
	sha256_update(&w->salted, w->tree->verity.salt, w->tree->verity.salt_size);
	for (uint32_t level = 0; level < w->shape.levels; level++) {
		for (uint64_t i = 0; i < w->shape.blocks[level]; i++) {
			r = walk_block(w, level, i, inputs, err);
			if (r)
				return r;
			if (level == 0)
				terminal_progress(w->tree->what, i + 1, w->shape.blocks[0]);
		}
		inputs = w->shape.blocks[level];
	}
	r = fd_pread_exact(w->tree->fd, top, sizeof(top), offset_of(w, w->shape.levels - 1, 0));
	if (r)
		return err_sys(err, -r, "cannot read the hash tree");
	hash_block(w, top, root_hash);
	return 0;
}

static int walk(const struct tree *t, struct walk *w, uint8_t root_hash[VERITY_DIGEST],
		struct err *err)
{
	w->tree = t;
	if (verity_shape(t->verity.data_blocks, &w->shape))
		return REFUSE(err, EBADMSG, "an image needs at least two blocks of content",
			      "content is too small or too large");
	return walk_levels(w, root_hash, err);
}

int tree_write(const struct tree *t, const uint8_t uuid[16], uint8_t root_hash[VERITY_DIGEST],
	       struct err *err)
{
	struct walk w = {.done = write_block};
	uint8_t super[VERITY_BLOCK];
	ssize_t n;

	verity_write(&t->verity, uuid, super);
	n = pwrite(t->fd, super, sizeof(super), (off_t)t->hash_offset);
	if (n != (ssize_t)sizeof(super))
		return err_sys(err, n < 0 ? errno : EIO, "cannot write the verity superblock");
	return walk(t, &w, root_hash, err);
}

int tree_check(const struct tree *t, const uint8_t root_hash[VERITY_DIGEST], struct err *err)
{
	struct walk w = {.done = compare_block};
	uint8_t found[VERITY_DIGEST];
	int r = walk(t, &w, found, err);

	if (r)
		return r;
	if (memcmp(found, root_hash, sizeof(found)) != 0)
		return REFUSE(err, EBADMSG, HINT_COPY,
			      "hash tree does not lead to the signed root hash");
	return 0;
}

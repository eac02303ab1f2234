#include "image/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "trust/refuse.h"

/* The leaf digests of an image, and its blocks in the order of their digests. */
struct leaves {
	size_t count;
	uint8_t (*digests)[VERITY_DIGEST];
	uint32_t *sorted;
};

/* qsort(3) and bsearch(3) hand nothing through. */
static const struct leaves *sorting;

static int by_digest(const void *a, const void *b)
{
	uint32_t one = *(const uint32_t *)a;
	uint32_t two = *(const uint32_t *)b;
	int order = memcmp(sorting->digests[one], sorting->digests[two], VERITY_DIGEST);

	if (order)
		return order;
	return one < two ? -1 : one > two; /* the same plan on every machine */
}

static int find_digest(const void *digest, const void *block)
{
	return memcmp(digest, sorting->digests[*(const uint32_t *)block], VERITY_DIGEST);
}

static void leaves_free(struct leaves *l)
{
	free(l->digests);
	free(l->sorted);
}

static int leaves_read(const struct source *s, struct leaves *l, struct err *err)
{
	struct tree tree = source_tree(s, "checking");
	struct verity_shape shape;
	int r = tree_check(&tree, s->signatures.root_hash, err);

	r = r ? r : verity_shape(s->verity.data_blocks, &shape);
	if (r)
		return r;
	/* Block numbers of 32 bits, and a table of digests that 32 bits can say the size of. */
	if (s->verity.data_blocks > UINT32_MAX / VERITY_DIGEST)
		return err_sys(err, EFBIG, "block digests");
	l->count = (size_t)s->verity.data_blocks;
	l->digests = calloc(l->count, VERITY_DIGEST);
	l->sorted = calloc(l->count, sizeof(*l->sorted));
	if (!l->digests || !l->sorted)
		return err_sys(err, ENOMEM, "block digests");
	r = fd_pread_exact(s->fd, l->digests, l->count * VERITY_DIGEST,
			   tree.hash_offset + shape.first[0] * VERITY_BLOCK);
	if (r)
		return err_sys(err, -r, "cannot read the hash tree");
	for (uint32_t i = 0; i < l->count; i++)
		l->sorted[i] = i;
	return 0;
}

/* The block of @old that equals block @at of @new, best the one behind @last. */
static bool find_block(const struct leaves *old, const struct leaves *new, uint64_t at,
		       uint64_t last, uint64_t *from)
{
	const uint8_t *digest = new->digests[at];
	const uint32_t *found;

	if (last + 1 < old->count && memcmp(old->digests[last + 1], digest, VERITY_DIGEST) == 0) {
		*from = last + 1;
		return true;
	}
	found = bsearch(digest, old->sorted, old->count, sizeof(*old->sorted), find_digest);
	if (!found)
		return false;
	while (found > old->sorted && memcmp(old->digests[found[-1]], digest, VERITY_DIGEST) == 0)
		found--;
	*from = *found;
	return true;
}

static void add_block(struct plan *p, uint32_t kind, uint64_t from)
{
	struct delta_extent *e = p->header.extents ? &p->extents[p->header.extents - 1] : NULL;

	p->header.literals += kind == DELTA_NEW;
	if (e && e->kind == kind && e->count < DELTA_COUNT_MAX &&
	    (kind == DELTA_NEW || e->from + e->count == from)) {
		e->count++;
		return;
	}
	p->extents[p->header.extents++] = (struct delta_extent){kind, 1, from};
}

static int plan_blocks(struct plan *p, const struct leaves *old, const struct leaves *new,
		       struct err *err)
{
	uint64_t last = UINT64_MAX - 1;

	p->extents = calloc(new->count + 1, sizeof(*p->extents));
	if (!p->extents)
		return err_sys(err, ENOMEM, "extents");
	sorting = old;
	if (old->count)
		qsort(old->sorted, old->count, sizeof(*old->sorted), by_digest);
	for (size_t at = 0; at < new->count; at++) {
		uint64_t from = 0;
		bool known = find_block(old, new, at, last, &from);

		add_block(p, known ? DELTA_COPY : DELTA_NEW, from);
		last = known ? from : last;
	}
	sorting = NULL;
	return 0;
}

static int plan_header(struct plan *p, const struct source *old, const struct source *new,
		       struct err *err)
{
	struct delta_header *h = &p->header;
	struct stat st_old;
	struct stat st_new;

	if (fstat(old->fd, &st_old) < 0 || fstat(new->fd, &st_new) < 0)
		return err_sys(err, errno, "fstat");
	if (new->gpt.parts[PART_ROOT].offset > DELTA_HEAD_MAX)
		return err_set(err, EFBIG, "content of the new image begins behind %u bytes",
			       DELTA_HEAD_MAX);
	memcpy(h->old_root_hash, old->signatures.root_hash, sizeof(h->old_root_hash));
	memcpy(h->new_root_hash, new->signatures.root_hash, sizeof(h->new_root_hash));
	h->old_blocks = old->verity.data_blocks;
	h->new_blocks = new->verity.data_blocks;
	h->data_offset = new->gpt.parts[PART_ROOT].offset;
	h->file_size = (uint64_t)st_new.st_size;
	p->file_size_old = (uint64_t)st_old.st_size;
	return 0;
}

int plan_make(struct plan *p, const struct source *old, const struct source *new, struct err *err)
{
	struct leaves a = {0};
	struct leaves b = {0};
	int r;

	memset(p, 0, sizeof(*p));
	if (old->verity.salt_size != new->verity.salt_size ||
	    memcmp(old->verity.salt, new->verity.salt, sizeof(old->verity.salt)) != 0)
		return REFUSE(err, EINVAL, "build both with `bartizan image build` and one --name",
			      "hash trees have different salts: no block is known to be the same");
	r = plan_header(p, old, new, err);
	r = r ? r : leaves_read(old, &a, err);
	r = r ? r : leaves_read(new, &b, err);
	r = r ? r : plan_blocks(p, &a, &b, err);
	leaves_free(&a);
	leaves_free(&b);
	return r;
}

void plan_free(struct plan *p)
{
	free(p->extents);
	p->extents = NULL;
}

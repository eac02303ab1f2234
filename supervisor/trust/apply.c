#include "trust/apply.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "trust/delta.h"
#include "trust/refuse.h"

#define PIECE      ((size_t)64 * DELTA_BLOCK)
#define HINT_DELTA "make the block file from the version that is active: bartizan image list"

struct state {
	const struct apply *a;
	struct delta_header header;
	uint64_t at; /* end of what is known of B's bytes that come in order */
	uint64_t told;
};

static uint8_t buffer[PIECE];

/* Exactly so much of the stream. A pipe that somebody made non-blocking is waited for. */
static int take(int fd, uint8_t *to, size_t size, struct err *err)
{
	while (size > 0) {
		struct pollfd more = {.fd = fd, .events = POLLIN};
		ssize_t n = read(fd, to, size);

		if (n < 0 && errno == EAGAIN)
			(void)poll(&more, 1, -1);
		else if (n < 0 && errno != EINTR)
			return err_sys(err, errno, "block file");
		else if (n == 0)
			return REFUSE(err, EBADMSG, "", "block file: it ends too early");
		else if (n > 0) {
			to += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

static int put(const struct state *s, const uint8_t *from, size_t size, uint64_t offset,
	       struct err *err)
{
	while (size > 0) {
		ssize_t n = pwrite(s->a->new_fd, from, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_sys(err, n ? errno : EIO, "new image");
		from += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

static void grow(struct state *s, uint64_t bytes)
{
	s->at += bytes;
	/* The last count says that all is there: not before the end was looked at. */
	if (s->a->progress && s->at - s->told >= (1u << 20) && s->at < s->header.file_size) {
		s->told = s->at;
		s->a->progress(s->a->context, s->at, s->header.file_size);
	}
}

/* @size bytes of the stream become B's at @offset. */
static int copy_stream(struct state *s, uint64_t offset, uint64_t size, struct err *err)
{
	while (size > 0) {
		size_t piece = size < PIECE ? (size_t)size : PIECE;
		int r = take(s->a->blocks_fd, buffer, piece, err);

		r = r ? r : put(s, buffer, piece, offset, err);
		if (r)
			return r;
		offset += piece;
		size -= piece;
		grow(s, piece);
	}
	return 0;
}

static int copy_old(struct state *s, uint64_t from, uint64_t offset, uint64_t size, struct err *err)
{
	while (size > 0) {
		size_t piece = size < PIECE ? (size_t)size : PIECE;
		int r = fd_pread_exact(s->a->old_fd, buffer, piece, from);

		if (r)
			return err_sys(err, -r, "block %llu of the installed image",
				       (unsigned long long)(from / DELTA_BLOCK));
		r = put(s, buffer, piece, offset, err);
		if (r)
			return r;
		from += piece;
		offset += piece;
		size -= piece;
		grow(s, piece);
	}
	return 0;
}

static int copy_extents(struct state *s, struct err *err)
{
	struct delta_walk walk = {.header = &s->header};
	uint8_t bytes[DELTA_EXTENT_SIZE];
	struct delta_extent e;

	while (delta_more(&walk)) {
		uint64_t offset = s->header.data_offset + walk.at * DELTA_BLOCK;
		int r = take(s->a->blocks_fd, bytes, sizeof(bytes), err);

		r = r ? r : delta_extent_read(&walk, bytes, &e, err);
		if (!r && e.kind == DELTA_NEW)
			r = copy_stream(s, offset, (uint64_t)e.count * DELTA_BLOCK, err);
		else if (!r)
			r = copy_old(s, e.from * DELTA_BLOCK, offset,
				     (uint64_t)e.count * DELTA_BLOCK, err);
		if (r)
			return r;
	}
	return delta_end(&walk, err);
}

/* More behind the last record is another file than the one that was described. */
static int check_end(const struct state *s, struct err *err)
{
	uint8_t byte;
	struct err none = {0};

	if (take(s->a->blocks_fd, &byte, 1, &none) != -EBADMSG)
		return REFUSE(err, EBADMSG, "", "block file: there is more behind its end");
	return 0;
}

int apply_run(const struct apply *a, struct err *err)
{
	struct state s = {.a = a};
	const struct delta_header *h = &s.header;
	uint8_t bytes[DELTA_HEADER_SIZE];
	off_t old_size = lseek(a->old_fd, 0, SEEK_END);
	int r = take(a->blocks_fd, bytes, sizeof(bytes), err);

	r = r ? r : delta_header_read(bytes, a->size_max, &s.header, err);
	if (r)
		return r;
	if (old_size < 0 || (uint64_t)old_size / DELTA_BLOCK != h->old_blocks ||
	    memcmp(a->old_root_hash, h->old_root_hash, sizeof(h->old_root_hash)) != 0)
		return REFUSE(err, ESTALE, HINT_DELTA,
			      "block file: it is made for another version than the active one");
	r = copy_stream(&s, 0, delta_head_size(h), err);
	r = r ? r
	      : copy_stream(&s, h->data_offset + h->new_blocks * DELTA_BLOCK, delta_tail_size(h),
			    err);
	r = r ? r : copy_extents(&s, err);
	r = r ? r : check_end(&s, err);
	if (!r && a->progress)
		a->progress(a->context, h->file_size, h->file_size);
	return r;
}

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "image/commands.h"
#include "image/plan.h"
#include "image/workdir.h"

#define COPY_CHUNK (1024 * 1024)

struct delta {
	struct source old;
	struct source new;
	struct plan plan;
	struct workdir workdir;
	const char *output;
	bool json;
};

static int open_both(struct delta *d, const struct operands *operands, struct err *err)
{
	int r = source_open(&d->old, operands->at[0], err);

	r = r ? r : source_open(&d->new, operands->at[1], err);
	return r ? r : plan_make(&d->plan, &d->old, &d->new, err);
}

static void close_both(struct delta *d)
{
	plan_free(&d->plan);
	source_close(&d->old);
	source_close(&d->new);
}

static int copy_range(int from_fd, uint64_t offset, uint64_t size, int to_fd)
{
	static uint8_t chunk[COPY_CHUNK];

	while (size) {
		size_t count = size < sizeof(chunk) ? (size_t)size : sizeof(chunk);
		int r = fd_pread_exact(from_fd, chunk, count, offset);

		r = r ? r : fd_write_all(to_fd, chunk, count);
		if (r)
			return r;
		offset += count;
		size -= count;
	}
	return 0;
}

static int write_extents(const struct delta *d, int fd)
{
	const struct delta_header *h = &d->plan.header;
	uint64_t at = h->data_offset;

	for (uint64_t i = 0; i < h->extents; i++) {
		const struct delta_extent *e = &d->plan.extents[i];
		uint64_t size = (uint64_t)e->count * DELTA_BLOCK;
		uint8_t bytes[DELTA_EXTENT_SIZE];
		int r;

		delta_extent_write(e, bytes);
		r = fd_write_all(fd, bytes, sizeof(bytes));
		if (!r && e->kind == DELTA_NEW)
			r = copy_range(d->new.fd, at, size, fd);
		if (r)
			return r;
		at += size;
		terminal_progress("writing", i + 1, h->extents);
	}
	return 0;
}

/* In the order of trust/delta.h. */
static int write_file(const struct delta *d, int fd)
{
	const struct delta_header *h = &d->plan.header;
	uint8_t header[DELTA_HEADER_SIZE];
	int r;

	delta_header_write(h, header);
	r = fd_write_all(fd, header, sizeof(header));
	r = r ? r : copy_range(d->new.fd, 0, delta_head_size(h), fd);
	r = r ? r
	      : copy_range(d->new.fd, h->file_size - delta_tail_size(h), delta_tail_size(h), fd);
	r = r ? r : write_extents(d, fd);
	return !r && fsync(fd) < 0 ? -errno : r;
}

static int write_delta(struct delta *d, struct err *err)
{
	char path[WORKDIR_PATH];
	CLEAN_FD int fd = -1;
	int r = workdir_make(&d->workdir, d->output, err);

	r = r ? r : workdir_join(&d->workdir, "delta", path, err);
	if (r)
		return r;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	r = fd < 0 ? -errno : write_file(d, fd);
	if (!r && rename(path, d->output) < 0)
		r = -errno;
	return r ? err_sys(err, -r, "cannot write %s", d->output) : 0;
}

static void report_json(const struct delta *d)
{
	const struct delta_header *h = &d->plan.header;
	char line[512] = "";
	struct text t = TEXT_IN(line);
	char hash[65];

	text_add(&t, "{");
	str_hex(hash, h->old_root_hash, sizeof(h->old_root_hash));
	text_add_json_member(&t, "from", hash);
	str_hex(hash, h->new_root_hash, sizeof(h->new_root_hash));
	text_add_json_member(&t, "to", hash);
	text_add_json_u64(&t, "oldBlocks", h->old_blocks);
	text_add_json_u64(&t, "newBlocks", h->new_blocks);
	text_add_json_u64(&t, "movedBlocks", h->literals);
	text_add_json_u64(&t, "extents", h->extents);
	text_add_json_u64(&t, "imageBytes", h->file_size);
	text_add_json_u64(&t, "deltaBytes", delta_size(h));
	text_add(&t, "}");
	(void)puts(line);
}

/* In tenths of a percent: 100 % only when it is all. */
static void print_share(const char *what, uint64_t part, uint64_t whole, const char *unit)
{
	uint64_t tenths = part * 1000 / whole;

	(void)printf("%-22s %12" PRIu64 " of %" PRIu64 " %s (%" PRIu64 ".%" PRIu64 " %%)\n", what,
		     part, whole, unit, tenths / 10, tenths % 10);
}

static void report(const struct delta *d)
{
	const struct delta_header *h = &d->plan.header;

	if (d->json) {
		report_json(d);
		return;
	}
	print_share("same blocks", h->new_blocks - h->literals, h->new_blocks,
		    "blocks of 4096 bytes");
	print_share("blocks to move", h->literals, h->new_blocks, "blocks of 4096 bytes");
	print_share("block file", delta_size(h), h->file_size, "bytes of the new image");
}

/* The frame of both commands: @write for what `delta` does and `diff` leaves out. */
static int run(const struct usage *usage, struct delta *d,
	       int (*write)(struct delta *, struct err *), int argc, char **argv)
{
	struct operands operands;
	struct err err = {0};
	int r = options_read(usage, argc, argv, &operands);

	if (r)
		return OPTIONS_EXIT(r);
	r = open_both(d, &operands, &err);
	if (!r && write)
		r = write(d, &err);
	workdir_remove(&d->workdir);
	if (!r)
		report(d);
	close_both(d);
	return r ? terminal_fail(write ? "image delta" : "image diff", &err) : EXIT_OK;
}

/* There is one command line, so the options can point at what they fill in. */
static struct delta chosen = {.old = {.fd = -1}, .new = {.fd = -1}};

int image_diff_command(int argc, char **argv)
{
	static const struct option options[] = {
		{.name = "json", .help = "answer as one JSON object", .flag = &chosen.json},
		{0},
	};
	static const struct usage usage = {
		.synopsis = "image diff OLD NEW [--json]",
		.summary = "Counts the blocks of NEW that are not in OLD, by the digests of their "
			   "hash trees: what\n"
			   "`image delta` would move.",
		.options = options,
		.least = 2,
		.most = 2,
	};

	return run(&usage, &chosen, NULL, argc, argv);
}

int image_delta_command(int argc, char **argv)
{
	static const struct option options[] = {
		{.name = "output",
		 .letter = 'o',
		 .argument = "FILE",
		 .help = "the block file",
		 .value = &chosen.output,
		 .required = true},
		{.name = "json", .help = "describe the result as JSON", .flag = &chosen.json},
		{0},
	};
	static const struct usage usage = {
		.synopsis = "image delta OLD NEW -o FILE [--json]",
		.summary = "Writes what a device that has OLD needs to make NEW, byte for byte. "
			   "The result is judged as\n"
			   "any image is: the block file itself needs no signature.",
		.options = options,
		.least = 2,
		.most = 2,
	};

	return run(&usage, &chosen, write_delta, argc, argv);
}

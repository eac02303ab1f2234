#include "image/assemble.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/terminal.h"
#include "crypto/sha256.h"
#include "image/tree.h"
#include "trust/filesystem.h"
#include "trust/image.h"
#include "trust/refuse.h"

#define COPY_CHUNK (1024 * 1024)

int assemble_open(struct assembly *a, const char *output, struct err *err)
{
	int r;

	memset(a, 0, sizeof(*a));
	a->fd = -1;
	a->output = output;
	(void)umask(022);
	r = workdir_make(&a->workdir, output, err);
	r = r ? r : workdir_join(&a->workdir, "image", a->path, err);
	if (r)
		return r;
	a->fd = open(a->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	return a->fd < 0 ? err_sys(err, errno, "%s", a->path) : 0;
}

void assemble_close(struct assembly *a)
{
	fd_close(&a->fd);
	workdir_remove(&a->workdir);
}

static int copy_chunk(const struct assembly *a, int fd, uint64_t from, uint64_t at, size_t count)
{
	static uint8_t chunk[COPY_CHUNK];
	int r = fd_pread_exact(fd, chunk, count, from);

	if (r)
		return r;
	if (lseek(a->fd, (off_t)at, SEEK_SET) < 0)
		return -errno;
	return fd_write_all(a->fd, chunk, count);
}

int assemble_data(struct assembly *a, int fd, uint64_t offset, uint64_t size, struct err *err)
{
	if (layout_plan(&a->layout, size, 0))
		return REFUSE(err, EBADMSG, "an image needs at least two blocks of content",
			      "content is not whole blocks");
	a->verity.data_blocks = size / VERITY_BLOCK;
	for (uint64_t at = 0; at < size; at += COPY_CHUNK) {
		size_t count = size - at < COPY_CHUNK ? (size_t)(size - at) : COPY_CHUNK;
		int r = copy_chunk(a, fd, offset + at, LAYOUT_DATA_AT + at, count);

		if (r)
			return err_sys(err, -r, "cannot copy the file system");
		terminal_progress("copying", at + count, size);
	}
	return filesystem_check(a->fd, LAYOUT_DATA_AT, size, err);
}

int assemble_file(struct assembly *a, const char *path, struct err *err)
{
	CLEAN_FD int data_fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (data_fd < 0 || fstat(data_fd, &st) < 0)
		return err_sys(err, errno, "%s", path);
	return assemble_data(a, data_fd, 0, (uint64_t)st.st_size, err);
}

int assemble_hash(struct assembly *a, const char *name, struct err *err)
{
	struct tree tree = {.fd = a->fd,
			    .data_offset = LAYOUT_DATA_AT,
			    .hash_offset = a->layout.hash_offset,
			    .what = "hashing"};

	a->verity.salt_size = VERITY_SALT;
	sha256_of(name, strlen(name), a->verity.salt);
	tree.verity = a->verity;
	return tree_write(&tree, a->verity.salt, a->signatures.root_hash, err);
}

static int write_signatures(struct assembly *a, struct err *err)
{
	static char text[SIGNATURE_JSON_MAX + 1];
	ssize_t length = signatures_print(&a->signatures, text, sizeof(text));
	ssize_t n;

	if (length < 0)
		return err_set(err, E2BIG, "signatures do not fit into 64 KiB");
	if (layout_plan(&a->layout, a->layout.data_size, (uint64_t)length))
		return err_set(err, EINVAL, "image is too small");
	if (ftruncate(a->fd, (off_t)a->layout.file_size) < 0)
		return err_sys(err, errno, "cannot size the image");
	n = pwrite(a->fd, text, (size_t)length, (off_t)a->layout.signature_offset);
	return n == length
		       ? 0
		       : err_sys(err, n < 0 ? errno : EIO, "cannot write the signature partition");
}

/* The device's own check with the new signer's key pinned: an image that no device would take must
 * not leave the build host. */
static int check_signed(struct assembly *a, struct err *err)
{
	static struct trust_anchors anchors;
	struct trust_request request = {.arch = a->layout.arch, .anchors = &anchors};
	struct verdict verdict;
	int r = 0;

	trust_anchors_init(&anchors);
	for (uint32_t i = 0; !r && i < a->signatures.count; i++)
		r = trust_anchors_add(&anchors, ANCHOR_SPKI, a->signatures.by[i].spki,
				      sizeof(a->signatures.by[i].spki), err);
	r = r ? r : trust_image_verify(a->fd, &request, &verdict, err);
	if (!r && verdict.signer_count != a->signatures.count)
		r = err_set(err, EKEYREJECTED, "image does not show all of its signatures");
	return r;
}

int assemble_finish(struct assembly *a, struct err *err)
{
	int r;

	memcpy(a->layout.root_hash, a->signatures.root_hash, sizeof(a->layout.root_hash));
	r = write_signatures(a, err);
	r = r ? r : layout_write(a->fd, &a->layout, err);
	if (!r && a->signatures.count)
		r = check_signed(a, err);
	if (r)
		return r;
	if (fsync(a->fd) < 0 || rename(a->path, a->output) < 0)
		return err_sys(err, errno, "cannot write %s", a->output);
	return 0;
}

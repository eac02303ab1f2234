#include "image/erofs.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "trust/bytes.h"

#define BLOCK         4096
#define SUPER_AT      1024
#define SLOT          32 /* inodes are addressed in units of 32 bytes */
#define DIRENT        12
#define DIRECTORY_MAX (4096 * BLOCK)

enum { FLAT_PLAIN = 0, FLAT_INLINE = 2 };

struct inode {
	uint32_t mode;
	uint32_t layout;
	uint64_t size;
	uint64_t data;      /* byte offset of the first whole block */
	uint64_t inline_at; /* byte offset of the tail */
};

static int bad(struct err *err, const char *what)
{
	return err_set(err, EBADMSG, "erofs: %s", what);
}

static int read_at(const struct erofs *e, void *buffer, size_t size, uint64_t at)
{
	if (at > e->size || size > e->size - at)
		return -EBADMSG;
	return fd_pread_exact(e->fd, buffer, size, e->offset + at);
}

int erofs_open(struct erofs *e, int fd, uint64_t offset, uint64_t size, struct err *err)
{
	uint8_t super[128];
	struct erofs found = {.fd = fd, .offset = offset, .size = size};

	if (read_at(&found, super, sizeof(super), SUPER_AT) || le32_get(super) != 0xe0f5e1e2u ||
	    super[12] != 12)
		return bad(err, "no superblock");
	found.root = le16_get(super + 14);
	found.meta = (uint64_t)le32_get(super + 40) * BLOCK;
	*e = found;
	return 0;
}

static int read_inode(const struct erofs *e, uint64_t number, struct inode *inode, struct err *err)
{
	uint8_t raw[64] = {0};
	uint64_t at;
	uint16_t format;
	uint16_t xattrs;
	bool extended;

	if (number > e->size / SLOT)
		return bad(err, "inode number");
	at = e->meta + number * SLOT;
	if (read_at(e, raw, 32, at))
		return bad(err, "inode lies outside");
	format = le16_get(raw);
	extended = format & 1;
	if (extended && read_at(e, raw, 64, at))
		return bad(err, "inode lies outside");
	xattrs = le16_get(raw + 2);
	inode->mode = le16_get(raw + 4);
	inode->layout = format >> 1 & 7;
	inode->size = extended ? le64_get(raw + 8) : le32_get(raw + 8);
	inode->data = (uint64_t)le32_get(raw + 16) * BLOCK;
	inode->inline_at =
		at + (extended ? 64 : 32) + (xattrs ? 12 + 4 * (uint64_t)(xattrs - 1) : 0);
	if (inode->layout != FLAT_PLAIN && inode->layout != FLAT_INLINE)
		return err_set(err, ENOTSUP, "erofs: file is compressed");
	return 0;
}

/* Up to one block of content, from where the layout has it. */
static int read_block(const struct erofs *e, const struct inode *inode, uint64_t at, uint8_t *block,
		      size_t *count)
{
	uint64_t left = inode->size - at;
	bool tail = inode->layout == FLAT_INLINE && at / BLOCK == inode->size / BLOCK;

	*count = left < BLOCK ? (size_t)left : BLOCK;
	return read_at(e, block, *count, tail ? inode->inline_at : inode->data + at);
}

/* Names of one directory block: an array of entries, then the names, the first entry's offset
 * ending the array. */
static int find_in_block(const uint8_t *block, size_t size, const char *name, size_t length,
			 uint64_t *number)
{
	size_t first = size >= DIRENT ? le16_get(block + 8) : 0;

	if (first < DIRENT || first % DIRENT || first > size)
		return -EBADMSG;
	for (size_t at = 0; at < first; at += DIRENT) {
		size_t start = le16_get(block + at + 8);
		size_t end = at + DIRENT < first ? le16_get(block + at + DIRENT + 8) : size;

		if (start < first || end > size || start > end)
			return -EBADMSG;
		end = start + strnlen((const char *)block + start, end - start);
		if (end - start == length && memcmp(block + start, name, length) == 0) {
			*number = le64_get(block + at);
			return 0;
		}
	}
	return -ENOENT;
}

static int find_name(const struct erofs *e, uint64_t directory, const char *name, size_t length,
		     uint64_t *number)
{
	uint8_t block[BLOCK];
	struct inode inode = {0};
	size_t count;

	if (read_inode(e, directory, &inode, NULL) || !S_ISDIR(inode.mode) ||
	    inode.size > DIRECTORY_MAX)
		return -EBADMSG;
	for (uint64_t at = 0; at < inode.size; at += BLOCK) {
		int r = read_block(e, &inode, at, block, &count);

		r = r ? r : find_in_block(block, count, name, length, number);
		if (r != -ENOENT)
			return r;
	}
	return -ENOENT;
}

static int find_path(const struct erofs *e, const char *path, uint64_t *number, struct err *err)
{
	const char *rest = path;

	*number = e->root;
	while (*rest) {
		size_t length = strcspn(rest, "/");
		int r = find_name(e, *number, rest, length, number);

		if (r == -ENOENT)
			return err_set(err, ENOENT, "image has no %s", path);
		if (r)
			return bad(err, "directory is malformed");
		rest += length;
		rest += *rest == '/';
	}
	return 0;
}

int erofs_read_file(const struct erofs *e, const char *path, struct erofs_text *text,
		    struct err *err)
{
	uint8_t block[BLOCK];
	struct inode inode = {0};
	uint64_t number;
	size_t count;
	int r = find_path(e, path, &number, err);

	r = r ? r : read_inode(e, number, &inode, err);
	if (r)
		return r;
	if (!S_ISREG(inode.mode))
		return bad(err, "manifest is not a regular file");
	if (inode.size >= text->size)
		return err_set(err, EFBIG, "%s has more than %zu bytes", path, text->size - 1);
	for (uint64_t at = 0; at < inode.size; at += BLOCK) {
		if (read_block(e, &inode, at, block, &count))
			return bad(err, "file lies outside");
		memcpy(text->bytes + at, block, count);
	}
	text->bytes[inode.size] = '\0';
	text->length = (size_t)inode.size;
	return 0;
}

#include "trust/filesystem.h"

#include <inttypes.h>
#include <stdbool.h>

#include "base/fd.h"
#include "trust/bytes.h"
#include "trust/refuse.h"

#define BLOCK          4096
#define EROFS_AT       1024 /* fs/erofs/erofs_fs.h: EROFS_SUPER_OFFSET */
#define EROFS_MAGIC    0xe0f5e1e2u
#define SQUASHFS_MAGIC 0x73717368u /* fs/squashfs/squashfs_fs.h */

static int check_erofs(const uint8_t *super, uint64_t size, struct err *err)
{
	uint8_t block_bits = super[12];
	uint16_t extra_devices = le16_get(super + 86);
	uint64_t blocks = le32_get(super + 36);

	if (block_bits != 12)
		return REFUSE(err, EBADMSG, HINT_BUILD, "erofs: block size is not 4096");
	if (extra_devices)
		return REFUSE(err, EBADMSG, HINT_BUILD, "erofs: content lies on other devices");
	if (blocks * BLOCK != size)
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "erofs has %" PRIu64 " bytes, the signed data %" PRIu64,
			      blocks * BLOCK, size);
	return 0;
}

static int check_squashfs(const uint8_t *super, uint64_t size, struct err *err)
{
	uint64_t used = le64_get(super + 40);

	if (used > size || size - used >= BLOCK)
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "squashfs has %" PRIu64 " bytes, the signed data %" PRIu64, used,
			      size);
	return 0;
}

int filesystem_check(int fd, uint64_t offset, uint64_t size, struct err *err)
{
	uint8_t block[BLOCK];
	int r = fd_pread_exact(fd, block, sizeof(block), offset);
	bool erofs;
	bool squashfs;

	if (r == -EIO)
		return REFUSE(err, EIO, HINT_COPY, "file system does not match its hash tree");
	if (r)
		return err_sys(err, -r, "cannot read the file system's superblock");
	erofs = le32_get(block + EROFS_AT) == EROFS_MAGIC;
	squashfs = le32_get(block) == SQUASHFS_MAGIC;
	if (erofs == squashfs)
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "root partition holds neither erofs nor squashfs");
	return erofs ? check_erofs(block + EROFS_AT, size, err) : check_squashfs(block, size, err);
}

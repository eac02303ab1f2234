#ifndef TRUST_FILESYSTEM_H
#define TRUST_FILESYSTEM_H

#include "base/err.h"

/*
 * Is there an erofs or squashfs of exactly @size bytes at @offset of @fd? Read through dm-verity
 * before the kernel's driver sees it: it binds the size, which the root hash alone does not, and
 * refuses a level of the hash tree offered as data. -EBADMSG: neither, or another size; else -errno
 * of pread(2) (-EIO: dm-verity found a changed block).
 */
int filesystem_check(int fd, uint64_t offset, uint64_t size, struct err *err);

#endif

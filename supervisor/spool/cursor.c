#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "spool/spool.h"

#define CURSOR_MAGIC 0x42435231u /* "BCR1" */

struct slot {
	uint32_t magic;
	uint32_t check; /* CRC-32 of what follows */
	uint64_t turn;
	uint64_t boot;
	uint64_t n;
	uint8_t padding[32]; /* 64 bytes: one slot is never torn by a smaller write unit */
};

static uint32_t crc32(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < size; i++) {
		crc ^= at[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static uint32_t check_of(const struct slot *slot)
{
	return crc32(&slot->turn, sizeof(*slot) - offsetof(struct slot, turn));
}

/* The newer of the two slots that are whole. */
static int newest(int fd, struct slot *slot)
{
	struct slot slots[2] = {0};
	int best = -1;

	_Static_assert(sizeof(struct slot) == 64, "two slots of 64 bytes");
	if (pread(fd, slots, sizeof(slots), 0) < 0)
		return -errno;
	for (int i = 0; i < 2; i++)
		if (slots[i].magic == CURSOR_MAGIC && slots[i].check == check_of(&slots[i]) &&
		    (best < 0 || slots[i].turn > slots[best].turn))
			best = i;
	if (best < 0)
		return -ENOENT;
	*slot = slots[best];
	return 0;
}

int spool_cursor_read(int spool_fd, uint64_t *boot, uint64_t *n)
{
	CLEAN_FD int fd =
		openat(spool_fd, "cursor", O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct slot slot = {0};
	int r = fd < 0 ? -errno : newest(fd, &slot);

	if (r)
		return r;
	*boot = slot.boot;
	*n = slot.n;
	return 0;
}

int spool_cursor_write(int spool_fd, uint64_t boot, uint64_t n)
{
	CLEAN_FD int fd = openat(spool_fd, "cursor",
				 O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0644);
	struct slot slot = {0};
	ssize_t written;

	if (fd < 0)
		return -errno;
	(void)newest(fd, &slot);
	slot = (struct slot){.magic = CURSOR_MAGIC, .turn = slot.turn + 1, .boot = boot, .n = n};
	slot.check = check_of(&slot);
	written = pwrite(fd, &slot, sizeof(slot), (off_t)(slot.turn % 2 * sizeof(slot)));
	if (written < 0)
		return -errno;
	return written == sizeof(slot) ? 0 : -EIO;
}

/* links: base ipc crypto trust mbedtls */
/* Both superblocks that are read before the kernel sees them: dm-verity's and the file system's. */
#include "image_fixture.h"
#include "trust/filesystem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t block[4096];
	static int fd = -1;
	struct verity_place place = {.data_size = 16384, .hash_size = 1 << 20};
	struct verity_shape shape;
	struct verity verity;

	if (size > sizeof(block))
		return 0;
	memset(block, 0, sizeof(block));
	memcpy(block, data, size);
	if (fd < 0)
		fd = fx_file(block, sizeof(block));
	if (pwrite(fd, block, sizeof(block), 0) != sizeof(block))
		abort();
	(void)filesystem_check(fd, 0, le64_get(block), NULL);
	if (verity_read(fd, &place, &verity, NULL))
		return 0;
	if (verity.data_blocks != 4 || verity_shape(verity.data_blocks, &shape) || shape.total != 2)
		abort();
	return 0;
}

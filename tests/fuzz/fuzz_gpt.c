/* links: base ipc crypto trust mbedtls */
/*
 * The partition table: input byte 0 says whether the checksums are made right, so that the checks
 * behind them are reached; the rest replaces header and entries of a good image.
 */
#include "image_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct err err;
	struct gpt gpt;

	if (size < 1 || size > FX_SIZE - 512)
		return 0;
	fx_make();
	memcpy(fx + 512, data + 1, size - 1);
	if (data[0] & 1)
		fx_seal();
	if (fd < 0)
		fd = fx_file(fx, FX_SIZE);
	if (pwrite(fd, fx, FX_SIZE, 0) != FX_SIZE)
		abort();
	if (gpt_read(fd, FX_SIZE, data[0] >> 1 & 3, &gpt, &err))
		return 0;
	for (int i = 0; i < PART_COUNT; i++)
		if (gpt.parts[i].offset + gpt.parts[i].size > FX_SIZE ||
		    gpt.parts[i].offset % 4096 || !gpt.parts[i].size)
			abort();
	return 0;
}

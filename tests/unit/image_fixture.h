#ifndef IMAGE_FIXTURE_H
#define IMAGE_FIXTURE_H

/*
 * A small image in a memfd, laid out by hand and apart from supervisor/image/, so that a mistake
 * there cannot hide in the tests: 512-byte sectors, root at LBA 40 (4 blocks), tree at 72 (2
 * blocks), signature at 88 (4 blocks), 40 sectors behind it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trust/bytes.h"
#include "trust/gpt.h"
#include "trust/verity.h"

#define FX_SECTORS     160
#define FX_SIZE        (FX_SECTORS * 512)
#define FX_ROOT        40
#define FX_TREE        72
#define FX_SIGNATURE   88
#define FX_DATA_BLOCKS 4

static uint8_t fx[FX_SIZE];

static uint8_t *fx_header(void)
{
	return fx + 512;
}

static uint8_t *fx_entry(int index)
{
	return fx + 1024 + 128 * index;
}

/* After any change of the table: make both checksums right again, so that the change itself is what
 * is judged. */
static void fx_seal(void)
{
	le32_put(fx_header() + 88, gpt_crc32(0, fx + 1024, 128 * 128));
	le32_put(fx_header() + 16, 0);
	le32_put(fx_header() + 16, gpt_crc32(0, fx_header(), 92));
}

static void fx_part(int index, enum gpt_part part, uint64_t first, uint64_t last)
{
	uint8_t *e = fx_entry(index);

	memcpy(e, trust_part_type(ARCH_X86_64, part), 16);
	memset(e + 16, 0xa0 + index, 16);
	le64_put(e + 32, first);
	le64_put(e + 40, last);
	le64_put(e + 48, GPT_READ_ONLY);
	memcpy(e + 56,
	       "d\0e\0m\0o\0_\0"
	       "1\0",
	       12);
}

static inline void fx_make(void)
{
	struct verity verity = {.data_blocks = FX_DATA_BLOCKS, .salt_size = 32};
	uint8_t *h = fx_header();

	memset(fx, 0, sizeof(fx));
	memcpy(h, "EFI PART", 8);
	le32_put(h + 8, 0x10000);
	le32_put(h + 12, 92);
	le64_put(h + 24, 1);
	le64_put(h + 32, FX_SECTORS - 1);
	le64_put(h + 40, 34);
	le64_put(h + 48, FX_SECTORS - 34);
	le64_put(h + 72, 2);
	le32_put(h + 80, 128);
	le32_put(h + 84, 128);
	fx_part(0, PART_ROOT, FX_ROOT, FX_TREE - 1);
	fx_part(1, PART_VERITY, FX_TREE, FX_SIGNATURE - 1);
	fx_part(2, PART_SIGNATURE, FX_SIGNATURE, FX_SIGNATURE + 31);
	verity_write(&verity, fx, fx + FX_TREE * 512);
	fx_seal();
}

/* The image, or its first @size bytes, as a file. */
static int fx_file(const uint8_t *bytes, size_t size)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		abort();
	return fd;
}

#endif

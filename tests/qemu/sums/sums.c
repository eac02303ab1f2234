/*
 * SHA-256 on the device: "ENGINE HEX" for every engine that this CPU has, over the same bytes, then
 * "chosen ENGINE". With a word behind it, as on a CPU that says that it has nothing
 * (linked with --wrap=getauxval).
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "crypto/sha256_engine.h"

#define BLOCKS 1000

unsigned long __real_getauxval(unsigned long type);
unsigned long __wrap_getauxval(unsigned long type);

static bool bare;

unsigned long __wrap_getauxval(unsigned long type)
{
	return bare ? 0 : __real_getauxval(type);
}

int main(int argc, char **argv)
{
	static uint8_t data[BLOCKS * SHA256_BLOCK + 1];

	(void)argv;
	bare = argc > 1;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	for (size_t i = 0; i < sha256_engine_count; i++) {
		uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
				     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
		uint8_t last[SHA256_BLOCK] = {0x80};
		const uint64_t bits = (uint64_t)BLOCKS * SHA256_BLOCK * 8;

		if (!sha256_engines[i].usable())
			continue;
		for (int n = 0; n < 8; n++)
			last[SHA256_BLOCK - 1 - n] = (uint8_t)(bits >> (8 * n));
		sha256_engines[i].blocks(state, data + 1, BLOCKS); /* not aligned */
		sha256_engines[i].blocks(state, last, 1);
		printf("%s ", sha256_engines[i].name);
		for (int n = 0; n < 8; n++)
			printf("%08x", state[n]);
		printf("\n");
	}
	printf("chosen %s\n", sha256_engine_best()->name);
	return 0;
}

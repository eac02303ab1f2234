#ifndef CRYPTO_SHA256_ENGINE_H
#define CRYPTO_SHA256_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of one block of SHA-256 (FIPS 180-4 section 5.2.1). */
#define SHA256_BLOCK 64

/* One way to run the compression function of FIPS 180-4 section 6.2.2 over whole blocks. */
struct sha256_engine {
	const char *name;
	bool (*usable)(void); /* does this CPU have the instructions? */
	void (*blocks)(uint32_t state[8], const uint8_t *data, size_t count);
};

/* Fastest first; the last row runs everywhere. For tests and benchmarks: all others call the best.
 */
extern const struct sha256_engine sha256_engines[];
extern const size_t sha256_engine_count;

/* The first usable row, asked of the CPU once. */
const struct sha256_engine *sha256_engine_best(void);

/* The round constants, for the rows with instructions of the CPU's own. */
extern const uint32_t sha256_constants[64];

/* aarch64: the Cryptographic Extension (Arm ARM, SHA256H), when the kernel says that it is there.
 */
bool sha256_arm_usable(void);
void sha256_arm_blocks(uint32_t state[8], const uint8_t *data, size_t count);

/* x86: the SHA extensions (Intel SDM volume 2, SHA256RNDS2). */
bool sha256_x86_usable(void);
void sha256_x86_blocks(uint32_t state[8], const uint8_t *data, size_t count);

#endif

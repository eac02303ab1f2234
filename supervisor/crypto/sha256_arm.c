#include "crypto/sha256_engine.h"

#if defined(__aarch64__)

#include <arm_neon.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>

/* The instructions are allowed in these functions only; who calls them has asked the kernel. */
#define WITH_SHA __attribute__((target("+crypto")))
#define INLINE   static inline __attribute__((always_inline, target("+crypto")))

bool sha256_arm_usable(void)
{
	return getauxval(AT_HWCAP) & HWCAP_SHA2;
}

struct words {
	uint32x4_t abcd;
	uint32x4_t efgh;
};

INLINE void four_rounds(struct words *w, uint32x4_t message, const uint32_t *k)
{
	const uint32x4_t sum = vaddq_u32(message, vld1q_u32(k));
	const uint32x4_t abcd = w->abcd;

	w->abcd = vsha256hq_u32(abcd, w->efgh, sum);
	w->efgh = vsha256h2q_u32(w->efgh, abcd, sum);
}

/* The next four words of the message schedule from the last sixteen. */
INLINE uint32x4_t schedule(uint32x4_t a, uint32x4_t b, uint32x4_t c, uint32x4_t d)
{
	return vsha256su1q_u32(vsha256su0q_u32(a, b), c, d);
}

INLINE uint32x4_t load(const uint8_t *at)
{
	return vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(at)));
}

INLINE void one_block(struct words *w, const uint8_t *data)
{
	uint32x4_t a = load(data);
	uint32x4_t b = load(data + 16);
	uint32x4_t c = load(data + 32);
	uint32x4_t d = load(data + 48);

	for (const uint32_t *k = sha256_constants;; k += 16) {
		four_rounds(w, a, k);
		four_rounds(w, b, k + 4);
		four_rounds(w, c, k + 8);
		four_rounds(w, d, k + 12);
		if (k == sha256_constants + 48)
			return;
		a = schedule(a, b, c, d);
		b = schedule(b, c, d, a);
		c = schedule(c, d, a, b);
		d = schedule(d, a, b, c);
	}
}

WITH_SHA void sha256_arm_blocks(uint32_t state[8], const uint8_t *data, size_t count)
{
	struct words w = {vld1q_u32(state), vld1q_u32(state + 4)};

	for (; count; count--, data += SHA256_BLOCK) {
		const struct words before = w;

		one_block(&w, data);
		w.abcd = vaddq_u32(w.abcd, before.abcd);
		w.efgh = vaddq_u32(w.efgh, before.efgh);
	}
	vst1q_u32(state, w.abcd);
	vst1q_u32(state + 4, w.efgh);
}

#endif

#include "crypto/sha256_engine.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

/* The instructions are allowed in these functions only; who calls them has asked the CPU. */
#define WITH_SHA __attribute__((target("sha,sse4.1,ssse3")))
#define INLINE   static inline __attribute__((always_inline, target("sha,sse4.1,ssse3")))

bool sha256_x86_usable(void)
{
	uint32_t a;
	uint32_t b;
	uint32_t c;
	uint32_t d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1))
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

/* The order in which SHA256RNDS2 wants the eight words: two registers of four. */
struct words {
	__m128i abef;
	__m128i cdgh;
};

INLINE void four_rounds(struct words *w, __m128i message, const uint32_t *k)
{
	__m128i sum = _mm_add_epi32(message, _mm_load_si128((const __m128i *)(const void *)k));

	w->cdgh = _mm_sha256rnds2_epu32(w->cdgh, w->abef, sum);
	w->abef = _mm_sha256rnds2_epu32(w->abef, w->cdgh, _mm_shuffle_epi32(sum, 0x0e));
}

/* The next four words of the message schedule from the last sixteen. */
INLINE __m128i schedule(__m128i a, __m128i b, __m128i c, __m128i d)
{
	__m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(a, b), _mm_alignr_epi8(d, c, 4));

	return _mm_sha256msg2_epu32(sum, d);
}

INLINE __m128i load(const uint8_t *at)
{
	const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);

	return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)at), big_endian);
}

INLINE void one_block(struct words *w, const uint8_t *data)
{
	__m128i a = load(data);
	__m128i b = load(data + 16);
	__m128i c = load(data + 32);
	__m128i d = load(data + 48);

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

INLINE struct words words_of(const uint32_t state[8])
{
	__m128i abcd = _mm_loadu_si128((const __m128i *)(const void *)state);
	__m128i efgh = _mm_loadu_si128((const __m128i *)(const void *)(state + 4));
	__m128i badc = _mm_shuffle_epi32(abcd, 0xb1);
	__m128i hgfe = _mm_shuffle_epi32(efgh, 0x1b);

	return (struct words){_mm_alignr_epi8(badc, hgfe, 8), _mm_blend_epi16(hgfe, badc, 0xf0)};
}

INLINE void put_words(const struct words *w, uint32_t state[8])
{
	__m128i feba = _mm_shuffle_epi32(w->abef, 0x1b);
	__m128i dchg = _mm_shuffle_epi32(w->cdgh, 0xb1);

	_mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(feba, dchg, 0xf0));
	_mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

WITH_SHA void sha256_x86_blocks(uint32_t state[8], const uint8_t *data, size_t count)
{
	struct words w = words_of(state);

	for (; count; count--, data += SHA256_BLOCK) {
		const struct words before = w;

		one_block(&w, data);
		w.abef = _mm_add_epi32(w.abef, before.abef);
		w.cdgh = _mm_add_epi32(w.cdgh, before.cdgh);
	}
	put_words(&w, state);
}

#endif

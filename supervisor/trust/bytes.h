#ifndef TRUST_BYTES_H
#define TRUST_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* On-disk numbers of GPT, dm-verity and erofs are little-endian and not aligned for us: byte by
 * byte, the same on every board. */
static inline uint16_t le16_get(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t le32_get(const uint8_t *at)
{
	return (uint32_t)le16_get(at) | (uint32_t)le16_get(at + 2) << 16;
}

static inline uint64_t le64_get(const uint8_t *at)
{
	return (uint64_t)le32_get(at) | (uint64_t)le32_get(at + 4) << 32;
}

static inline void le16_put(uint8_t *at, uint16_t number)
{
	at[0] = (uint8_t)number;
	at[1] = (uint8_t)(number >> 8);
}

static inline void le32_put(uint8_t *at, uint32_t number)
{
	le16_put(at, (uint16_t)number);
	le16_put(at + 2, (uint16_t)(number >> 16));
}

static inline void le64_put(uint8_t *at, uint64_t number)
{
	le32_put(at, (uint32_t)number);
	le32_put(at + 4, (uint32_t)(number >> 32));
}

static inline bool bytes_are_zero(const uint8_t *at, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (at[i])
			return false;
	return true;
}

#endif

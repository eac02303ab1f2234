#include "crypto/base64.h"

#include <errno.h>

#define PADDING 64 /* index of '=' */

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

static int value_of(char letter)
{
	if (letter >= 'A' && letter <= 'Z')
		return letter - 'A';
	if (letter >= 'a' && letter <= 'z')
		return letter - 'a' + 26;
	if (letter >= '0' && letter <= '9')
		return letter - '0' + 52;
	if (letter == '+')
		return 62;
	return letter == '/' ? 63 : -EINVAL;
}

/* Up to three bytes of four letters, of which the last @padding are '='. */
static int decode_group(const char *text, size_t padding, uint8_t bytes[3])
{
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		int value = i < 4 - padding ? value_of(text[i]) : 0;

		if (value < 0)
			return value;
		bits = bits << 6 | (uint32_t)value;
	}
	if ((padding == 1 && (bits & 0xff)) || (padding == 2 && (bits & 0xffff)))
		return -EINVAL;
	bytes[0] = (uint8_t)(bits >> 16);
	bytes[1] = (uint8_t)(bits >> 8);
	bytes[2] = (uint8_t)bits;
	return 0;
}

static size_t padding_of(const char *text, size_t length)
{
	if (length == 0 || text[length - 1] != '=')
		return 0;
	return text[length - 2] == '=' ? 2 : 1;
}

int base64_decode(const char *text, size_t length, uint8_t *bytes, size_t size, size_t *count)
{
	size_t padding;
	size_t total;

	if (length % 4)
		return -EINVAL;
	padding = padding_of(text, length);
	total = length / 4 * 3 - padding;
	if (total > size)
		return -EFBIG;
	for (size_t i = 0; i < length / 4; i++) {
		uint8_t group[3];
		size_t left = total - 3 * i;
		int r = decode_group(text + 4 * i, i == length / 4 - 1 ? padding : 0, group);

		if (r)
			return r;
		for (size_t j = 0; j < 3 && j < left; j++)
			bytes[3 * i + j] = group[j];
	}
	*count = total;
	return 0;
}

size_t base64_encode(char *text, const uint8_t *bytes, size_t count)
{
	size_t used = 0;

	for (size_t i = 0; i < count; i += 3) {
		uint32_t bits = (uint32_t)bytes[i] << 16;

		if (i + 1 < count)
			bits |= (uint32_t)bytes[i + 1] << 8;
		if (i + 2 < count)
			bits |= bytes[i + 2];
		text[used++] = letters[bits >> 18];
		text[used++] = letters[bits >> 12 & 63];
		text[used++] = letters[i + 1 < count ? bits >> 6 & 63 : PADDING];
		text[used++] = letters[i + 2 < count ? bits & 63 : PADDING];
	}
	text[used] = '\0';
	return used;
}

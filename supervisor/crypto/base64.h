#ifndef CRYPTO_BASE64_H
#define CRYPTO_BASE64_H

#include <stddef.h>
#include <stdint.h>

/*
 * Strict base64 (RFC 4648 section 4): no line breaks, padding required, unused bits zero, so that
 * one byte string has exactly one text. -EINVAL when @text is not that, -EFBIG when the bytes do
 * not fit into @size. *@count is untouched on failure.
 */
int base64_decode(const char *text, size_t length, uint8_t *bytes, size_t size, size_t *count);

/* Text with terminator: needs BASE64_TEXT_SIZE(count) bytes at @text. Returns its length. */
#define BASE64_TEXT_SIZE(count) (((count) + 2) / 3 * 4 + 1)
size_t base64_encode(char *text, const uint8_t *bytes, size_t count);

#endif

#include "base/str.h"

#include <errno.h>
#include <string.h>

bool str_equal(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

bool str_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *text, const char *suffix)
{
	size_t length = strlen(text);
	size_t tail = strlen(suffix);

	return length >= tail && str_equal(text + length - tail, suffix);
}

int str_copy(char *to, size_t size, const char *text)
{
	size_t length = strlen(text);

	if (length >= size)
		return -ENAMETOOLONG;
	memcpy(to, text, length + 1);
	return 0;
}

static size_t append(char *to, size_t size, size_t used, const char *text)
{
	while (*text && used + 1 < size)
		to[used++] = *text++;
	to[used] = '\0';
	return used;
}

void str_join(char *to, size_t size, const char *a, const char *b, const char *c)
{
	size_t used = append(to, size, 0, a);

	used = append(to, size, used, b);
	(void)append(to, size, used, c);
}

bool str_terminated(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

void str_sanitize(char *text, size_t size)
{
	text[size - 1] = '\0';
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7e)
			*text = '?';
}

/* Digits at the front of @text; -EINVAL when there are none, -ERANGE past 64 bits. @rest gets what
 * follows. */
static int digits(const char *text, uint64_t base, uint64_t *value, const char **rest)
{
	uint64_t sum = 0;
	const char *at = text;

	for (; *at >= '0' && *at < (char)('0' + base); at++)
		if (__builtin_mul_overflow(sum, base, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)(*at - '0'), &sum))
			return -ERANGE;
	if (at == text)
		return -EINVAL;
	*value = sum;
	*rest = at;
	return 0;
}

static int in_range(uint64_t number, uint64_t min, uint64_t max, uint64_t *value)
{
	if (number < min || number > max)
		return -ERANGE;
	*value = number;
	return 0;
}

int str_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	uint64_t number;
	const char *rest;
	int r = digits(text, 10, &number, &rest);

	if (r)
		return r;
	if (*rest || (text[0] == '0' && text[1]))
		return -EINVAL;
	return in_range(number, min, max, value);
}

struct unit {
	const char *name;
	uint64_t factor;
};

static int with_unit(const char *text, const struct unit *units, size_t count, uint64_t *value)
{
	uint64_t number;
	const char *rest;
	int r = digits(text, 10, &number, &rest);

	if (r)
		return r;
	for (size_t i = 0; i < count; i++) {
		if (!str_equal(rest, units[i].name))
			continue;
		if (__builtin_mul_overflow(number, units[i].factor, value))
			return -ERANGE;
		return 0;
	}
	return -EINVAL;
}

int str_bytes(const char *text, uint64_t min, uint64_t max, uint64_t *bytes)
{
	static const struct unit units[] = {
		{"", 1},           {"b", 1},          {"k", 1ULL << 10},  {"m", 1ULL << 20},
		{"g", 1ULL << 30}, {"K", 1ULL << 10}, {"M", 1ULL << 20},  {"G", 1ULL << 30},
		{"kB", 1000},      {"MB", 1000000},   {"GB", 1000000000},
	};
	uint64_t number;
	int r = with_unit(text, units, ARRAY_SIZE(units), &number);

	return r ? r : in_range(number, min, max, bytes);
}

int str_milliseconds(const char *text, uint64_t min, uint64_t max, uint64_t *milliseconds)
{
	static const struct unit units[] = {
		{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000},
	};
	uint64_t number = 0;
	int r = str_equal(text, "0") ? 0 : with_unit(text, units, ARRAY_SIZE(units), &number);

	return r ? r : in_range(number, min, max, milliseconds);
}

int str_thousandths(const char *text, uint64_t min, uint64_t max, uint64_t *thousandths)
{
	uint64_t whole;
	uint64_t part = 0;
	uint64_t scale = 1000;
	const char *rest;
	int r = digits(text, 10, &whole, &rest);

	if (r)
		return r;
	if (*rest == '.') {
		rest++;
		if (!*rest)
			return -EINVAL;
		for (; *rest >= '0' && *rest <= '9' && scale > 1; rest++) {
			scale /= 10;
			part += (uint64_t)(*rest - '0') * scale;
		}
	}
	if (*rest)
		return -EINVAL;
	if (__builtin_mul_overflow(whole, 1000u, &whole) ||
	    __builtin_add_overflow(whole, part, &whole))
		return -ERANGE;
	return in_range(whole, min, max, thousandths);
}

int str_bool(const char *text, bool *value)
{
	if (!str_equal(text, "yes") && !str_equal(text, "no"))
		return -EINVAL;
	*value = str_equal(text, "yes");
	return 0;
}

int str_octal(const char *text, uint64_t max, uint64_t *value)
{
	uint64_t number;
	const char *rest;
	int r = digits(text, 8, &number, &rest);

	if (r)
		return r;
	if (*rest)
		return -EINVAL;
	return in_range(number, 0, max, value);
}

static bool is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

/* Eight bytes at once; the first of them is the lowest of the word. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "every board's CPU is little-endian");
#define BYTES(byte)    (0x0101010101010101u * (byte))
#define HAS_ZERO(word) (((word)-BYTES(1u)) & ~(word))

/* The top bit of the first byte that is not plain is set, of those before it not. */
static uint64_t not_plain(uint64_t word)
{
	return (word | (word + BYTES(1u)) | HAS_ZERO(word ^ BYTES('"')) |
		HAS_ZERO(word ^ BYTES('\\')) | ((word - BYTES(0x20u)) & ~word)) &
	       BYTES(0x80u);
}

size_t str_plain(const char *bytes, size_t count)
{
	size_t run = 0;
	uint64_t word;

	for (; count - run >= sizeof(word); run += sizeof(word)) {
		memcpy(&word, bytes + run, sizeof(word));
		word = not_plain(word);
		if (word)
			return run + (size_t)__builtin_ctzll(word) / 8;
	}
	while (run < count && is_plain((unsigned char)bytes[run]))
		run++;
	return run;
}

void str_hex(char *to, const uint8_t *bytes, size_t count)
{
	static const char letters[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		to[2 * i] = letters[bytes[i] >> 4];
		to[2 * i + 1] = letters[bytes[i] & 15];
	}
	to[2 * count] = '\0';
}

/* The values of eight digits, one in each byte. What is no digit gives another text than it came
 * from: false. */
static bool unhex_word(uint64_t word, uint64_t *values)
{
	uint64_t low = (word & BYTES(0x0fu)) + 9 * (word >> 6 & BYTES(1u));
	uint64_t letters = (low + BYTES(6u)) >> 4 & BYTES(1u);

	*values = low;
	return !(low & BYTES(0xf0u)) && low + BYTES('0') + letters * ('a' - '0' - 10) == word;
}

/* The digits of four bytes; at the end of the text fewer, filled up with zeros. */
static inline uint64_t hex_word(const char *text, size_t left)
{
	uint64_t word = BYTES('0');

	if (left >= 4)
		memcpy(&word, text, sizeof(word));
	else
		memcpy(&word, text, 2 * left);
	return word;
}

/* Pairs of digits to bytes, bytes together. */
static inline uint32_t joined(uint64_t word)
{
	word = (word << 4 | word >> 8) & 0x00ff00ff00ff00ffu;
	word = (word | word >> 8) & 0x0000ffff0000ffffu;
	return (uint32_t)(word | word >> 16);
}

int str_unhex_bytes(const char *text, uint8_t *bytes, size_t count)
{
	uint64_t word;
	size_t at = 0;
	uint32_t four;

	for (size_t i = 0; i < count; i += 4)
		if (!unhex_word(hex_word(text + 2 * i, count - i), &word))
			return -EINVAL;
	for (; count - at >= sizeof(four); at += sizeof(four)) {
		(void)unhex_word(hex_word(text + 2 * at, 4), &word);
		four = joined(word);
		memcpy(bytes + at, &four, sizeof(four));
	}
	if (at == count)
		return 0;
	(void)unhex_word(hex_word(text + 2 * at, count - at), &word);
	four = joined(word);
	memcpy(bytes + at, &four, count - at);
	return 0;
}

int str_unhex(const char *text, uint8_t *bytes, size_t count)
{
	return strlen(text) == 2 * count ? str_unhex_bytes(text, bytes, count) : -EINVAL;
}

bool str_is_name(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length >= NAME_SIZE || text[0] < 'a' || text[0] > 'z')
		return false;
	for (; *text; text++)
		if (!((*text >= 'a' && *text <= 'z') || (*text >= '0' && *text <= '9') ||
		      *text == '.' || *text == '-'))
			return false;
	return true;
}

/* Classic two-pointer match: linear for the one-star patterns in use, quadratic at worst, never
 * recursive. */
bool str_glob(const char *pattern, const char *text)
{
	const char *star = NULL;
	const char *retry = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			retry = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

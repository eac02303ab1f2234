#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

bool str_equal(const char *a, const char *b);
bool str_starts(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);

/* Copy with terminator. -ENAMETOOLONG when @text does not fit; @to is then untouched. */
int str_copy(char *to, size_t size, const char *text);

/* a + b + c into @to, cut at @size - 1: for messages, where a cut text is better than none. */
void str_join(char *to, size_t size, const char *a, const char *b, const char *c);

/* True if the @size bytes of @text hold a terminator. */
bool str_terminated(const char *text, size_t size);

/* Terminate a fixed-size text from another process and replace every byte outside 0x20..0x7e by
 * '?'. */
void str_sanitize(char *text, size_t size);

/*
 * Numbers of configuration files. Whole text or nothing: no sign, no space, no octal, no hex.
 * -EINVAL: not of that form; -ERANGE: outside @min..@max. @value untouched on failure.
 */
int str_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/* Bytes: digits with optional k m g (1024) or kB MB GB (1000); Docker's words (services.md). */
int str_bytes(const char *text, uint64_t min, uint64_t max, uint64_t *bytes);

/* Time: digits with ms s m h d; a bare number is refused except 0. Result in milliseconds. */
int str_milliseconds(const char *text, uint64_t min, uint64_t max, uint64_t *milliseconds);

/* "1.5" -> 1500. At most three decimals. */
int str_thousandths(const char *text, uint64_t min, uint64_t max, uint64_t *thousandths);

/* "yes" or "no", nothing else. */
int str_bool(const char *text, bool *value);

/* Octal file mode such as 0755. */
int str_octal(const char *text, uint64_t max, uint64_t *value);

/* How many bytes at the front of @bytes stand for themselves in a JSON string: 0x20..0x7e but '"'
 * and
 * '\\'. */
size_t str_plain(const char *bytes, size_t count);

/* Lower-case hex. str_hex() needs 2 * @count + 1 bytes at @to. str_unhex(): -EINVAL unless exactly
 * @count bytes. */
void str_hex(char *to, const uint8_t *bytes, size_t count);
int str_unhex(const char *text, uint8_t *bytes, size_t count);
/* The same from the front of a text that goes on or has no terminator. */
int str_unhex_bytes(const char *text, uint8_t *bytes, size_t count);

/* Service, signer and image names: [a-z][a-z0-9.-]{0,31} (architecture.md, "Names"). */
#define NAME_SIZE 33
bool str_is_name(const char *text);

/* Glob with '*' only, for scopes such as "acme.*". */
bool str_glob(const char *pattern, const char *text);

#endif

#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A bounded text under construction in caller-owned memory. Once something did not fit, @cut stays
 * set. */
struct text {
	char *at;
	size_t size;
	size_t used;
	bool cut;
};

#define TEXT_IN(array)                                                                             \
	{                                                                                          \
		.at = (array), .size = sizeof(array)                                               \
	}

void text_add(struct text *t, const char *string);
void text_add_bytes(struct text *t, const char *bytes, size_t count);

/* Where speed counts (-O2, see toolchain/build.mk) the bytes of a literal are moved where they
 * stand in the code: every record passes some forty. */
static inline void text_add_literal(struct text *t, const char *bytes, size_t count)
{
#ifndef __OPTIMIZE_SIZE__
	if (!t->cut && count < t->size - t->used) {
		memcpy(t->at + t->used, bytes, count);
		t->used += count;
		t->at[t->used] = '\0';
		return;
	}
#endif
	text_add_bytes(t, bytes, count);
}
#define TEXT_ADD(t, literal) text_add_literal(t, literal, sizeof(literal) - 1)

void text_add_u64(struct text *t, uint64_t number);
void text_add_i64(struct text *t, int64_t number);

/*
 * JSON (RFC 8259) pieces. Strings are escaped so that any input bytes give valid ASCII-only JSON:
 * control bytes, '"', '\\' and every byte from 0x7f up that is not part of valid UTF-8 become
 * \u00XX; so do the control characters of valid UTF-8 (U+0080..U+009F, and U+2028, U+2029, which
 * end lines elsewhere); the rest of it passes through.
 */
void text_add_json_string(struct text *t, const char *bytes, size_t count);

/* `"name":` with a leading comma unless the text ends in '{' or '['. */
void text_add_json_key(struct text *t, const char *name);
void text_add_json_member(struct text *t, const char *name, const char *string);
void text_add_json_u64(struct text *t, const char *name, uint64_t number);

#endif

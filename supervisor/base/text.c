#include "base/text.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* Most pieces are a few bytes long, where a call or a string instruction costs more than the bytes:
 * two moves that overlap. */
#define LONG_PIECE 128u
static inline void copy_piece(char *to, const char *from, size_t count)
{
	if (count > LONG_PIECE) {
		memcpy(to, from, count);
	} else if (count >= 16) {
		for (size_t at = 0; at < count - 16; at += 16)
			memcpy(to + at, from + at, 16);
		memcpy(to + count - 16, from + count - 16, 16);
	} else if (count >= 8) {
		memcpy(to, from, 8);
		memcpy(to + count - 8, from + count - 8, 8);
	} else if (count >= 4) {
		memcpy(to, from, 4);
		memcpy(to + count - 4, from + count - 4, 4);
	} else if (count) {
		to[0] = from[0];
		to[count / 2] = from[count / 2];
		/* cppcheck-suppress arrayIndexOutOfBoundsCond ; a count of two comes with two */
		to[count - 1] = from[count - 1];
	}
}

void text_add_bytes(struct text *t, const char *bytes, size_t count)
{
	/* One byte is kept for the terminator, so the text is a C string at any moment. */
	if (t->cut || count >= t->size - t->used) {
		t->cut = true;
		if (t->size)
			t->at[t->used] = '\0';
		return;
	}
	copy_piece(t->at + t->used, bytes, count);
	t->used += count;
	t->at[t->used] = '\0';
}

void text_add(struct text *t, const char *string)
{
	text_add_bytes(t, string, strlen(string));
}

void text_add_u64(struct text *t, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	text_add_bytes(t, digits + at, sizeof(digits) - at);
}

void text_add_i64(struct text *t, int64_t number)
{
	if (number < 0)
		text_add(t, "-");
	text_add_u64(t, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

/* Length of the valid UTF-8 sequence at @bytes (RFC 3629: no surrogates, no overlong forms, up to
 * U+10FFFF), 0 if there is none. */
static size_t utf8_length(const unsigned char *bytes, size_t count)
{
	unsigned char low = 0x80;
	unsigned char high = 0xbf;
	size_t length;

	if (bytes[0] >= 0xc2 && bytes[0] <= 0xdf)
		length = 2;
	else if (bytes[0] >= 0xe0 && bytes[0] <= 0xef)
		length = 3;
	else if (bytes[0] >= 0xf0 && bytes[0] <= 0xf4)
		length = 4;
	else
		return 0;
	if (bytes[0] == 0xe0)
		low = 0xa0;
	if (bytes[0] == 0xed)
		high = 0x9f;
	if (bytes[0] == 0xf0)
		low = 0x90;
	if (bytes[0] == 0xf4)
		high = 0x8f;
	if (length > count || bytes[1] < low || bytes[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if (bytes[i] < 0x80 || bytes[i] > 0xbf)
			return 0;
	return length;
}

static void add_escaped(struct text *t, unsigned char byte)
{
	char escape[8];

	if (byte == '"' || byte == '\\')
		(void)snprintf(escape, sizeof(escape), "\\%c", byte);
	else if (byte == '\n')
		(void)snprintf(escape, sizeof(escape), "\\n");
	else if (byte == '\t')
		(void)snprintf(escape, sizeof(escape), "\\t");
	else
		(void)snprintf(escape, sizeof(escape), "\\u%04x", byte);
	text_add(t, escape);
}

/* U+0080..U+009F steer terminals; U+2028 and U+2029 end a line for whoever goes by Unicode. */
static uint32_t hidden_control(const unsigned char *bytes, size_t length)
{
	if (length == 2 && bytes[0] == 0xc2 && bytes[1] < 0xa0)
		return bytes[1];
	if (length == 3 && bytes[0] == 0xe2 && bytes[1] == 0x80 && (bytes[2] & 0xfe) == 0xa8)
		return 0x2000u | (bytes[2] & 0x3fu);
	return 0;
}

static void add_code_point(struct text *t, uint32_t point)
{
	char escape[8];

	(void)snprintf(escape, sizeof(escape), "\\u%04x", (unsigned int)(point & 0xffffu));
	text_add(t, escape);
}

void text_add_json_string(struct text *t, const char *bytes, size_t count)
{
	const unsigned char *at = (const unsigned char *)bytes;
	size_t i = 0;

	text_add(t, "\"");
	while (i < count) {
		uint32_t control = 0;
		size_t run = str_plain(bytes + i, count - i);

		if (run == 0 && at[i] >= 0x80)
			run = utf8_length(at + i, count - i);
		if (run)
			control = hidden_control(at + i, run);
		if (control) {
			add_code_point(t, control);
			i += run;
		} else if (run) {
			text_add_bytes(t, bytes + i, run);
			i += run;
		} else {
			add_escaped(t, at[i++]);
		}
	}
	text_add(t, "\"");
}

void text_add_json_key(struct text *t, const char *name)
{
	if (t->used && t->at[t->used - 1] != '{' && t->at[t->used - 1] != '[')
		text_add_bytes(t, ",", 1);
	text_add_json_string(t, name, strlen(name));
	text_add_bytes(t, ":", 1);
}

void text_add_json_member(struct text *t, const char *name, const char *string)
{
	text_add_json_key(t, name);
	text_add_json_string(t, string, strlen(string));
}

void text_add_json_u64(struct text *t, const char *name, uint64_t number)
{
	text_add_json_key(t, name);
	text_add_u64(t, number);
}

#include "seccomp/json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void place(const struct json *json, unsigned int *line, unsigned int *column)
{
	*line = 1;
	*column = 1;
	for (size_t i = 0; i < json->at && i < json->size; i++) {
		(*column)++;
		if (json->text[i] == '\n') {
			(*line)++;
			*column = 1;
		}
	}
}

int json_fail(const struct json *json, const char *format, ...)
{
	char reason[160];
	unsigned int line;
	unsigned int column;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	place(json, &line, &column);
	return err_set(json->err, EINVAL, "%s:%u:%u: %s", json->name, line, column, reason);
}

struct json json_back(const struct json *json)
{
	struct json back = *json;

	back.at = json->word;
	return back;
}

static void skip_space(struct json *json)
{
	while (json->at < json->size && json->text[json->at] &&
	       strchr(" \t\r\n", json->text[json->at]))
		json->at++;
}

/* 0 at the end (a zero byte is no JSON either). */
static char current(const struct json *json)
{
	if (json->at < json->size)
		return json->text[json->at];
	return '\0';
}

/* The next byte that is no space. */
static char peek(struct json *json)
{
	skip_space(json);
	return current(json);
}

static int expect(struct json *json, char c)
{
	if (peek(json) != c)
		return json_fail(json, "expected '%c'", c);
	json->at++;
	return 0;
}

/* Behind "{", "[" or an element: is there one more? */
static int next(struct json *json, bool *first, const char *brackets)
{
	if (*first) {
		int r = expect(json, brackets[0]);

		if (r)
			return r;
	}
	if (peek(json) == brackets[1]) {
		json->at++;
		return 0;
	}
	if (!*first) {
		int r = expect(json, ',');

		if (r)
			return r;
	}
	*first = false;
	return 1;
}

int json_object_next(struct json *json, bool *first, char *key, size_t size)
{
	int r = next(json, first, "{}");

	if (r <= 0)
		return r;
	r = json_word(json, key, size);
	r = r ? r : expect(json, ':');
	return r ? r : 1;
}

int json_array_next(struct json *json, bool *first)
{
	return next(json, first, "[]");
}

int json_word(struct json *json, char *to, size_t size)
{
	size_t length = 0;
	int r = expect(json, '"');

	if (r)
		return r;
	json->word = json->at - 1;
	for (; json->at < json->size && json->text[json->at] != '"'; json->at++) {
		char c = json->text[json->at];

		if (c < 0x20 || c > 0x7e || c == '\\')
			return json_fail(json, "a name holds an escape or a byte other than ASCII");
		if (length + 1 >= size)
			return json_fail(json, "a name of more than %zu bytes", size - 1);
		to[length++] = c;
	}
	to[length] = '\0';
	return expect(json, '"');
}

static bool is_hex(const struct json *json, size_t count)
{
	if (json->size - json->at < count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!json->text[json->at + i] ||
		    !strchr("0123456789abcdefABCDEF", json->text[json->at + i]))
			return false;
	return true;
}

/* Behind a backslash. */
static int skip_escape(struct json *json)
{
	char c = current(json);

	if (!c || !strchr("\"\\/bfnrtu", c))
		return json_fail(json, "an escape that JSON does not have");
	json->at++;
	if (c != 'u')
		return 0;
	if (!is_hex(json, 4))
		return json_fail(json, "\\u without four hex digits");
	json->at += 4;
	return 0;
}

int json_skip_string(struct json *json)
{
	int r = expect(json, '"');

	while (!r && json->at < json->size && json->text[json->at] != '"') {
		unsigned char c = (unsigned char)json->text[json->at];

		if (c < 0x20)
			return json_fail(json, "a control byte in a string");
		json->at++;
		if (c == '\\')
			r = skip_escape(json);
	}
	return r ? r : expect(json, '"');
}

static bool is_digit(const struct json *json)
{
	return json->at < json->size && json->text[json->at] >= '0' && json->text[json->at] <= '9';
}

int json_number(struct json *json, uint64_t max, uint64_t *number)
{
	uint64_t value = 0;
	bool zero = peek(json) == '0';
	struct json start = *json;

	json->word = json->at;
	if (!is_digit(json))
		return json_fail(json, "expected a whole number");
	for (; is_digit(json); json->at++) {
		uint64_t digit = (uint64_t)(json->text[json->at] - '0');

		if (zero && json->at > start.at)
			return json_fail(&start, "a number with a leading zero");
		if (digit > max || value > (max - digit) / 10)
			return json_fail(&start, "a number above %llu", (unsigned long long)max);
		value = 10 * value + digit;
	}
	if (json->at < json->size && json->text[json->at] && strchr(".eE", json->text[json->at]))
		return json_fail(&start, "expected a whole number");
	*number = value;
	return 0;
}

bool json_null(struct json *json)
{
	if (peek(json) != 'n' || json->size - json->at < 4 ||
	    memcmp(json->text + json->at, "null", 4) != 0)
		return false;
	json->at += 4;
	return true;
}

int json_end(struct json *json)
{
	(void)peek(json);
	return json->at < json->size ? json_fail(json, "there is more behind the profile") : 0;
}

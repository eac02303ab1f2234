#include "policy/lines.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define FILE_MAX        65536
#define LINE_LONGEST    3072 /* inih is built with 4096 */
#define SECTION_LONGEST 48   /* inih keeps 49 */

struct line {
	const char *at;
	size_t length;
};

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static struct line strip(struct line l)
{
	while (l.length && is_blank(l.at[0])) {
		l.at++;
		l.length--;
	}
	while (l.length && is_blank(l.at[l.length - 1]))
		l.length--;
	return l;
}

static const char *check_bytes(const struct line *l, bool comment)
{
	for (size_t i = 0; i < l->length; i++) {
		unsigned char byte = (unsigned char)l->at[i];

		if (byte == '\r')
			return "line ends in CR LF: write it with LF alone";
		if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
			return "control character";
		if (byte > 0x7f && !comment)
			return "character outside ASCII (only comments may hold them)";
		if (byte == '\t' && !comment)
			return "tab: write spaces";
	}
	return NULL;
}

static const char *check_head(const struct line *l)
{
	const char *close = memchr(l->at, ']', l->length);

	if (!close || close != l->at + l->length - 1)
		return "a section is [name] and nothing behind it";
	if (l->length < 3 || l->length - 2 > SECTION_LONGEST)
		return "section name is empty or too long";
	if (is_blank(l->at[1]) || is_blank(close[-1]))
		return "section name begins or ends with a space";
	return NULL;
}

static const char *check_pair(const struct line *l)
{
	const char *equals = memchr(l->at, '=', l->length);
	const char *colon = memchr(l->at, ':', l->length);

	if (!equals || equals == l->at || (colon && colon < equals))
		return "not of the form key = value";
	return NULL;
}

static const char *check_line(struct line raw)
{
	struct line l = strip(raw);
	bool comment = l.length && (l.at[0] == '#' || l.at[0] == ';');
	const char *wrong = check_bytes(&l, comment);

	if (raw.length > LINE_LONGEST)
		return "line is longer than 3072 characters";
	if (wrong || comment || !l.length)
		return wrong;
	return l.at[0] == '[' ? check_head(&l) : check_pair(&l);
}

int policy_lines_check(const char *file, const char *bytes, size_t size, struct err *err)
{
	const char *end = bytes + size;
	int number = 0;

	if (size > FILE_MAX)
		return err_set(err, EFBIG, "%s: larger than 64 KiB", file);
	while (bytes < end) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		struct line l = {.at = bytes,
				 .length = (size_t)((newline ? newline : end) - bytes)};
		const char *wrong = check_line(l);

		number++;
		if (wrong)
			return err_set(err, EINVAL, "%s:%d: %s", file, number, wrong);
		bytes = newline ? newline + 1 : end;
	}
	return 0;
}

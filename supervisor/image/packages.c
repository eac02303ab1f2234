#include "image/packages.h"

#include <string.h>

#include "base/str.h"

const struct package_form package_deb = {"deb",
					 "Package: ", "Version: ", "Architecture: ", "Status: "};
const struct package_form package_apk = {"apk", "P:", "V:", "A:", NULL};

struct line {
	const char *at;
	size_t length;
};

static bool next_line(struct package_text *t, struct line *line)
{
	const char *end;

	if (t->at >= t->size)
		return false;
	line->at = t->bytes + t->at;
	end = memchr(line->at, '\n', t->size - t->at);
	line->length = end ? (size_t)(end - line->at) : t->size - t->at;
	t->at += line->length + (end ? 1 : 0);
	return true;
}

/* Into @to when the line begins with @key; "" when the value is none that a package has. */
static bool take(const struct line *line, const char *key, char *to, size_t size)
{
	size_t skip = strlen(key);

	if (line->length < skip || memcmp(line->at, key, skip) != 0)
		return false;
	to[0] = '\0';
	if (line->length - skip >= size)
		return true;
	for (size_t i = skip; i < line->length; i++)
		if (line->at[i] <= ' ' || line->at[i] > '~' || strchr("\"\\<>", line->at[i]))
			return true;
	memcpy(to, line->at + skip, line->length - skip);
	to[line->length - skip] = '\0';
	return true;
}

static bool is_installed(const struct line *line)
{
	static const char word[] = " installed";
	size_t length = strlen(word);

	return line->length > length && memcmp(line->at + line->length - length, word, length) == 0;
}

bool package_next(const struct package_form *form, struct package_text *text, struct package *p)
{
	struct line line;

	while (text->at < text->size) {
		bool installed = !form->status;

		memset(p, 0, sizeof(*p));
		while (next_line(text, &line) && line.length) {
			if (form->status && line.length > strlen(form->status) &&
			    memcmp(line.at, form->status, strlen(form->status)) == 0)
				installed = is_installed(&line);
			(void)(take(&line, form->name, p->name, sizeof(p->name)) ||
			       take(&line, form->version, p->version, sizeof(p->version)) ||
			       take(&line, form->arch, p->arch, sizeof(p->arch)));
		}
		if (installed && p->name[0] && p->version[0])
			return true;
	}
	return false;
}

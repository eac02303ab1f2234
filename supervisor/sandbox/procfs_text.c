#include "sandbox/procfs_text.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/str.h"

enum form { DECIMAL, HEX };

/* Where each field goes: offset, how many numbers stand there, how wide one is. */
struct field {
	const char *name;
	enum form form;
	size_t count;
	size_t width;
	size_t offset;
};

#define AT(member) offsetof(struct process_status, member)
static const struct field fields[] = {
	{"Uid:", DECIMAL, 4, 4, AT(uid)},
	{"Gid:", DECIMAL, 4, 4, AT(gid)},
	{"CapInh:", HEX, 1, 8, AT(cap_inh)},
	{"CapPrm:", HEX, 1, 8, AT(cap_prm)},
	{"CapEff:", HEX, 1, 8, AT(cap_eff)},
	{"CapBnd:", HEX, 1, 8, AT(cap_bnd)},
	{"CapAmb:", HEX, 1, 8, AT(cap_amb)},
	{"NoNewPrivs:", DECIMAL, 1, 4, AT(no_new_privs)},
	{"Seccomp:", DECIMAL, 1, 4, AT(seccomp)},
	{"Seccomp_filters:", DECIMAL, 1, 4, AT(seccomp_filters)},
};
#undef AT
#define GROUPS "Groups:"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int digit(char c, enum form form)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return form == HEX && c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Skips blanks, reads one number. 0, or -EBADMSG when there is none on this line or it is too
 * large. */
static int read_number(const char **at, enum form form, uint64_t *number)
{
	uint64_t value = 0;
	int digits = 0;

	while (is_blank(**at))
		(*at)++;
	for (int d; (d = digit(**at, form)) >= 0; (*at)++, digits++) {
		if (digits == (form == HEX ? 16 : 10))
			return -EBADMSG;
		value = value * (form == HEX ? 16 : 10) + (unsigned int)d;
	}
	if (digits == 0 || (form == DECIMAL && value > UINT32_MAX))
		return -EBADMSG;
	*number = value;
	return 0;
}

static int at_line_end(const char *at)
{
	while (is_blank(*at))
		at++;
	return *at == '\n' || *at == '\0';
}

static int read_field(const struct field *field, const char *at, struct process_status *status)
{
	for (size_t i = 0; i < field->count; i++) {
		char *to = (char *)status + field->offset + i * field->width;
		uint64_t number;
		uint32_t narrow;

		if (read_number(&at, field->form, &number))
			return -EBADMSG;
		narrow = (uint32_t)number;
		memcpy(to, field->width == 8 ? (const void *)&number : &narrow, field->width);
	}
	return at_line_end(at) ? 0 : -EBADMSG;
}

static int count_groups(const char *at, uint32_t *count)
{
	uint64_t group;

	*count = 0;
	while (!at_line_end(at)) {
		if (read_number(&at, DECIMAL, &group))
			return -EBADMSG;
		(*count)++;
	}
	return 0;
}

static const char *next_line(const char *at)
{
	at = strchr(at, '\n');
	return at ? at + 1 : "";
}

/* Index of the field that this line is, ARRAY_SIZE(fields) for Groups, -1 for any other. */
static int field_of(const char *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (str_starts(line, fields[i].name))
			return (int)i;
	return str_starts(line, GROUPS) ? (int)ARRAY_SIZE(fields) : -1;
}

int process_status_parse(const char *text, struct process_status *status)
{
	const unsigned int all = (2u << ARRAY_SIZE(fields)) - 1;
	struct process_status found = {0};
	unsigned int seen = 0;

	for (const char *line = text; *line; line = next_line(line)) {
		int index = field_of(line), r;

		if (index < 0)
			continue;
		if (seen & (1u << index))
			return -EBADMSG;
		seen |= 1u << index;
		r = index == (int)ARRAY_SIZE(fields)
			    ? count_groups(line + strlen(GROUPS), &found.group_count)
			    : read_field(&fields[index], line + strlen(fields[index].name), &found);
		if (r)
			return r;
	}
	if (seen != all)
		return -EBADMSG;
	*status = found;
	return 0;
}

/* "\040" and the like: the kernel escapes blanks, newlines and backslashes so (seq_escape). */
static int unescape(const char **at)
{
	const char *c = *at;
	int value;

	if (*c != '\\') {
		(*at)++;
		return (unsigned char)*c;
	}
	for (int i = 1; i <= 3; i++)
		if (c[i] < '0' || c[i] > '7')
			return -EBADMSG;
	value = (c[1] - '0') * 64 + (c[2] - '0') * 8 + (c[3] - '0');
	if (value == 0 || value > 255)
		return -EBADMSG;
	*at += 4;
	return value;
}

/* One word and the blank behind it. @size 0: the word is of no interest. */
static int read_word(const char **at, char *to, size_t size)
{
	size_t used = 0;

	if (**at == '\0' || **at == '\n' || **at == ' ')
		return -EBADMSG;
	while (**at && **at != ' ' && **at != '\n') {
		int c = unescape(at);

		if (c < 0)
			return c;
		if (size && used + 1 >= size)
			return -EBADMSG;
		if (size)
			to[used++] = (char)c;
	}
	if (size)
		to[used] = '\0';
	if (**at == ' ')
		(*at)++;
	return 0;
}

static int read_id(const char **at, uint32_t *id)
{
	uint64_t number;

	if (read_number(at, DECIMAL, &number) || **at != ' ')
		return -EBADMSG;
	(*at)++;
	*id = (uint32_t)number;
	return 0;
}

/* "shared:7 master:2 - ": any number of fields, ended by a single dash. */
static int read_optional(const char **at, bool *shared)
{
	while (**at && **at != '\n') {
		bool dash = (*at)[0] == '-' && (*at)[1] == ' ';

		*shared |= str_starts(*at, "shared:");
		if (read_word(at, NULL, 0))
			return -EBADMSG;
		if (dash)
			return 0;
	}
	return -EBADMSG;
}

int mountinfo_next(const char **at, struct mount_line *line)
{
	struct mount_line found;
	const char *text = *at;

	if (*text == '\0')
		return 0;
	memset(&found, 0, sizeof(found));
	if (read_id(&text, &found.id) || read_id(&text, &found.parent) ||
	    read_word(&text, NULL, 0) || /* major:minor */
	    read_word(&text, found.root, sizeof(found.root)) ||
	    read_word(&text, found.point, sizeof(found.point)) ||
	    read_word(&text, found.options, sizeof(found.options)) ||
	    read_optional(&text, &found.shared) ||
	    read_word(&text, found.type, sizeof(found.type)) ||
	    read_word(&text, NULL, 0) || /* source */
	    read_word(&text, found.super, sizeof(found.super)) || *text != '\n')
		return -EBADMSG;
	*at = text + 1;
	*line = found;
	return 1;
}

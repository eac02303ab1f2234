#include "policy/load.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

#include "policy/key.h"
#include "policy/lines.h"
#include "policy/resolve.h"
#include "policy/suggest.h"
#include "policy/validate.h"

#define VALUES_MAX  512
#define SHOWN_VALUE 48 /* characters of a value that a message repeats */

struct load {
	const char *file;
	const struct policy_format *format;
	void *root;
	const struct policy_section *section; /* NULL before the first */
	void *base;
	int line;                        /* of the section's head */
	uint64_t sections_seen;          /* bit per row of the format */
	uint16_t lines[POLICY_KEYS_MAX]; /* where each key of the section stood last */
	unsigned int count;              /* values of the section so far, and where they stood */
	struct {
		uint16_t key;
		uint16_t line;
	} values[VALUES_MAX];
	struct err err;
};

static bool take_bit(uint64_t *bits, size_t index)
{
	uint64_t bit = 1ULL << index;
	bool was = (*bits & bit) != 0;

	*bits |= bit;
	return was;
}

static int apply_defaults(const struct policy_section *section, void *base, struct err *err)
{
	for (size_t i = 0; i < section->count; i++) {
		const struct policy_key *key = &section->keys[i];
		int r = key->doc->dflt && !key->many
				? key->doc->parse(key, key->doc->dflt, base, err)
				: 0;

		if (r)
			return err_prefix(err, "default of %s", key->name);
	}
	return 0;
}

/* Every section that stands for itself has its defaults whether the file names it or not. */
static int start(struct load *l)
{
	for (size_t i = 0; i < l->format->count; i++) {
		const struct policy_section *section = &l->format->sections[i];
		void *base = section->named ? NULL : section->open(l->root, "", &l->err);

		if (base && apply_defaults(section, base, &l->err))
			return -EINVAL;
	}
	return 0;
}

static int missing_key(struct load *l)
{
	for (size_t i = 0; i < l->section->count; i++) {
		const struct policy_key *key = &l->section->keys[i];

		if (!key->required || l->lines[i])
			continue;
		(void)err_set(&l->err, EINVAL, "%s:%d: [%s] has no %s", l->file, l->line,
			      l->section->name, key->name);
		return err_hint(&l->err, "%s: %s", key->name, key->type->syntax);
	}
	return 0;
}

static int end_section(struct load *l)
{
	int r;

	if (!l->section)
		return 0;
	r = missing_key(l);
	if (!r && l->section->close)
		l->section->close(l->base, l->lines);
	return r;
}

static const struct policy_section *find_section(const struct load *l, const char *head,
						 const char **argument)
{
	for (size_t i = 0; i < l->format->count; i++) {
		const struct policy_section *section = &l->format->sections[i];
		size_t length = strlen(section->name);

		*argument = "";
		if (!section->named && str_equal(head, section->name))
			return section;
		if (section->named && strncmp(head, section->name, length) == 0 &&
		    head[length] == ' ') {
			*argument = head + length + 1;
			return section;
		}
	}
	return NULL;
}

static int unknown_section(struct load *l, const char *head, int line)
{
	(void)err_set(&l->err, EINVAL, "%s:%d: [%s]: unknown section", l->file, line, head);
	if (str_equal(head, "image"))
		return err_hint(&l->err,
				"[image] is written by `bartizan image build` from its options");
	return err_hint(&l->err, "sections here: [%s]%s", l->format->sections[0].name,
			l->format->count > 1 ? " and others of the reference" : "");
}

static int begin_section(struct load *l, const char *head, int line)
{
	const char *argument;
	int r = end_section(l);

	if (r)
		return r;
	l->section = find_section(l, head, &argument);
	if (!l->section)
		return unknown_section(l, head, line);
	l->line = line;
	memset(l->lines, 0, sizeof(l->lines));
	l->count = 0;
	if (take_bit(&l->sections_seen, (size_t)(l->section - l->format->sections)) &&
	    !l->section->named)
		return err_set(&l->err, EINVAL, "%s:%d: [%s]: section is repeated", l->file, line,
			       head);
	l->base = l->section->open(l->root, argument, &l->err);
	if (l->base && l->section->named && !l->section->inherits)
		(void)apply_defaults(l->section, l->base, &l->err);
	return l->base ? 0 : err_prefix(&l->err, "%s:%d: [%s]", l->file, line, head);
}

static int unknown_key(struct load *l, const char *name, const char *value, int line)
{
	const char *rest = strlen(value) > SHOWN_VALUE ? "..." : "";
	const char *near = policy_suggest_key(l->section, name);

	for (size_t i = 0; i < l->section->refusal_count; i++) {
		const struct policy_refusal *refusal = &l->section->refusals[i];

		if (!str_equal(refusal->name, name))
			continue;
		(void)err_set(&l->err, EINVAL, "%s:%d: [%s] %s = %.*s%s: %s", l->file, line,
			      l->section->name, name, SHOWN_VALUE, value, rest, refusal->reason);
		return err_hint(&l->err, "%s", refusal->hint);
	}
	(void)err_set(&l->err, EINVAL, "%s:%d: [%s] %s = %.*s%s: unknown key", l->file, line,
		      l->section->name, name, SHOWN_VALUE, value, rest);
	return near ? err_hint(&l->err, "did you mean %s?", near)
		    : err_hint(&l->err, "the reference lists all keys");
}

/* "FILE:LINE: [section] key = value: reason"; what may be a secret is not repeated. */
static int explain(struct load *l, const struct policy_key *key, const char *name,
		   const char *value, int line)
{
	const char *rest = strlen(value) > SHOWN_VALUE ? "..." : "";
	const char *shown = key->type->secret ? "(not shown)" : value;

	if (!l->err.hint[0])
		(void)err_hint(&l->err, "%s", key->type->syntax);
	return err_prefix(&l->err, "%s:%d: [%s] %s = %.*s%s", l->file, line, l->section->name, name,
			  SHOWN_VALUE, shown, key->type->secret ? "" : rest);
}

static int take_value(struct load *l, const struct policy_key *key, const char *name,
		      const char *value)
{
	size_t length = strlen(key->name);
	char pair[POLICY_ENV_BYTES];

	if (!*value)
		return err_set(&l->err, EINVAL, "has no value");
	if (key->name[length - 1] != '.')
		return key->doc->parse(key, value, l->base, &l->err);
	if ((size_t)snprintf(pair, sizeof(pair), "%s=%s", name + length, value) >= sizeof(pair))
		return err_set(&l->err, E2BIG, "too long");
	return key->doc->parse(key, pair, l->base, &l->err);
}

/* True when the key stood before. A file has fewer values than VALUES_MAX, or more lines than a
 * message needs to tell apart. */
static bool note_line(struct load *l, size_t key, int line)
{
	bool before = l->lines[key] != 0;

	l->lines[key] = (uint16_t)line; /* 64 KiB hold fewer lines */
	if (l->count < VALUES_MAX) {
		l->values[l->count].key = (uint16_t)key;
		l->values[l->count].line = (uint16_t)line;
		l->count++;
	}
	return before;
}

static int take_key(struct load *l, const char *name, const char *value, int line)
{
	const struct policy_key *key;

	if (!l->section)
		return err_set(&l->err, EINVAL, "%s:%d: %s stands before the first section",
			       l->file, line, name);
	key = policy_key_find(l->section->keys, l->section->count, name);
	if (!key)
		return unknown_key(l, name, value, line);
	if (note_line(l, (size_t)(key - l->section->keys), line) && !key->many) {
		(void)err_set(&l->err, EINVAL, "is repeated");
		(void)err_hint(&l->err, "it can only have one value");
		return explain(l, key, name, value, line);
	}
	return take_value(l, key, name, value) ? explain(l, key, name, value, line) : 0;
}

/* inih's callback; 1 to go on. A section's head comes without name. */
static int take_line(void *data, const char *section, const char *name, const char *value, int line)
{
	struct load *l = data;
	int r = name ? take_key(l, name, value ? value : "", line)
		     : begin_section(l, section, line);

	return r == 0;
}

/* Line of value number @index of a key; 0: the file does not set it. */
static int line_of(const struct load *l, size_t key, unsigned int index)
{
	for (unsigned int i = 0; i < l->count; i++)
		if (l->values[i].key == key && index-- == 0)
			return l->values[i].line;
	return l->lines[key];
}

/* What is wrong between two keys is said of one of them, as if its own line had been refused. */
static int finish_format(struct load *l)
{
	struct policy_culprit culprit = {.key = NULL};
	const struct policy_key *key;
	char value[POLICY_ENV_BYTES] = "";
	struct text text = TEXT_IN(value);

	if (!l->format->finish(l->root, &culprit, &l->err))
		return 0;
	key = culprit.key ? policy_key_find(l->section->keys, l->section->count, culprit.key)
			  : NULL;
	if (!key)
		return err_prefix(&l->err, "%s", l->file);
	(void)key->type->print(key, l->base, culprit.index, &text);
	return explain(l, key, key->name, value,
		       line_of(l, (size_t)(key - l->section->keys), culprit.index));
}

static int finish(struct load *l)
{
	int r = end_section(l);

	if (r)
		return r;
	for (size_t i = 0; i < l->format->count; i++)
		if (l->format->sections[i].required && !(l->sections_seen & 1ULL << i))
			return err_set(&l->err, EINVAL, "%s: [%s] is missing", l->file,
				       l->format->sections[i].name);
	return l->format->finish ? finish_format(l) : 0;
}

static int load(struct load *l, const struct policy_text *text)
{
	int r = policy_lines_check(l->file, text->bytes, text->size, &l->err);

	r = r ? r : start(l);
	if (r)
		return r;
	r = ini_parse_string_length(text->bytes, text->size, take_line, l);
	if (l->err.code)
		return -l->err.code;
	if (r) /* inih found a line that the check of the lines let through: two readers disagree */
		return err_set(&l->err, EINVAL, "%s:%d: not understood", l->file, r);
	return finish(l);
}

static int run(const struct policy_text *text, const struct policy_format *format, void *root,
	       struct err *err)
{
	struct load l = {.file = text->file, .format = format, .root = root};
	int r = load(&l, text);

	if (r && err)
		*err = l.err;
	return r;
}

int policy_load_service(const struct policy_text *text, bool with_image, struct policy *policy,
			struct err *err)
{
	static struct policy made;
	int r;

	memset(&made, 0, sizeof(made));
	made.magic = POLICY_MAGIC;
	made.size = sizeof(made);
	policy_defaults(&made);
	r = run(text, with_image ? &policy_service_format : &policy_input_format, &made, err);
	if (!r)
		*policy = made;
	return r;
}

int policy_load_device(const struct policy_text *text, struct device_policy *device,
		       struct err *err)
{
	static struct device_policy made;
	int r;

	memset(&made, 0, sizeof(made));
	made.magic = DEVICE_MAGIC;
	made.size = sizeof(made);
	r = run(text, &policy_device_format, &made, err);
	if (!r)
		*device = made;
	return r;
}

int policy_load_trust(const struct policy_text *text, struct trust_policy *trust, struct err *err)
{
	static struct trust_policy made;
	int r;

	memset(&made, 0, sizeof(made));
	made.magic = TRUST_MAGIC;
	made.size = sizeof(made);
	r = run(text, &policy_trust_format, &made, err);
	if (!r)
		*trust = made;
	return r;
}

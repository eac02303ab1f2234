#include <errno.h>
#include <string.h>

#include "policy/key.h"
#include "policy/mount_point.h"
#include "policy/words.h"

/*
 * volume = NAME:/path[:option,option]: Docker's words, but a volume is always a directory of the
 * state partition below the service's own name; no path of the host can be written.
 */

#define VOLUME_SIZE     (16ULL << 20)
#define VOLUME_SIZE_MIN (64ULL << 10)
#define VOLUME_SIZE_MAX (1ULL << 40)

static const struct {
	const char *word;
	const char *why; /* NULL: known, see take_word() */
} words[] = {
	{"ro", NULL},
	{"rw", NULL},
	{"z", NULL},
	{"Z", NULL},
	{"exec", "programs come from the signed image only"},
	{"suid", "set-user-id programs have no place in a sandbox"},
	{"dev", "devices are given by name, not by mknod"},
	{"shared", "no mount travels out of a service or into it"},
	{"rshared", "no mount travels out of a service or into it"},
	{"slave", "no mount travels out of a service or into it"},
	{"rslave", "no mount travels out of a service or into it"},
	{"nocopy", "nothing is ever copied from the image"},
	{"U", "the owner is always the service itself"},
};

static void take_word(struct policy_volume *row, const char *word)
{
	if (word[0] == 'r')
		row->writable = word[1] == 'w';
	else
		row->shared = word[0] == 'z';
}

static int take_option(struct policy_volume *row, const char *option, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!str_equal(option, words[i].word))
			continue;
		if (words[i].why)
			return err_set(err, EPERM, "%s: %s", option, words[i].why);
		take_word(row, option);
		return 0;
	}
	if (!str_starts(option, "size="))
		return err_set(err, EINVAL, "\"%s\" is not an option of a volume", option);
	if (*row->owner)
		return err_set(err, EINVAL, "its owner bounds the size of %s/%s", row->owner,
			       row->name);
	if (str_bytes(option + 5, VOLUME_SIZE_MIN, VOLUME_SIZE_MAX, &row->size))
		return err_set(err, EINVAL, "%s is not a size of 64k or more", option);
	return 0;
}

/* "ro,z", each word at most once, of a pair of opposites one. */
static int take_options(struct policy_volume *row, char *options, struct err *err)
{
	unsigned int seen[3] = {0, 0, 0}; /* ro rw; z Z; size */

	while (options) {
		char *comma = strchr(options, ',');
		unsigned int kind;
		int r;

		if (comma)
			*comma++ = '\0';
		r = take_option(row, options, err);
		if (r)
			return r;
		kind = options[0] == 'r' ? 0 : options[0] == 's' ? 2 : 1;
		if (seen[kind]++)
			return err_set(err, EINVAL, "\"%s\" is said twice or contradicts", options);
		options = comma;
	}
	return 0;
}

static int refuse_host_path(const char *source, struct err *err)
{
	if (str_starts(source, "/run/bartizan") || str_ends(source, ".sock"))
		return err_set(err, EPERM, "the control socket is never inside a service");
	(void)err_set(err, EPERM, "%s is a path of the device, and a volume is a name", source);
	return err_hint(err, "volume = app-data:/data:ro");
}

static int take_name(char *to, const char *name, struct err *err)
{
	if (!str_is_name(name))
		return err_set(err, EINVAL,
			       "\"%s\" is not a name: a-z first, then a-z 0-9 . - and at most 32 "
			       "characters",
			       name);
	memcpy(to, name, strlen(name) + 1);
	return 0;
}

/* NAME, or OWNER/NAME for a volume of another service. */
static int take_source(struct policy_volume *row, char *source, struct err *err)
{
	char *slash = strchr(source, '/');
	int r;

	if (strstr(source, ".."))
		return err_set(err, EPERM, "the source leads upwards with ..");
	if ((*source && strchr("/.~$", source[0])) || (slash && strchr(slash + 1, '/')))
		return refuse_host_path(source, err);
	if (!slash)
		return take_name(row->name, source, err);
	*slash = '\0';
	r = take_name(row->owner, source, err);
	return r ? r : take_name(row->name, slash + 1, err);
}

static bool is_same(const struct policy_volume *a, const struct policy_volume *b)
{
	return str_equal(a->name, b->name) && str_equal(a->owner, b->owner);
}

static int check_row(const struct policy *policy, const struct policy_volume *row, struct err *err)
{
	for (unsigned int i = 0; i < policy->volume_count; i++)
		if (is_same(&policy->volumes[i], row))
			return err_set(err, EEXIST, "volume %s is mounted twice", row->name);
	if (*row->owner && !row->shared) {
		(void)err_set(err, EINVAL, "%s/%s belongs to another service, so it is shared",
			      row->owner, row->name);
		return err_hint(err, "volume = %s/%s:%s:%s,z", row->owner, row->name, row->path,
				row->writable ? "rw" : "ro");
	}
	return 0;
}

int policy_parse_volume(const struct policy_key *key, const char *value, void *base,
			struct err *err)
{
	struct policy *policy = base;
	struct policy_volume row = {.size = VOLUME_SIZE};
	char text[256];
	char *path;
	char *options;
	int r;

	if (policy->volume_count >= POLICY_VOLUMES_MAX)
		return err_set(err, E2BIG, "more than %d volumes", POLICY_VOLUMES_MAX);
	if (str_copy(text, sizeof(text), value))
		return err_set(err, EINVAL, "not of the form \"%s\"", key->type->syntax);
	path = strchr(text, ':');
	if (path)
		*path++ = '\0';
	r = take_source(&row, text, err);
	if (r)
		return r;
	if (!path)
		return err_set(err, EINVAL, "not of the form \"%s\"", key->type->syntax);
	options = strchr(path, ':');
	if (options)
		*options++ = '\0';
	if (str_copy(row.path, sizeof(row.path), path))
		return err_set(err, EINVAL, "the mount point is longer than %zu characters",
			       sizeof(row.path) - 1);
	if (*row.owner)
		row.size = 0;
	r = policy_mount_point_check(row.path, err);
	r = r ? r : policy_mount_point_free(policy, row.path, err);
	r = r ? r : take_options(&row, options, err);
	r = r ? r : check_row(policy, &row, err);
	if (!r)
		policy->volumes[policy->volume_count++] = row;
	return r;
}

static bool print_volume(const struct policy_key *key, const void *base, unsigned int index,
			 struct text *out)
{
	const struct policy *policy = base;
	const struct policy_volume *row;

	(void)key;
	if (index >= policy->volume_count)
		return false;
	row = &policy->volumes[index];
	text_add(out, row->owner);
	text_add(out, *row->owner ? "/" : "");
	text_add(out, row->name);
	text_add(out, ":");
	text_add(out, row->path);
	text_add(out, row->writable ? ":rw" : ":ro");
	text_add(out, row->shared ? ",z" : ",Z");
	if (!row->size)
		return true;
	text_add(out, ",size=");
	policy_print_size(out, row->size);
	return true;
}

static bool is_sound(const struct policy_volume *row)
{
	if (!str_terminated(row->name, NAME_SIZE) || !str_is_name(row->name) ||
	    !str_terminated(row->owner, NAME_SIZE) || (*row->owner && !str_is_name(row->owner)) ||
	    !str_terminated(row->path, sizeof(row->path)))
		return false;
	if (row->writable > 1 || row->shared > 1)
		return false;
	if (*row->owner)
		return row->shared && !row->size;
	return row->size >= VOLUME_SIZE_MIN && row->size <= VOLUME_SIZE_MAX;
}

static int valid_volume(const struct policy_key *key, const void *base, struct err *err)
{
	const struct policy *policy = base;

	if (policy->volume_count > POLICY_VOLUMES_MAX)
		return err_set(err, EBADMSG, "%s counts more rows than there are", key->name);
	for (unsigned int i = 0; i < policy->volume_count; i++) {
		const struct policy_volume *row = &policy->volumes[i];

		if (!is_sound(row) || policy_mount_point_check(row->path, err))
			return err_set(err, EBADMSG, "%s is malformed", key->name);
		for (unsigned int other = 0; other < i; other++)
			if (is_same(row, &policy->volumes[other]))
				return err_set(err, EBADMSG, "%s is mounted twice", row->name);
	}
	return 0;
}

const struct policy_type policy_type_volume = {
	.syntax = "NAME:/path or NAME:/path:rw,z,size=16m",
	.print = print_volume,
	.valid = valid_volume,
};

/* ---- supervisor.conf: shared_volume = OWNER/NAME or OWNER/NAME:rw */

static int check_shared(const char *value, struct err *err)
{
	char text[2 * NAME_SIZE + 8];
	char *slash;
	size_t length = strlen(value);

	if (str_ends(value, ":rw"))
		length -= 3;
	if (length < sizeof(text)) {
		memcpy(text, value, length);
		text[length] = '\0';
		slash = strchr(text, '/');
		if (slash) {
			*slash = '\0';
			if (str_is_name(text) && str_is_name(slash + 1))
				return 0;
		}
	}
	return err_set(err, EINVAL, "not of the form OWNER/NAME or OWNER/NAME:rw");
}

static struct policy_words *list_of(const struct policy_key *key, const void *base)
{
	return (struct policy_words *)((uintptr_t)base + key->offset);
}

static char *text_of(const struct policy_key *key, const void *base)
{
	return (char *)((uintptr_t)base + key->offset + sizeof(struct policy_words));
}

int policy_parse_shared(const struct policy_key *key, const char *value, void *base,
			struct err *err)
{
	int r = check_shared(value, err);

	return r ? r
		 : policy_words_add(list_of(key, base), text_of(key, base),
				    key->width - sizeof(struct policy_words), value, err);
}

static bool print_shared(const struct policy_key *key, const void *base, unsigned int index,
			 struct text *out)
{
	const char *word = policy_words_at(list_of(key, base), text_of(key, base), index);

	if (word)
		text_add(out, word);
	return word != NULL;
}

static int valid_shared(const struct policy_key *key, const void *base, struct err *err)
{
	const struct policy_words *list = list_of(key, base);
	int r = policy_words_valid(list, text_of(key, base),
				   key->width - sizeof(struct policy_words), err);

	for (unsigned int i = 0; !r && i < list->count; i++)
		r = check_shared(policy_words_at(list, text_of(key, base), i), err) ? -EBADMSG : 0;
	return r;
}

const struct policy_type policy_type_shared = {
	.syntax = "OWNER/NAME or OWNER/NAME:rw",
	.print = print_shared,
	.valid = valid_shared,
};

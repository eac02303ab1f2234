#include <errno.h>
#include <string.h>

#include "policy/key.h"
#include "policy/words.h"

/* Types whose values are lists of words: commands, environment, labels, dependencies. */

static int check_program(const char *program, struct err *err)
{
	if (!program || program[0] != '/')
		return err_set(err, EINVAL, "the program must be an absolute path");
	if (strstr(program, "//") || strstr(program, "/./") || strstr(program, "/../") ||
	    str_ends(program, "/"))
		return err_set(err, EINVAL, "the program must be a plain path: no //, /./, /../");
	return 0;
}

/* command and health_cmd: struct policy_words at the offset, the buffer right behind it. */
static const struct policy_words *words_of(const struct policy_key *key, const void *base)
{
	return (const void *)((const char *)base + key->offset);
}

static const char *buffer_of(const struct policy_key *key, const void *base)
{
	return (const char *)base + key->offset + sizeof(struct policy_words);
}

static size_t room_of(const struct policy_key *key)
{
	return key->width - sizeof(struct policy_words);
}

static void words_store(const struct policy_key *key, void *base, const struct policy_words *words,
			const char *buffer)
{
	memcpy((char *)base + key->offset, words, sizeof(*words));
	memcpy((char *)base + key->offset + sizeof(*words), buffer, room_of(key));
}

int policy_parse_command(const struct policy_key *key, const char *value, void *base,
			 struct err *err)
{
	struct policy_words words = {0};
	char buffer[POLICY_ARGV_BYTES] = "";
	int r = policy_words_split(&words, buffer, sizeof(buffer), value, err);

	if (r)
		return r;
	r = check_program(policy_words_at(&words, buffer, 0), err);
	if (r && (strstr(value, "://") || str_starts(value, "CMD")))
		return err_hint(err,
				"put the probe into the image: a program that asks and exits 0");
	if (r)
		return err_hint(err, "write it as /usr/bin/program; there is no PATH and no shell");
	words_store(key, base, &words, buffer);
	return 0;
}

static void print_quoted(struct text *out, const char *word)
{
	const char *quote = strchr(word, '\'') ? "\"" : "'";

	if (*word && !strpbrk(word, " '\""))
		quote = "";
	text_add(out, quote);
	text_add(out, word);
	text_add(out, quote);
}

static bool print_command(const struct policy_key *key, const void *base, unsigned int index,
			  struct text *out)
{
	const struct policy_words *words = words_of(key, base);

	if (index || !words->count)
		return false;
	for (unsigned int i = 0; i < words->count; i++) {
		text_add(out, i ? " " : "");
		print_quoted(out, policy_words_at(words, buffer_of(key, base), i));
	}
	return true;
}

static int valid_command(const struct policy_key *key, const void *base, struct err *err)
{
	const struct policy_words *words = words_of(key, base);
	int r = policy_words_valid(words, buffer_of(key, base), room_of(key), err);

	if (r || (!words->count && !key->required))
		return r;
	return check_program(policy_words_at(words, buffer_of(key, base), 0), err) ? -EBADMSG : 0;
}

const struct policy_type policy_type_command = {
	.syntax = "/path/to/program arguments; '...' and \"...\" keep spaces",
	.print = print_command,
	.valid = valid_command,
};

static bool print_words(const struct policy_key *key, const void *base, unsigned int index,
			struct text *out)
{
	const char *word = policy_words_at(words_of(key, base), buffer_of(key, base), index);

	if (!word)
		return false;
	text_add(out, word);
	return true;
}

/* "K=V" with a K that is not in the list yet. @name_size: bytes before the '='. */
static int add_pair(const struct policy_key *key, const char *value, size_t name_size, void *base,
		    struct err *err)
{
	struct policy_words words = *words_of(key, base);
	char buffer[POLICY_ENV_BYTES] = "";
	const char *other;
	int r;

	memcpy(buffer, buffer_of(key, base), room_of(key));
	for (unsigned int i = 0; (other = policy_words_at(&words, buffer, i)); i++)
		if (strncmp(other, value, name_size + 1) == 0)
			return err_set(err, EEXIST, "\"%.*s\" is set twice", (int)name_size, value);
	r = policy_words_add(&words, buffer, room_of(key), value, err);
	if (!r)
		words_store(key, base, &words, buffer);
	return r;
}

/* Variables that make a loader or interpreter run other code than the image's command
 * (security.md). A '*' ends a prefix. */
static const char *const loader_variables[] = {
	"LD_*",
	"PYTHON*",
	"NODE_*",
	"BASH_ENV",
	"ENV",
	"PERL5*",
	"RUBY*",
	"JAVA_TOOL_OPTIONS",
	"_JAVA_OPTIONS",
	"JDK_JAVA_OPTIONS",
	"GCONV_PATH",
	"GLIBC_TUNABLES",
	"LOCPATH",
	"LUA_*",
	"OPENSSL_CONF",
	"OPENSSL_MODULES",
	"OPENSSL_ENGINES",
};

static const char *const secret_marks[] = {"KEY", "PASS", "SECRET", "TOKEN", "CREDENTIAL"};

static bool is_upper_of(char letter, char upper)
{
	return letter == upper || (letter >= 'a' && letter <= 'z' && letter - 'a' + 'A' == upper);
}

static bool has_mark(const char *name, const char *mark)
{
	for (; *name; name++) {
		size_t i = 0;

		while (mark[i] && name[i] && is_upper_of(name[i], mark[i]))
			i++;
		if (!mark[i])
			return true;
	}
	return false;
}

static int check_secret(const char *name, const char *value, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(secret_marks); i++) {
		if (!has_mark(name, secret_marks[i]))
			continue;
		if (str_ends(name, "_FILE") && str_starts(value, "/run/secrets/"))
			return 0;
		(void)err_set(err, EINVAL,
			      "%s looks like a secret: its value would lie in the image", name);
		return err_hint(err, "provision it and write %s_FILE=/run/secrets/NAME", name);
	}
	return 0;
}

static int check_env(const char *value, size_t *name_size, struct err *err)
{
	const char *equals = strchr(value, '=');
	char name[64];

	if (!equals || equals == value || (size_t)(equals - value) >= sizeof(name))
		return err_set(err, EINVAL, "not of the form NAME=VALUE");
	*name_size = (size_t)(equals - value);
	memcpy(name, value, *name_size);
	name[*name_size] = '\0';
	for (const char *at = name; *at; at++)
		if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || *at == '_' ||
		      (*at >= '0' && *at <= '9' && at != name)))
			return err_set(err, EINVAL, "the name may hold letters, digits and _ only");
	for (size_t i = 0; i < ARRAY_SIZE(loader_variables); i++)
		if (str_glob(loader_variables[i], name))
			return err_set(err, EPERM,
				       "%s makes a loader run code that was not named in command",
				       name);
	if (str_equal(name, "NOTIFY_SOCKET")) {
		(void)err_set(err, EPERM, "NOTIFY_SOCKET is the launcher's to set");
		return err_hint(err, "ready = notify");
	}
	return check_secret(name, equals + 1, err);
}

int policy_parse_env(const struct policy_key *key, const char *value, void *base, struct err *err)
{
	size_t name_size = 0;
	int r = check_env(value, &name_size, err);

	return r ? r : add_pair(key, value, name_size, base, err);
}

static int valid_env(const struct policy_key *key, const void *base, struct err *err)
{
	const struct policy_words *words = words_of(key, base);
	size_t name_size;
	int r = policy_words_valid(words, buffer_of(key, base), room_of(key), err);

	for (unsigned int i = 0; !r && i < words->count; i++)
		r = check_env(policy_words_at(words, buffer_of(key, base), i), &name_size, err)
			    ? -EBADMSG
			    : 0;
	return r;
}

const struct policy_type policy_type_env = {
	.syntax = "NAME=VALUE",
	.secret = true,
	.print = print_words,
	.valid = valid_env,
};

#define PARAM_MAX 32 /* SD-NAME of RFC 5424 section 6 */

/* log_env. Which variables there are is known at the end of the file (policy_log_check()). */
static int check_logged(const char *name, struct err *err)
{
	size_t size = strlen(name);

	for (size_t i = 0; i < size; i++)
		if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z') ||
		      name[i] == '_' || (name[i] >= '0' && name[i] <= '9')))
			return err_set(err, EINVAL, "the name may hold letters, digits and _ only");
	if (!size || size > PARAM_MAX)
		return err_set(err, EINVAL, "a name of structured data has 1 to %d characters",
			       PARAM_MAX);
	return 0;
}

int policy_parse_logged(const struct policy_key *key, const char *value, void *base,
			struct err *err)
{
	int r = check_logged(value, err);

	return r ? r : add_pair(key, value, strlen(value), base, err);
}

static int valid_logged(const struct policy_key *key, const void *base, struct err *err)
{
	const struct policy_words *words = words_of(key, base);
	int r = policy_words_valid(words, buffer_of(key, base), room_of(key), err);

	for (unsigned int i = 0; !r && i < words->count; i++)
		r = check_logged(policy_words_at(words, buffer_of(key, base), i), err) ? -EBADMSG
										       : 0;
	return r;
}

const struct policy_type policy_type_logged = {
	.syntax = "NAME of an env",
	.print = print_words,
	.valid = valid_logged,
};

#define LABEL_MAX 256

static int check_label(const char *pair, size_t *name_size, struct err *err)
{
	const char *equals = strchr(pair, '=');
	size_t size = equals ? (size_t)(equals - pair) : 0;

	if (!size || strlen(pair) > LABEL_MAX)
		return err_set(err, EINVAL,
			       "not of the form label.NAME = VALUE within %d characters",
			       LABEL_MAX);
	for (size_t i = 0; i < size; i++)
		if (!((pair[i] >= 'a' && pair[i] <= 'z') || (pair[i] >= '0' && pair[i] <= '9') ||
		      strchr(".-_", pair[i])))
			return err_set(err, EINVAL, "a label's name may hold a-z 0-9 . - _ only");
	if (size > PARAM_MAX)
		return err_set(err, EINVAL, "a label's name has at most %d characters", PARAM_MAX);
	if (str_starts(pair, "bartizan.") || str_starts(pair, "security."))
		return err_set(err, EPERM, "the prefixes bartizan. and security. are reserved");
	*name_size = size;
	return 0;
}

/* The loader hands over "NAME=VALUE" from "label.NAME = VALUE". */
int policy_parse_label(const struct policy_key *key, const char *value, void *base, struct err *err)
{
	size_t name_size = 0;
	int r = check_label(value, &name_size, err);

	return r ? r : add_pair(key, value, name_size, base, err);
}

static int valid_label(const struct policy_key *key, const void *base, struct err *err)
{
	const struct policy_words *words = words_of(key, base);
	size_t name_size;
	int r = policy_words_valid(words, buffer_of(key, base), room_of(key), err);

	for (unsigned int i = 0; !r && i < words->count; i++)
		r = check_label(policy_words_at(words, buffer_of(key, base), i), &name_size, err)
			    ? -EBADMSG
			    : 0;
	return r;
}

const struct policy_type policy_type_label = {
	.syntax = "text",
	.print = print_words,
	.valid = valid_label,
};

static const char *const depend_words[DEPEND_COUNT] = {"started", "healthy"};

int policy_parse_depends(const struct policy_key *key, const char *value, void *base,
			 struct err *err)
{
	struct policy *policy = base;
	struct policy_depends *row = &policy->depends[policy->depends_count];
	char name[NAME_SIZE + 16];
	uint8_t on = DEPEND_STARTED;
	char *colon;

	if (policy->depends_count >= POLICY_DEPENDS_MAX)
		return err_set(err, E2BIG, "more than %d dependencies", POLICY_DEPENDS_MAX);
	if (str_copy(name, sizeof(name), value))
		return err_set(err, EINVAL, "not of the form \"%s\"", key->type->syntax);
	colon = strchr(name, ':');
	if (colon) {
		*colon++ = '\0';
		on = str_equal(colon, depend_words[DEPEND_HEALTHY]) ? DEPEND_HEALTHY
								    : DEPEND_STARTED;
		if (!str_equal(colon, depend_words[on]))
			return err_set(err, EINVAL, "\"%s\" is neither started nor healthy", colon);
	}
	if (!str_is_name(name))
		return err_set(err, EINVAL, "\"%s\" is not a service name", name);
	for (unsigned int i = 0; i < policy->depends_count; i++)
		if (str_equal(policy->depends[i].name, name))
			return err_set(err, EEXIST, "%s is named twice", name);
	memset(row, 0, sizeof(*row));
	memcpy(row->name, name, strlen(name));
	row->on = on;
	policy->depends_count++;
	return 0;
}

static bool print_depends(const struct policy_key *key, const void *base, unsigned int index,
			  struct text *out)
{
	const struct policy *policy = base;

	(void)key;
	if (index >= policy->depends_count)
		return false;
	text_add(out, policy->depends[index].name);
	text_add(out, ":");
	text_add(out, depend_words[policy->depends[index].on]);
	return true;
}

static int valid_depends(const struct policy_key *key, const void *base, struct err *err)
{
	const struct policy *policy = base;

	if (policy->depends_count > POLICY_DEPENDS_MAX)
		return err_set(err, EBADMSG, "%s counts more rows than there are", key->name);
	for (unsigned int i = 0; i < policy->depends_count; i++)
		if (!str_terminated(policy->depends[i].name, NAME_SIZE) ||
		    !str_is_name(policy->depends[i].name) || policy->depends[i].on >= DEPEND_COUNT)
			return err_set(err, EBADMSG, "%s is malformed", key->name);
	return 0;
}

const struct policy_type policy_type_depends = {
	.syntax = "NAME, NAME:started or NAME:healthy",
	.print = print_depends,
	.valid = valid_depends,
};

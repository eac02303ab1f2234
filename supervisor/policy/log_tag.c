#include "policy/log_tag.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "base/text.h"
#include "policy/words.h"

#define PARAM_COST 4 /* blank, '=' and quotes around a value of structured data */

static const char *const fields[TAG_FIELDS] = {POLICY_TAG_NAME, "{{.ImageName}}", "{{.ID}}",
					       "{{.ImageID}}", "{{.DaemonName}}"};

/* The field that @at begins with; TAG_FIELDS: none. */
static unsigned int field_at(const char *at)
{
	unsigned int i = 0;

	while (i < TAG_FIELDS && !str_starts(at, fields[i]))
		i++;
	return i;
}

static bool is_of_names(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

const char *policy_tag_check(const char *template)
{
	bool apart = str_equal(template, POLICY_TAG_NAME);

	for (const char *at = template; *at;) {
		unsigned int field = field_at(at);

		if (field < TAG_FIELDS) {
			apart |= field == TAG_IMAGE_NAME;
			at += strlen(fields[field]);
			continue;
		}
		if (*at == '{' || *at == '}')
			return "no field of that name, and no template logic";
		if (!is_of_names(*at) && !(*at >= 'A' && *at <= 'Z') && !strchr("_/:@+~", *at))
			return "holds a character other than a-z A-Z 0-9 - . _ / : @ + ~";
		apart |= !is_of_names(*at++);
	}
	return apart ? NULL
		     : "could be the name of another service: add a character that no name "
		       "has, as in edge/{{.Name}}";
}

void policy_tag_expand(const char *template, const char *const values[TAG_FIELDS],
		       char tag[POLICY_TAG_MAX + 1])
{
	char whole[512] = ""; /* the longest fields of a longest template */
	struct text t = TEXT_IN(whole);

	while (*template) {
		unsigned int field = field_at(template);

		if (field < TAG_FIELDS) {
			text_add(&t, values[field]);
			template += strlen(fields[field]);
		} else {
			text_add_bytes(&t, template ++, 1);
		}
	}
	str_join(tag, POLICY_TAG_MAX + 1, whole, "", "");
}

/* As structured data writes it: three characters are escaped (RFC 5424 section 6.3.3). */
static size_t size_of(const char *text)
{
	size_t size = PARAM_COST;

	for (; *text; text++)
		size += strchr("\"\\]", *text) ? 2 : 1;
	return size;
}

const char *policy_log_variable(const struct policy *p, const char *name)
{
	const char *pair;

	for (unsigned int i = 0; (pair = policy_words_at(&p->env, p->environment, i)); i++)
		if (str_starts(pair, name) && pair[strlen(name)] == '=')
			return pair;
	return NULL;
}

static int too_much(struct err *err)
{
	(void)err_set(err, E2BIG, "labels and log_env are more than %d bytes in all",
		      POLICY_LOG_DATA_MAX);
	return err_hint(err, "each line carries them to the collector");
}

int policy_log_check(const struct policy *policy, const char **key, unsigned int *index,
		     struct err *err)
{
	size_t size = 0;
	const char *name;
	const char *pair;

	*key = "label.";
	for (*index = 0; (pair = policy_words_at(&policy->labels, policy->label_text, *index));
	     ++*index) {
		size += size_of(pair);
		if (size > POLICY_LOG_DATA_MAX)
			return too_much(err);
	}
	*key = "log_env";
	for (*index = 0; (name = policy_words_at(&policy->log_env, policy->log_env_text, *index));
	     ++*index) {
		pair = policy_log_variable(policy, name);
		if (!pair) {
			(void)err_set(err, ENOENT, "no env sets it");
			return err_hint(err, "env = %s=VALUE", name);
		}
		size += size_of(pair);
		if (size > POLICY_LOG_DATA_MAX)
			return too_much(err);
	}
	return 0;
}

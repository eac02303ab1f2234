#include <errno.h>
#include <string.h>

#include "policy/key.h"
#include "policy/sysctls.h"
#include "policy/words.h"

/* sysctl.NAME = VALUE; the loader hands over "NAME=VALUE". */
int policy_parse_sysctl(const struct policy_key *key, const char *value, void *base,
			struct err *err)
{
	struct policy *policy = base;
	size_t length = strcspn(value, "=") + 1;
	const char *other;

	(void)key;
	if (!policy_sysctl_check(value, err))
		return -EPERM;
	for (unsigned int i = 0;
	     (other = policy_words_at(&policy->sysctls, policy->sysctl_text, i)); i++)
		if (strncmp(other, value, length) == 0)
			return err_set(err, EEXIST, "is set twice");
	return policy_words_add(&policy->sysctls, policy->sysctl_text, sizeof(policy->sysctl_text),
				value, err);
}

static bool print_sysctl(const struct policy_key *key, const void *base, unsigned int index,
			 struct text *out)
{
	const struct policy *policy = base;
	const char *word = policy_words_at(&policy->sysctls, policy->sysctl_text, index);

	(void)key;
	if (!word)
		return false;
	text_add(out, word);
	return true;
}

static int valid_sysctl(const struct policy_key *key, const void *base, struct err *err)
{
	const struct policy *policy = base;
	const char *word;
	int r = policy_words_valid(&policy->sysctls, policy->sysctl_text,
				   sizeof(policy->sysctl_text), err);

	(void)key;
	for (unsigned int i = 0;
	     !r && (word = policy_words_at(&policy->sysctls, policy->sysctl_text, i)); i++)
		r = policy_sysctl_check(word, err) ? 0 : -EBADMSG;
	return r;
}

const struct policy_type policy_type_sysctl = {
	.syntax = "numbers, one space between two",
	.print = print_sysctl,
	.valid = valid_sysctl,
};

#include <errno.h>
#include <string.h>

#include "policy/key.h"
#include "policy/secret.h"

/* secret = NAME: what is in it stands nowhere but in the store of the device. */

static bool is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool policy_is_secret_name(const char *name)
{
	if (!is_alphanumeric(*name) || strlen(name) >= NAME_SIZE || strstr(name, ".."))
		return false;
	for (; *name; name++)
		if (!is_alphanumeric(*name) && !strchr("._-", *name))
			return false;
	return true;
}

static bool is_there(const struct policy *policy, const char *name, unsigned int end)
{
	for (unsigned int i = 0; i < end; i++)
		if (str_equal(policy->secrets[i].name, name))
			return true;
	return false;
}

int policy_parse_secret(const struct policy_key *key, const char *value, void *base,
			struct err *err)
{
	struct policy *policy = base;
	struct policy_secret *row = &policy->secrets[policy->secret_count];

	(void)key;
	if (policy->secret_count >= POLICY_SECRETS_MAX)
		return err_set(err, E2BIG, "more than %d secrets", POLICY_SECRETS_MAX);
	if (strchr(value, '=') || strchr(value, ':') || strchr(value, ' ')) {
		(void)err_set(err, EINVAL, "a value or option has no place here");
		return err_hint(err, "secret = NAME; `bartizan secret add SERVICE NAME` stores it");
	}
	if (!policy_is_secret_name(value))
		return err_set(err, EINVAL, "not the name of a secret: no path, no ..");
	if (is_there(policy, value, policy->secret_count))
		return err_set(err, EEXIST, "is named twice");
	memset(row, 0, sizeof(*row));
	memcpy(row->name, value, strlen(value));
	policy->secret_count++;
	return 0;
}

static bool print_secret(const struct policy_key *key, const void *base, unsigned int index,
			 struct text *out)
{
	const struct policy *policy = base;

	(void)key;
	if (index >= policy->secret_count)
		return false;
	text_add(out, policy->secrets[index].name);
	return true;
}

static int valid_secret(const struct policy_key *key, const void *base, struct err *err)
{
	const struct policy *policy = base;

	if (policy->secret_count > POLICY_SECRETS_MAX)
		return err_set(err, EBADMSG, "%s counts more rows than there are", key->name);
	for (unsigned int i = 0; i < policy->secret_count; i++) {
		const char *name = policy->secrets[i].name;

		if (!str_terminated(name, NAME_SIZE) || !policy_is_secret_name(name) ||
		    is_there(policy, name, i))
			return err_set(err, EBADMSG, "%s is malformed", key->name);
	}
	return 0;
}

/* A name typed wrong may be the value itself: no message repeats it. */
const struct policy_type policy_type_secret = {
	.syntax = "name: db_password",
	.secret = true,
	.print = print_secret,
	.valid = valid_secret,
};

#include <errno.h>
#include <string.h>

#include "policy/key.h"
#include "policy/trust_policy.h"

/* Scopes and revocations of trust.conf. */

/* A name, or one with '*' in it: "acme.*", "*". */
static bool is_scope(const char *text)
{
	char name[NAME_SIZE];

	if (str_copy(name, sizeof(name), text))
		return false;
	for (char *at = name; *at; at++)
		if (*at == '*')
			*at = 'x';
	return str_is_name(name);
}

int policy_parse_scope(const struct policy_key *key, const char *value, void *base, struct err *err)
{
	struct trust_signer *signer = base;
	char *row;

	if (!is_scope(value))
		return err_set(err, EINVAL, "not of the form \"%s\"", key->type->syntax);
	if (signer->scope_count == TRUST_SCOPES_MAX)
		return err_set(err, E2BIG, "more than %d scopes", TRUST_SCOPES_MAX);
	for (unsigned int i = 0; i < signer->scope_count; i++)
		if (str_equal(signer->scopes[i], value))
			return err_set(err, EEXIST, "is repeated");
	row = signer->scopes[signer->scope_count++];
	memset(row, 0, sizeof(signer->scopes[0]));
	return str_copy(row, sizeof(signer->scopes[0]), value);
}

static bool print_scope(const struct policy_key *key, const void *base, unsigned int index,
			struct text *out)
{
	const struct trust_signer *signer = base;

	(void)key;
	if (index >= signer->scope_count)
		return false;
	text_add(out, signer->scopes[index]);
	return true;
}

static int valid_scope(const struct policy_key *key, const void *base, struct err *err)
{
	const struct trust_signer *signer = base;

	if (!signer->scope_count || signer->scope_count > TRUST_SCOPES_MAX)
		return err_set(err, EBADMSG, "%s has no value, or more than there is room for",
			       key->name);
	for (unsigned int i = 0; i < signer->scope_count; i++)
		if (!str_terminated(signer->scopes[i], sizeof(signer->scopes[0])) ||
		    !is_scope(signer->scopes[i]))
			return err_set(err, EBADMSG, "%s is malformed", key->name);
	return 0;
}

const struct policy_type policy_type_scope = {
	.syntax = "name or glob: acme.*",
	.print = print_scope,
	.valid = valid_scope,
};

/* @key->max says which kind. */
int policy_parse_revoked(const struct policy_key *key, const char *value, void *base,
			 struct err *err)
{
	struct trust_policy *trust = base;
	struct trust_revoked *row = &trust->revoked[trust->revoked_count];

	if (trust->revoked_count == TRUST_REVOKED_MAX)
		return err_set(err, E2BIG, "more than %d revocations", TRUST_REVOKED_MAX);
	if (!str_starts(value, "sha256:") || str_unhex(value + 7, row->digest, sizeof(row->digest)))
		return err_set(err, EINVAL, "not of the form \"%s\"", key->type->syntax);
	row->kind = (uint8_t)key->max;
	trust->revoked_count++;
	return 0;
}

static bool print_revoked(const struct policy_key *key, const void *base, unsigned int index,
			  struct text *out)
{
	const struct trust_policy *trust = base;
	char hex[2 * TRUST_DIGEST_SIZE + 1];

	for (unsigned int i = 0; i < trust->revoked_count; i++) {
		if (trust->revoked[i].kind != key->max || index-- > 0)
			continue;
		str_hex(hex, trust->revoked[i].digest, TRUST_DIGEST_SIZE);
		text_add(out, "sha256:");
		text_add(out, hex);
		return true;
	}
	return false;
}

const struct policy_type policy_type_revoked = {
	.syntax = "sha256:<64 hex digits>",
	.print = print_revoked,
};

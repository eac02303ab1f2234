#include <errno.h>
#include <string.h>

#include "policy/key.h"
#include "policy/trust_policy.h"
#include "policy/validate.h"

/* trust.conf of the verified firmware: [trust], one [signer NAME] per signer, [revoke]. */

#define TRUST(member_)  POLICY_FIELD(trust_policy, member_)
#define SIGNER(member_) POLICY_FIELD(trust_signer, member_)
#define OWNER           .limit = POLICY_LIMIT_FREE("the device's owner decides")

static const char *const expiry_words[EXPIRY_COUNT] = {"install", "always", "never"};

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

static int parse_scope(const struct policy_key *key, const char *value, void *base, struct err *err)
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

static const struct policy_type type_scope = {
	.syntax = "name or glob: acme.*",
	.parse = parse_scope,
	.print = print_scope,
	.valid = valid_scope,
};

/* @key->max says which kind. */
static int parse_revoked(const struct policy_key *key, const char *value, void *base,
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

static const struct policy_type type_revoked = {
	.syntax = "sha256:<64 hex digits>",
	.parse = parse_revoked,
	.print = print_revoked,
};

/* clang-format off */
static const struct policy_key trust_keys[] = {
	{.section = "trust", .name = "version", TRUST(version), .type = &policy_type_count, .required = true, .min = 1,
	 .max = UINT32_MAX, OWNER, .guide = "5", .help = "Version of this file; a newer one replaces it."},
	{.section = "trust", .name = "threshold", TRUST(threshold), .type = &policy_type_count, .min = 1, .max = 8, .dflt = "1",
	 OWNER, .guide = "5", .help = "Distinct keys that must have signed any image."},
	{.section = "trust", .name = "expiry", TRUST(expiry), .type = &policy_type_word, .max = EXPIRY_COUNT - 1,
	 .words = expiry_words, .dflt = "install", OWNER, .guide = "5",
	 .help = "When an expired certificate refuses an image: as it is installed, at every start, or never."},
};

static const struct policy_key signer_keys[] = {
	{.section = "signer", .name = "anchor", SIGNER(anchor), .type = &policy_type_file, OWNER,
	 .guide = "4", .help = "CA certificates that vouch for this signer's keys."},
	{.section = "signer", .name = "spki", SIGNER(has_spki), .type = &policy_type_digest, OWNER,
	 .guide = "4", .help = "Digest of the one key of this signer."},
	{.section = "signer", .name = "allow", SIGNER(scopes), .type = &type_scope, .many = true, .required = true, OWNER,
	 .guide = "4", .help = "Names that this signer may sign."},
	{.section = "signer", .name = "threshold", SIGNER(threshold), .type = &policy_type_count, .min = 1, .max = 8, .dflt = "1",
	 OWNER, .guide = "5", .help = "Distinct keys of this signer that must have signed."},
	{.section = "signer", .name = "min_epoch", SIGNER(min_epoch), .type = &policy_type_count, .max = UINT32_MAX, .dflt = "0",
	 OWNER, .guide = "5", .help = "Lowest epoch of this signer's images; nobody without the firmware's key can lower it."},
};

static const struct policy_key revoke_keys[] = {
	{.section = "revoke", .name = "spki", TRUST(revoked), .type = &type_revoked, .many = true, .max = REVOKED_SPKI, OWNER,
	 .guide = "5", .help = "Key that counts no more."},
	{.section = "revoke", .name = "cert", TRUST(revoked), .type = &type_revoked, .many = true, .max = REVOKED_CERTIFICATE, OWNER,
	 .guide = "5", .help = "Certificate that counts no more."},
	{.section = "revoke", .name = "root_hash", TRUST(revoked), .type = &type_revoked, .many = true, .max = REVOKED_ROOT_HASH,
	 OWNER, .guide = "5", .help = "Image that must not run."},
};
/* clang-format on */

static void *open_trust(void *root, const char *argument, struct err *err)
{
	(void)argument;
	(void)err;
	return root;
}

static void *open_signer(void *root, const char *argument, struct err *err)
{
	struct trust_policy *trust = root;
	struct trust_signer *row = &trust->signers[trust->signer_count];

	if (!str_is_name(argument)) {
		(void)err_set(err, EINVAL, "not a signer name");
		return NULL;
	}
	for (unsigned int i = 0; i < trust->signer_count; i++) {
		if (!str_equal(trust->signers[i].name, argument))
			continue;
		(void)err_set(err, EINVAL, "signer is repeated");
		return NULL;
	}
	if (trust->signer_count == TRUST_SIGNERS_MAX) {
		(void)err_set(err, EINVAL, "more than %d signers", TRUST_SIGNERS_MAX);
		return NULL;
	}
	memcpy(row->name, argument, strlen(argument));
	trust->signer_count++;
	return row;
}

/* clang-format off */
static const struct policy_section sections[] = {
	{.name = "trust", .required = true, .keys = trust_keys, .count = ARRAY_SIZE(trust_keys), .open = open_trust},
	{.name = "signer", .named = true, .required = true, .keys = signer_keys, .count = ARRAY_SIZE(signer_keys),
	 .open = open_signer},
	{.name = "revoke", .keys = revoke_keys, .count = ARRAY_SIZE(revoke_keys), .open = open_trust},
};
/* clang-format on */

static int finish_trust(void *root, struct err *err)
{
	return policy_validate_trust(root, err);
}

const struct policy_format policy_trust_format = {
	.sections = sections,
	.count = ARRAY_SIZE(sections),
	.finish = finish_trust,
};

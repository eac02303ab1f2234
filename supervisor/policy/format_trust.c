#define POLICY_WITH_DOC
#include "policy/rows.h"

#include <errno.h>
#include <string.h>

#include "policy/validate.h"

/* trust.conf of the verified firmware: [trust], one [signer NAME] per signer, [revoke]. */

/* clang-format off */
static const struct policy_key trust_rows[] = {
#include "policy/rows_trust.def"
};
static const struct policy_key signer_rows[] = {
#include "policy/rows_signer.def"
};
static const struct policy_key revoke_rows[] = {
#include "policy/rows_revoke.def"
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
	{.name = "trust", .required = true, .keys = trust_rows, .count = ARRAY_SIZE(trust_rows), .open = open_trust},
	{.name = "signer", .named = true, .required = true, .keys = signer_rows, .count = ARRAY_SIZE(signer_rows),
	 .open = open_signer},
	{.name = "revoke", .keys = revoke_rows, .count = ARRAY_SIZE(revoke_rows), .open = open_trust},
};
/* clang-format on */

static int finish_trust(void *root, struct policy_culprit *culprit, struct err *err)
{
	(void)culprit;
	return policy_validate_trust(root, err);
}

const struct policy_format policy_trust_format = {
	.sections = sections,
	.count = ARRAY_SIZE(sections),
	.finish = finish_trust,
};

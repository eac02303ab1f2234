#include "policy/report.h"

#include "policy/key.h"
#include "policy/trust_policy.h"

static void report_key(const struct policy_key *key, const void *base,
		       void (*row)(void *context, const char *key, const char *value),
		       void *context)
{
	char value[POLICY_ARGV_BYTES * 2];

	for (unsigned int i = 0;; i++) {
		struct text out = TEXT_IN(value);

		value[0] = '\0';
		if (!key->type->print(key, base, i, &out))
			return;
		row(context, key->name, value);
	}
}

static void report_table(const struct policy_table *table, const void *base,
			 void (*row)(void *context, const char *key, const char *value),
			 void *context)
{
	for (size_t i = 0; i < table->count; i++)
		report_key(&table->keys[i], base, row, context);
}

void policy_report(const struct policy *policy,
		   void (*row)(void *context, const char *key, const char *value), void *context)
{
	report_table(&policy_image_table, policy, row, context);
	report_table(&policy_service_table, policy, row, context);
}

void policy_report_trust(const struct trust_policy *policy,
			 void (*row)(void *context, const char *key, const char *value),
			 void *context)
{
	row(context, "[trust]", "");
	report_table(&policy_trust_table, policy, row, context);
	for (uint32_t i = 0; i < policy->signer_count; i++) {
		row(context, "[signer]", policy->signers[i].name);
		report_table(&policy_signer_table, &policy->signers[i], row, context);
	}
	if (!policy->revoked_count)
		return;
	row(context, "[revoke]", "");
	report_table(&policy_revoke_table, policy, row, context);
}

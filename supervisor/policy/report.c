#include "policy/report.h"

#include "policy/key.h"

static void report_key(const struct policy_key *key, const struct policy *policy,
		       void (*row)(void *context, const char *key, const char *value),
		       void *context)
{
	char value[POLICY_ARGV_BYTES * 2];

	for (unsigned int i = 0;; i++) {
		struct text out = TEXT_IN(value);

		value[0] = '\0';
		if (!key->type->print(key, policy, i, &out))
			return;
		row(context, key->name, value);
	}
}

void policy_report(const struct policy *policy,
		   void (*row)(void *context, const char *key, const char *value), void *context)
{
	for (size_t i = 0; i < policy_image_table.count; i++)
		report_key(&policy_image_table.keys[i], policy, row, context);
	for (size_t i = 0; i < policy_service_table.count; i++)
		report_key(&policy_service_table.keys[i], policy, row, context);
}

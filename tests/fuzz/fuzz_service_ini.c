/* links: base audit policy inih */
/* A manifest: whatever is accepted must pass the check on the other side of the process boundary.
 */
#include <stdlib.h>

#include "policy/load.h"
#include "policy/report.h"
#include "policy/validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *context, const char *key, const char *value)
{
	(void)context;
	(void)key;
	(void)value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy policy;
	struct err err;

	if (policy_load_service(&(struct policy_text){"f", (const char *)data, size}, true, &policy,
				&err))
		return 0;
	if (policy_validate(&policy, &err))
		abort();
	policy_report(&policy, ignore, NULL);
	return 0;
}

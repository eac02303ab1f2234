/* links: base audit policy inih */
#include <stdlib.h>

#include "policy/load.h"
#include "policy/validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct trust_policy trust;
	struct err err;

	if (policy_load_trust(&(struct policy_text){"f", (const char *)data, size}, &trust, &err) ==
		    0 &&
	    policy_validate_trust(&trust, &err))
		abort();
	return 0;
}

/* links: base audit policy inih */
#include <stdlib.h>

#include "policy/load.h"
#include "policy/validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct device_policy device;
	struct err err;

	if (policy_load_device(&(struct policy_text){"f", (const char *)data, size}, &device,
			       &err) == 0 &&
	    policy_validate_device(&device, &err))
		abort();
	return 0;
}

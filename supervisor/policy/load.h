#ifndef POLICY_LOAD_H
#define POLICY_LOAD_H

#include <stddef.h>

#include "base/err.h"
#include "policy/policy.h"
#include "policy/trust_policy.h"

/*
 * Configuration text into structs. One strict reader for all three files: unknown section or key, a
 * repeat of a key that is not `many`, an over-long line, a byte that is no text: -EINVAL (or the
 * type's own code) with "FILE:LINE: [section] key = value: reason" in @err and, mostly, a hint.
 * Nothing is stored then. These functions use inih; the launcher links none of them.
 */

struct policy_text {
	const char *file; /* for messages */
	const char *bytes;
	size_t size;
};

/* @with_image: [image] is required (a manifest); otherwise it is refused (input of `image build`).
 */
int policy_load_service(const struct policy_text *text, bool with_image, struct policy *policy,
			struct err *err);
int policy_load_device(const struct policy_text *text, struct device_policy *device,
		       struct err *err);
int policy_load_trust(const struct policy_text *text, struct trust_policy *trust, struct err *err);

#endif

#define POLICY_WITH_DOC
#include "policy/rows.h"

#include <string.h>

/* service.ini. */

/* clang-format off */
static const struct policy_key image_rows[] = {
#include "policy/rows_image.def"
};

static const struct policy_key service_rows[] = {
#include "policy/rows_service.def"
};

static const struct policy_refusal refusals[] = {
#include "policy/refusals.def"
};
/* clang-format on */

static void *open_policy(void *root, const char *argument, struct err *err)
{
	(void)argument;
	(void)err;
	return root;
}

static void close_service(void *base, const uint16_t lines[POLICY_KEYS_MAX])
{
	struct policy *policy = base;

	memcpy(policy->lines, lines, sizeof(policy->lines));
}

/* clang-format off */
static const struct policy_section manifest_sections[] = {
	{.name = "image", .required = true, .keys = image_rows, .count = ARRAY_SIZE(image_rows),
	 .open = open_policy},
	{.name = "service", .required = true, .keys = service_rows, .count = ARRAY_SIZE(service_rows),
	 .refusals = refusals, .refusal_count = ARRAY_SIZE(refusals), .open = open_policy,
	 .close = close_service},
};
/* clang-format on */

const struct policy_format policy_service_format = {
	.sections = manifest_sections,
	.count = 2,
	.finish = policy_resolve,
};
const struct policy_format policy_input_format = {
	.sections = manifest_sections + 1,
	.count = 1,
	.finish = policy_resolve,
};

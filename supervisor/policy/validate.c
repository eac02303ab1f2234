#include "policy/validate.h"

#include <errno.h>
#include <string.h>

#include "policy/check.h"
#include "policy/key.h"
#include "policy/resolve.h"

static int validate_keys(const struct policy_key *keys, size_t count, const void *base,
			 struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		int r = keys[i].type->valid ? keys[i].type->valid(&keys[i], base, err) : 0;

		if (r)
			return r;
	}
	return 0;
}

/* The rows of one section of a format; every section is known at build time. */
static int validate_section(const struct policy_format *format, const char *name, const void *base,
			    struct err *err)
{
	for (size_t i = 0; i < format->count; i++)
		if (str_equal(format->sections[i].name, name))
			return validate_keys(format->sections[i].keys, format->sections[i].count,
					     base, err);
	return err_set(err, EBADMSG, "no such section");
}

int policy_validate(const struct policy *policy, struct err *err)
{
	int r;

	if (policy->magic != POLICY_MAGIC || policy->size != sizeof(*policy))
		return err_set(err, EBADMSG, "not a service policy of this build");
	r = validate_keys(policy_image_keys, policy_image_key_count, policy, err);
	r = r ? r : validate_keys(policy_service_keys, policy_service_key_count, policy, err);
	if (!r && policy_check_relations(policy, err))
		r = -EBADMSG;
	return r;
}

static int validate_device_sections(const struct device_policy *device, struct err *err)
{
	static const char *const names[] = {"device", "audit"};
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(names); i++)
		r = validate_section(&policy_device_format, names[i], device, err);
	r = r ? r : validate_section(&policy_device_format, "policy", &device->bounds, err);
	if (r)
		return r;
	if (device->syslog.configured)
		return validate_section(&policy_device_format, "syslog", device, err);
	return 0;
}

int policy_validate_device(const struct device_policy *device, struct err *err)
{
	uint8_t configured;
	int r;

	memcpy(&configured, &device->syslog.configured, 1);
	if (device->magic != DEVICE_MAGIC || device->size != sizeof(*device) || configured > 1)
		return err_set(err, EBADMSG, "not a device policy of this build");
	if (device->service_count > DEVICE_SERVICES_MAX)
		return err_set(err, EBADMSG, "device policy counts more services than there are");
	r = validate_device_sections(device, err);
	for (uint32_t i = 0; !r && i < device->service_count; i++) {
		const struct device_service *row = &device->services[i];

		if (!str_terminated(row->name, sizeof(row->name)) || !str_is_name(row->name) ||
		    policy_device_service(device, row->name) != row)
			return err_set(err, EBADMSG,
				       "device policy has a malformed or repeated service name");
		r = validate_section(&policy_device_format, "service", row, err);
	}
	return r;
}

/*
 * Is there a name that both globs match? Two patterns of literals and '*': every literal before the
 * first '*' of both must agree, and so must every literal behind the last; what lies between two
 * stars can always be arranged to match. A pattern without '*' is simply tried on the other.
 */
static bool globs_overlap(const char *a, const char *b)
{
	size_t prefix_a = strcspn(a, "*");
	size_t prefix_b = strcspn(b, "*");
	size_t prefix = prefix_a < prefix_b ? prefix_a : prefix_b;
	const char *tail_a = strrchr(a, '*');
	const char *tail_b = strrchr(b, '*');
	size_t length_a;
	size_t length_b;
	size_t tail;

	if (!tail_a)
		return str_glob(b, a);
	if (!tail_b)
		return str_glob(a, b);
	if (strncmp(a, b, prefix) != 0)
		return false;
	length_a = strlen(tail_a + 1);
	length_b = strlen(tail_b + 1);
	tail = length_a < length_b ? length_a : length_b;
	return strcmp(tail_a + 1 + length_a - tail, tail_b + 1 + length_b - tail) == 0;
}

static int check_overlap(const struct trust_signer *a, const struct trust_signer *b,
			 struct err *err)
{
	for (unsigned int i = 0; i < a->scope_count; i++)
		for (unsigned int j = 0; j < b->scope_count; j++)
			if (globs_overlap(a->scopes[i], b->scopes[j])) {
				(void)err_set(err, EINVAL,
					      "signers %s and %s may both sign %s and %s", a->name,
					      b->name, a->scopes[i], b->scopes[j]);
				return err_hint(err, "the scopes of two signers must not overlap");
			}
	return 0;
}

static int validate_signer(const struct trust_policy *trust, uint32_t index, struct err *err)
{
	const struct trust_signer *row = &trust->signers[index];
	int r;

	if (!str_terminated(row->name, sizeof(row->name)) || !str_is_name(row->name))
		return err_set(err, EBADMSG, "signer has no proper name");
	r = validate_section(&policy_trust_format, "signer", row, err);
	if (r)
		return r;
	if (!row->anchor[0] && !row->has_spki)
		return err_set(err, EINVAL, "signer %s has neither anchor nor spki", row->name);
	for (uint32_t other = 0; !r && other < index; other++)
		r = str_equal(trust->signers[other].name, row->name)
			    ? err_set(err, EBADMSG, "signer %s is there twice", row->name)
			    : check_overlap(&trust->signers[other], row, err);
	return r;
}

int policy_validate_trust(const struct trust_policy *trust, struct err *err)
{
	int r;

	if (trust->magic != TRUST_MAGIC || trust->size != sizeof(*trust))
		return err_set(err, EBADMSG, "not a trust policy of this build");
	if (!trust->signer_count || trust->signer_count > TRUST_SIGNERS_MAX ||
	    trust->revoked_count > TRUST_REVOKED_MAX)
		return err_set(err, EBADMSG,
			       "trust policy has no signer, or counts more than there are");
	for (uint32_t i = 0; i < trust->revoked_count; i++)
		if (trust->revoked[i].kind >= REVOKED_COUNT)
			return err_set(err, EBADMSG, "revocation of an unknown kind");
	r = validate_section(&policy_trust_format, "trust", trust, err);
	for (uint32_t i = 0; !r && i < trust->signer_count; i++)
		r = validate_signer(trust, i, err);
	return r;
}

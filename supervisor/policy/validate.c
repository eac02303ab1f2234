#include "policy/validate.h"

#include <errno.h>
#include <string.h>

#include "policy/check.h"
#include "policy/key.h"
#include "policy/resolve.h"

static int validate(const struct policy_table *table, const void *base, struct err *err)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct policy_key *key = &table->keys[i];
		int r = key->type->valid ? key->type->valid(key, base, err) : 0;

		if (r)
			return r;
	}
	return 0;
}

int policy_validate(const struct policy *policy, struct err *err)
{
	struct policy_culprit culprit;
	int r;

	if (policy->magic != POLICY_MAGIC || policy->size != sizeof(*policy))
		return err_set(err, EBADMSG, "not a service policy of this build");
	r = validate(&policy_image_table, policy, err);
	r = r ? r : validate(&policy_service_table, policy, err);
	if (!r && policy_check_relations(policy, &culprit, err))
		r = -EBADMSG;
	return r;
}

static int validate_device_sections(const struct device_policy *device, struct err *err)
{
	int r = validate(&policy_device_table, device, err);

	r = r ? r : validate(&policy_audit_table, device, err);
	r = r ? r : validate(&policy_bounds_table, &device->bounds, err);
	r = r ? r : validate(&policy_rules_table, &device->bounds, err);
	if (!r && device->syslog.configured)
		r = validate(&policy_syslog_table, device, err);
	return r;
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
	if (device->monitor_count > MONITOR_RULES_MAX)
		return err_set(err, EBADMSG, "device policy counts more rules than there are");
	r = validate_device_sections(device, err);
	for (uint32_t i = 0; !r && i < device->monitor_count; i++) {
		r = validate(&policy_monitor_table, &device->monitors[i], err);
		if (!r && !str_terminated(device->monitors[i].name, NAME_SIZE))
			r = err_set(err, EBADMSG, "device policy has a rule without a name");
	}
	for (uint32_t i = 0; !r && i < device->service_count; i++) {
		const struct device_service *row = &device->services[i];

		if (!str_terminated(row->name, sizeof(row->name)) || !str_is_name(row->name) ||
		    policy_device_service(device, row->name) != row)
			return err_set(err, EBADMSG,
				       "device policy has a malformed or repeated service name");
		r = validate(&policy_bounds_table, row, err);
		r = r ? r : validate(&policy_named_table, row, err);
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
	r = validate(&policy_signer_table, row, err);
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
	r = validate(&policy_trust_table, trust, err);
	for (uint32_t i = 0; !r && i < trust->signer_count; i++)
		r = validate_signer(trust, i, err);
	return r;
}

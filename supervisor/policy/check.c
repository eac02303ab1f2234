#include "policy/check.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

#include "policy/key.h"
#include "policy/resolve.h"
#include "policy/words.h"

#define HINT_ASK "ask for less, or raise it in [service NAME] of supervisor.conf"

static int above(const char *what, const char *asked, const char *granted, struct err *err)
{
	(void)err_set(err, EPERM, "%s = %s is above the device's bound %s", what, asked, granted);
	return err_hint(err, HINT_ASK);
}

int policy_check_nofile(const struct policy *policy, const struct device_policy *device,
			const struct device_service *service, struct err *err)
{
	(void)device;
	if (policy->rlimits[RLIMIT_NOFILE].hard <= service->bounds.nofile)
		return 0;
	(void)err_set(err, EPERM,
		      "ulimit = nofile=%" PRIu64 " is above the device's bound %" PRIu32,
		      policy->rlimits[RLIMIT_NOFILE].hard, service->bounds.nofile);
	return err_hint(err, HINT_ASK);
}

int policy_check_tmpfs(const struct policy *policy, const struct device_policy *device,
		       const struct device_service *service, struct err *err)
{
	char asked[24] = "";
	char granted[24] = "";
	struct text asked_text = TEXT_IN(asked);
	struct text granted_text = TEXT_IN(granted);
	uint64_t sum = 0;

	(void)device;
	for (unsigned int i = 0; i < policy->tmpfs_count; i++)
		sum += policy->tmpfs[i].size; /* 8 times 1 TiB at most */
	if (sum <= service->bounds.tmpfs_size)
		return 0;
	policy_print_size(&asked_text, sum);
	policy_print_size(&granted_text, service->bounds.tmpfs_size);
	return above("tmpfs", asked, granted, err);
}

/* Does the section of @service say that @volume crosses to or from it? With @rw: also for writing. */
static bool is_shared(const struct device_service *service, const char *volume, bool rw)
{
	char writable[2 * NAME_SIZE + 8];
	const char *row;

	str_join(writable, sizeof(writable), volume, ":rw", "");
	for (unsigned int i = 0; (row = policy_words_at(&service->shared, service->shared_text, i));
	     i++)
		if (str_equal(row, writable) || (!rw && str_equal(row, volume)))
			return true;
	return false;
}

static int check_share(const struct policy *policy, const struct policy_volume *v,
		       const struct device_policy *device, const struct device_service *service,
		       struct err *err)
{
	const char *owner = *v->owner ? v->owner : policy->name;
	const struct device_service *other = policy_device_service(device, owner);
	char volume[2 * NAME_SIZE];

	if (!v->shared)
		return 0;
	str_join(volume, sizeof(volume), owner, "/", v->name);
	if (is_shared(service, volume, *v->owner && v->writable) && other &&
	    is_shared(other, volume, false))
		return 0;
	(void)err_set(err, EACCES, "volume %s is not shared by the device policy%s", volume,
		      v->writable && *v->owner ? " for writing" : "");
	return err_hint(err, "shared_volume = %s%s in [service %s] and in [service %s]", volume,
			v->writable && *v->owner ? ":rw" : "", owner, service->name);
}

int policy_check_volumes(const struct policy *policy, const struct device_policy *device,
			 const struct device_service *service, struct err *err)
{
	char asked[24] = "";
	char granted[24] = "";
	struct text asked_text = TEXT_IN(asked);
	struct text granted_text = TEXT_IN(granted);
	uint64_t sum = 0;
	int r = 0;

	for (unsigned int i = 0; !r && i < policy->volume_count; i++) {
		sum += policy->volumes[i].size; /* 8 times 1 TiB at most */
		r = check_share(policy, &policy->volumes[i], device, service, err);
	}
	if (r || sum <= service->bounds.volume_size)
		return r;
	policy_print_size(&asked_text, sum);
	policy_print_size(&granted_text, service->bounds.volume_size);
	return above("volume", asked, granted, err);
}

int policy_check_seccomp(const struct policy *policy, const struct device_policy *device,
			 const struct device_service *service, struct err *err)
{
	(void)device;
	(void)service;
	if (policy->seccomp == SECCOMP_STRICT)
		return 0;
	return err_set(err, EACCES, "seccomp: only builtin:strict is built in");
}

int policy_check_jit(const struct policy *policy, const struct device_policy *device,
		     const struct device_service *service, struct err *err)
{
	(void)device;
	if (policy->mdwe || service->bounds.allow_jit)
		return 0;
	(void)err_set(err, EACCES, "mdwe = no is not granted by the device");
	return err_hint(err, "allow_jit = yes in [service NAME] of supervisor.conf grants it");
}

/* A plain maximum: the same number, in the policy at the key's field and in the bounds at the
 * limit's. */
static int check_max(const struct policy_key *key, const struct policy *policy,
		     const struct device_service *service, struct err *err)
{
	struct policy_key bound = *key;
	char asked[24] = "";
	char granted[24] = "";
	struct text asked_text = TEXT_IN(asked);
	struct text granted_text = TEXT_IN(granted);

	bound.offset = key->limit.offset;
	bound.width = key->limit.width;
	if (policy_number(key, policy) <= policy_number(&bound, &service->bounds))
		return 0;
	(void)key->type->print(key, policy, 0, &asked_text);
	(void)key->type->print(&bound, &service->bounds, 0, &granted_text);
	return above(key->name, asked, granted, err);
}

static int check_key(const struct policy_key *key, const struct policy *policy,
		     const struct device_policy *device, const struct device_service *service,
		     struct err *err)
{
	if (key->limit.check)
		return key->limit.check(policy, device, service, err);
	switch (key->limit.kind) {
	case LIMIT_MAX:
		return check_max(key, policy, service, err);
	case LIMIT_EQUAL: /* the launcher's own comparison: name, epoch, arch, compatible, user */
	case LIMIT_FREE:
		return 0;
	case LIMIT_MISSING:
	case LIMIT_SUBSET: /* always with a check */
		break;
	}
	return err_set(err, EACCES, "%s has no bound: refused", key->name);
}

int policy_check_bounds(const struct policy *policy, const struct device_policy *device,
			const struct device_service *service, struct err *err)
{
	for (size_t i = 0; i < policy_service_key_count; i++) {
		int r = check_key(&policy_service_keys[i], policy, device, service, err);

		if (r)
			return r;
	}
	return 0;
}

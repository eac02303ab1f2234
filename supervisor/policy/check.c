#include "policy/check.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

#include "policy/capabilities.h"
#include "policy/key.h"
#include "policy/resolve.h"
#include "policy/rules.h"
#include "policy/words.h"

#define HINT_ASK "ask for less, or raise it in [service NAME] of supervisor.conf"

static int above(const char *asked, const char *granted, struct err *err)
{
	(void)err_set(err, EPERM, "%s: above the device's bound %s", asked, granted);
	return err_hint(err, HINT_ASK);
}

int policy_check_nofile(const struct policy *policy, const struct device_policy *device,
			const struct device_service *service, struct err *err)
{
	(void)device;
	if (policy->rlimits[RLIMIT_NOFILE].hard <= service->bounds.nofile)
		return 0;
	(void)err_set(err, EPERM,
		      "nofile=%" PRIu64 ":%" PRIu64 ": above the device's bound %" PRIu32,
		      policy->rlimits[RLIMIT_NOFILE].soft, policy->rlimits[RLIMIT_NOFILE].hard,
		      service->bounds.nofile);
	return err_hint(err, HINT_ASK);
}

/* All that a service has of tmpfs: the mounts that it names, and /dev/shm. */
static int check_tmpfs(const struct policy *policy, uint64_t sum,
		       const struct device_service *service, struct err *err)
{
	char asked[24] = "";
	char granted[24] = "";
	struct text asked_text = TEXT_IN(asked);
	struct text granted_text = TEXT_IN(granted);

	for (unsigned int i = 0; i < policy->tmpfs_count; i++)
		sum += policy->tmpfs[i].size; /* 9 times 1 TiB at most */
	if (sum <= service->bounds.tmpfs_size)
		return 0;
	policy_print_size(&asked_text, sum);
	policy_print_size(&granted_text, service->bounds.tmpfs_size);
	text_add(&asked_text, " in all");
	return above(asked, granted, err);
}

int policy_check_tmpfs(const struct policy *policy, const struct device_policy *device,
		       const struct device_service *service, struct err *err)
{
	(void)device;
	return check_tmpfs(policy, 0, service, err);
}

int policy_check_shm(const struct policy *policy, const struct device_policy *device,
		     const struct device_service *service, struct err *err)
{
	(void)device;
	return policy->shm_size ? check_tmpfs(policy, policy->shm_size, service, err) : 0;
}

int policy_check_sysfs(const struct policy *policy, const struct device_policy *device,
		       const struct device_service *service, struct err *err)
{
	(void)device;
	if (!*policy->sysfs || str_equal(policy->sysfs, service->sysfs))
		return 0;
	(void)err_set(err, EACCES, "%s: not granted by the device", policy->sysfs);
	return err_hint(err, "sysfs = the same in [service NAME] of supervisor.conf grants it");
}

/* Does the section of @service say that @volume crosses to or from it? With @rw: also for writing.
 */
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
	(void)err_set(err, EACCES, "%s: not shared by the device policy%s", volume,
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
	text_add(&asked_text, " in all");
	return above(asked, granted, err);
}

int policy_check_seccomp(const struct policy *policy, const struct device_policy *device,
			 const struct device_service *service, struct err *err)
{
	const char *what = policy->seccomp == SECCOMP_MOBY ? "builtin:moby" : policy->seccomp_file;
	const char *key = policy->seccomp == SECCOMP_MOBY ? "allow_moby" : "allow_seccomp_file";

	(void)device;
	if (policy->seccomp == SECCOMP_STRICT ||
	    (policy->seccomp == SECCOMP_MOBY && service->bounds.allow_moby) ||
	    (policy->seccomp == SECCOMP_FILE && service->bounds.allow_seccomp_file))
		return 0;
	(void)err_set(err, EACCES, "%s: not granted by the device", what);
	return err_hint(err, "%s = yes in [service NAME] of supervisor.conf grants it", key);
}

int policy_check_apparmor(const struct policy *policy, const struct device_policy *device,
			  const struct device_service *service, struct err *err)
{
	const char *name = policy->apparmor;

	(void)device;
	if (!*name || str_equal(name, POLICY_APPARMOR_BUILTIN) ||
	    str_equal(name, service->bounds.apparmor))
		return 0;
	(void)err_set(err, EACCES, "%s: not granted by the device", name);
	return err_hint(err, "apparmor = %s in [service NAME] of supervisor.conf grants it", name);
}

int policy_check_jit(const struct policy *policy, const struct device_policy *device,
		     const struct device_service *service, struct err *err)
{
	(void)device;
	if (policy->mdwe || service->bounds.allow_jit)
		return 0;
	(void)err_set(err, EACCES, "no: not granted by the device");
	return err_hint(err, "allow_jit = yes in [service NAME] of supervisor.conf grants it");
}

int policy_check_cpuset(const struct policy *policy, const struct device_policy *device,
			const struct device_service *service, struct err *err)
{
	char asked[80] = "";
	char granted[80] = "";
	struct text asked_text = TEXT_IN(asked);
	struct text granted_text = TEXT_IN(granted);
	uint64_t have = service->bounds.cpuset;

	(void)device;
	/* All of them is not more than what there is. */
	if (!policy->cpuset || !have || !(policy->cpuset & ~have))
		return 0;
	policy_print_cpus(&asked_text, policy->cpuset);
	policy_print_cpus(&granted_text, have);
	(void)err_set(err, EPERM, "%s: the device grants %s", asked, granted);
	return err_hint(err, HINT_ASK);
}

static int check_priority(const struct policy *policy, const struct device_bounds *bounds,
			  struct err *err)
{
	uint64_t nice = policy->rlimits[RLIMIT_NICE].hard;
	uint64_t real_time = policy->rlimits[RLIMIT_RTPRIO].hard;

	if (!bounds->nice && !bounds->rtprio) {
		(void)err_set(err, EACCES, "SYS_NICE: not granted by the device");
		return err_hint(err, "nice = 5 in [service NAME] of supervisor.conf grants it");
	}
	/* RLIMIT_NICE counts from nice 20 down: 20 - nice (getrlimit(2)). */
	if (nice > 20 + bounds->nice || real_time > bounds->rtprio) {
		(void)err_set(err, EPERM,
			      "SYS_NICE: ulimit nice or rtprio is above the device's %u and %u",
			      20 + bounds->nice, bounds->rtprio);
		return err_hint(err, HINT_ASK);
	}
	return 0;
}

int policy_check_caps(const struct policy *policy, const struct device_policy *device,
		      const struct device_service *service, struct err *err)
{
	uint32_t more = policy->caps & POLICY_CAPS_HELD & ~service->bounds.caps;

	(void)device;
	if (more) {
		const char *name = more & POLICY_CAP_NET_RAW ? "NET_RAW" : "NET_ADMIN";

		(void)err_set(err, EACCES, "%s: not granted by the device", name);
		return err_hint(err, "cap_add = %s in [service NAME] of supervisor.conf grants it",
				name);
	}
	if (!(policy->caps & POLICY_CAP_SYS_NICE))
		return 0;
	return check_priority(policy, &service->bounds, err);
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
	return above(asked, granted, err);
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

/* "FILE:LINE: [section] key = value: reason": the reasons of the rows begin with the value. */
int policy_locate(const struct policy *policy, size_t row, const char *file, struct err *err)
{
	const char *name = policy_service_table.keys[row].name;
	struct err reason;

	if (!err)
		return -EPERM;
	reason = *err;
	if (policy->lines[row])
		(void)err_set(err, reason.code, "%s:%u: [service] %s = %s", file,
			      policy->lines[row], name, reason.msg);
	else
		(void)err_set(err, reason.code, "%s: [service] default %s = %s", file, name,
			      reason.msg);
	return err_hint(err, "%s", reason.hint);
}

size_t policy_row(const char *key)
{
	const struct policy_table *table = &policy_service_table;

	return (size_t)(policy_key_find(table->keys, table->count, key) - table->keys);
}

int policy_check_bounds(const struct policy *policy, const struct device_policy *device,
			const struct device_service *service, const char *file, struct err *err)
{
	for (size_t i = 0; i < policy_service_table.count; i++) {
		int r = check_key(&policy_service_table.keys[i], policy, device, service, err);

		if (r)
			return policy_locate(policy, i, file, err);
	}
	return policy_check_rules(policy, device, file, err);
}

const struct device_service *policy_device_service(const struct device_policy *device,
						   const char *name)
{
	for (uint32_t i = 0; i < device->service_count && i < DEVICE_SERVICES_MAX; i++)
		if (str_equal(device->services[i].name, name))
			return &device->services[i];
	return NULL;
}

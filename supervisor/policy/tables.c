#include "policy/rows.h"

#include <string.h>

/*
 * The tables without their texts: what validate.c, check.c and report.c walk. The formats
 * (format_*.c) hold the same rows, from the same files, with everything a reader of text needs.
 */

_Static_assert(offsetof(struct policy, argv) ==
		       offsetof(struct policy, command) + sizeof(struct policy_words),
	       "pair");
_Static_assert(offsetof(struct policy, environment) ==
		       offsetof(struct policy, env) + sizeof(struct policy_words),
	       "pair");
_Static_assert(offsetof(struct policy, health_argv) ==
		       offsetof(struct policy, health) + sizeof(struct policy_words),
	       "pair");
_Static_assert(offsetof(struct policy, log_env_text) ==
		       offsetof(struct policy, log_env) + sizeof(struct policy_words),
	       "pair");
_Static_assert(offsetof(struct policy, label_text) ==
		       offsetof(struct policy, labels) + sizeof(struct policy_words),
	       "pair");

_Static_assert(offsetof(struct device_service, shared_text) ==
		       offsetof(struct device_service, shared) + sizeof(struct policy_words),
	       "pair");

const char *const policy_arch_words[ARCH_COUNT] = {"x86_64", "aarch64", "armv7", "riscv64"};
const char *const policy_on_fail_words[ON_FAIL_COUNT] = {"restart", "stop", "none"};
const char *const policy_overflow_words[OVERFLOW_COUNT] = {"drop", "block"};
const char *const policy_driver_words[DRIVER_COUNT] = {"spool+syslog", "spool"};
const char *const policy_facility_words[] = {
	"kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
	"uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock",
	"local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7",
};
const char *const policy_monitor_words[MONITOR_ON_COUNT] = {
	"seccomp", "exec", "outside", "open", "apparmor", "limit", "pressure", "module", "damage"};
const char *const policy_severity_words[] = {"emergency", "alert",  "critical", "error",
					     "warning",   "notice", "info",     "debug"};
const char *const policy_action_words[MONITOR_ACTION_COUNT] = {"log", "kill", "stop"};
const char *const policy_expiry_words[EXPIRY_COUNT] = {"install", "always", "never"};

/* clang-format off */
static const struct policy_key image_rows[] = {
#include "policy/rows_image.def"
};
static const struct policy_key service_rows[] = {
#include "policy/rows_service.def"
};
static const struct policy_key device_rows[] = {
#include "policy/rows_device.def"
};
static const struct policy_key syslog_rows[] = {
#include "policy/rows_syslog.def"
};
static const struct policy_key audit_rows[] = {
#include "policy/rows_audit.def"
};
static const struct policy_key bounds_rows[] = {
#include "policy/rows_bounds.def"
};
static const struct policy_key policy_rows[] = {
#include "policy/rows_policy.def"
};
static const struct policy_key named_rows[] = {
#include "policy/rows_named.def"
};
static const struct policy_key monitor_rows[] = {
#include "policy/rows_monitor.def"
};
static const struct policy_key trust_rows[] = {
#include "policy/rows_trust.def"
};
static const struct policy_key signer_rows[] = {
#include "policy/rows_signer.def"
};
static const struct policy_key revoke_rows[] = {
#include "policy/rows_revoke.def"
};
const struct policy_table policy_image_table = {image_rows, ARRAY_SIZE(image_rows)};
const struct policy_table policy_service_table = {service_rows, ARRAY_SIZE(service_rows)};
const struct policy_table policy_device_table = {device_rows, ARRAY_SIZE(device_rows)};
const struct policy_table policy_syslog_table = {syslog_rows, ARRAY_SIZE(syslog_rows)};
const struct policy_table policy_audit_table = {audit_rows, ARRAY_SIZE(audit_rows)};
const struct policy_table policy_bounds_table = {bounds_rows, ARRAY_SIZE(bounds_rows)};
const struct policy_table policy_rules_table = {policy_rows, ARRAY_SIZE(policy_rows)};
const struct policy_table policy_named_table = {named_rows, ARRAY_SIZE(named_rows)};
const struct policy_table policy_monitor_table = {monitor_rows, ARRAY_SIZE(monitor_rows)};
const struct policy_table policy_trust_table = {trust_rows, ARRAY_SIZE(trust_rows)};
const struct policy_table policy_signer_table = {signer_rows, ARRAY_SIZE(signer_rows)};
const struct policy_table policy_revoke_table = {revoke_rows, ARRAY_SIZE(revoke_rows)};
/* clang-format on */

_Static_assert(ARRAY_SIZE(service_rows) <= POLICY_KEYS_MAX, "lines is too small");

const struct policy_key *policy_key_find(const struct policy_key *keys, size_t count,
					 const char *name)
{
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(keys[i].name);

		if (str_equal(keys[i].name, name))
			return &keys[i];
		if (keys[i].name[length - 1] == '.' && strncmp(keys[i].name, name, length) == 0 &&
		    name[length])
			return &keys[i];
	}
	return NULL;
}

/* clang-format off */
/*
 * What the rows of rows_*.def are written with; each file that includes them includes this first
 * and has said with POLICY_WITH_DOC whether it wants the half for readers.
 *
 * {.name = "memory", SERVICE(memory),                      the field that the value goes to
 *  .min = 4 * MIB, .max = GIB * KIB,                       the range of the number that is stored
 *  .limit = POLICY_LIMIT_MAX(memory, "why the device bounds it"),
 *  TYPE(size, "64m", "31", "What it does.")},              how it is written, default, line of the
 *                                                          guide, explanation
 */
#include "policy/check.h"
#include "policy/key.h"
#include "policy/log_tag.h"
#include "policy/resolve.h"
#include "policy/trust_policy.h"

#define IMAGE(member_)   POLICY_FIELD(policy, member_)
#define SERVICE(member_) POLICY_FIELD(policy, member_)
#define PAIR(first, second) \
	.offset = offsetof(struct policy, first), .width = sizeof(((struct policy *)0)->first) + sizeof(((struct policy *)0)->second)
#define DEVICE(member_)  .limit = POLICY_LIMIT_FREE("the device's owner decides"), POLICY_FIELD(device_policy, member_)
#define BOUND(member_)   .limit = POLICY_LIMIT_FREE("the device's owner decides"), POLICY_FIELD(device_bounds, member_)
#define NAMED(member_)   .limit = POLICY_LIMIT_FREE("the device's owner decides"), POLICY_FIELD(device_service, member_)
#define MONITOR(member_) .limit = POLICY_LIMIT_FREE("the device's owner decides"), POLICY_FIELD(monitor_rule, member_)
#define TRUST(member_)   .limit = POLICY_LIMIT_FREE("the device's owner decides"), POLICY_FIELD(trust_policy, member_)
#define SIGNER(member_)  .limit = POLICY_LIMIT_FREE("the device's owner decides"), POLICY_FIELD(trust_signer, member_)
#define RULES \
	.offset = offsetof(struct device_policy, rules) - offsetof(struct device_policy, bounds), .width = sizeof(struct device_rules)
#define KIB     1024ULL
#define MIB     (1024 * KIB)
#define GIB     (1024 * MIB)
#define LOG_SIZE_MIN (128 * KIB) /* the recorder has no smaller segments */
#define SECOND  1000ULL
#define MINUTE  (60 * SECOND)
#define HOUR    (60 * MINUTE)
/* Of a key with one value: @reason is the hint for whoever writes another one, so it is on the device as well. */
#define IMPLIED(word, reason_) \
	.words = (const char *const[]){word}, .limit = {.kind = LIMIT_FREE, POLICY_HINT(reason_)}

#define POLICY_LIMIT_MAX(member, text) {.kind = LIMIT_MAX, POLICY_FIELD(device_bounds, member), POLICY_REASON(text)}
#define POLICY_LIMIT_CHECK(kind_, check_, text) {.kind = kind_, .check = check_, POLICY_REASON(text)}
#define POLICY_LIMIT_LAUNCHER(text) {.kind = LIMIT_EQUAL, POLICY_REASON(text)}
#define POLICY_LIMIT_FREE(text) {.kind = LIMIT_FREE, POLICY_REASON(text)}

/* tables.c */
extern const char *const policy_arch_words[];
extern const char *const policy_on_fail_words[];
extern const char *const policy_overflow_words[];
extern const char *const policy_facility_words[];
extern const char *const policy_driver_words[];
extern const char *const policy_expiry_words[];
extern const char *const policy_monitor_words[];
extern const char *const policy_severity_words[];
extern const char *const policy_action_words[];

#ifdef POLICY_WITH_DOC
/* On the device nobody prints the reference: line of the guide, explanation and reason of a limit are the host's. */
#ifdef BARTIZAN_DEVICE
#define TYPE(name_, default_, guide_, help_) \
	.type = &policy_type_##name_, .doc = &(const struct policy_doc){policy_parse_##name_, default_, NULL, NULL}
#else
#define TYPE(name_, ...) \
	.type = &policy_type_##name_, .doc = &(const struct policy_doc){policy_parse_##name_, __VA_ARGS__}
#endif
/* A reason that is no reason does not compile. */
#define POLICY_HINT(text) .reason = &(text)[0 * sizeof(char[sizeof(text) > 12 ? 1 : -1])]
#else
#define POLICY_HINT(text) .reason = NULL
#define TYPE(name_, ...)    .type = &policy_type_##name_
#endif
#if defined(POLICY_WITH_DOC) && !defined(BARTIZAN_DEVICE)
#define POLICY_REASON(text) POLICY_HINT(text)
#else
#define POLICY_REASON(text) .reason = NULL
#endif
/* clang-format on */

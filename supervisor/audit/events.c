#include "audit/events.h"

/* clang-format off */
const struct audit_def audit_events[EVENT_COUNT] = {
#define AUDIT_FIELD(name, type) name
#define AUDIT_EVENT(id, lane, severity, help, ...) [EVENT_##id] = {#id, {__VA_ARGS__}, SEVERITY_##severity},
#include "audit/events.def"
#undef AUDIT_EVENT
#undef AUDIT_FIELD
};

const struct audit_shape audit_shapes[EVENT_COUNT] = {
#define AUDIT_FIELD(name, type) type
#define AUDIT_EVENT(id, lane, severity, help, ...) [EVENT_##id] = {LANE_##lane, {__VA_ARGS__, AUDIT_END}},
#include "audit/events.def"
#undef AUDIT_EVENT
#undef AUDIT_FIELD
};
/* clang-format on */

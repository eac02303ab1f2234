#include "audit/events.h"

/* clang-format off */
const struct audit_def audit_events[EVENT_COUNT] = {
#define AUDIT_EVENT(id, lane, severity, help, ...) \
	[EVENT_##id] = {#id, LANE_##lane, SEVERITY_##severity, help, {__VA_ARGS__, {0, AUDIT_END}}},
#include "audit/events.def"
#undef AUDIT_EVENT
};
/* clang-format on */

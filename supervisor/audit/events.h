#ifndef AUDIT_EVENTS_H
#define AUDIT_EVENTS_H

#include <stddef.h>
#include <stdint.h>

/* Lanes in falling right to space and bandwidth (security.md): what we decided, what services
 * cause, what services print. */
enum audit_lane { LANE_DECISION, LANE_SERVICE, LANE_OUTPUT, LANE_COUNT };

/* RFC 5424 section 6.2.1, table 2. */
enum audit_severity {
	SEVERITY_EMERGENCY,
	SEVERITY_ALERT,
	SEVERITY_CRITICAL,
	SEVERITY_ERROR,
	SEVERITY_WARNING,
	SEVERITY_NOTICE,
	SEVERITY_INFO,
	SEVERITY_DEBUG
};

enum audit_type { AUDIT_END, AUDIT_STRING, AUDIT_NUMBER, AUDIT_HASH };

#define AUDIT_FIELDS_MAX 9

enum audit_event {
#define AUDIT_EVENT(id, lane, severity, help, ...) EVENT_##id,
#include "audit/events.def"
#undef AUDIT_EVENT
	EVENT_COUNT
};

/* One row per event, in two tables. What a producer needs, who writes values and no names and has
 * none of them in its file: who may rely on the record, and the types of its fields. */
struct audit_shape {
	uint8_t lane;                        /* enum audit_lane */
	uint8_t types[AUDIT_FIELDS_MAX + 1]; /* enum audit_type; ends with AUDIT_END */
};

/* The rest: what the record and its fields are called, how urgent it is. */
struct audit_def {
	const char *name; /* "START", the "e" of the record and MSGID of RFC 5424 */
	const char *fields[AUDIT_FIELDS_MAX];
	uint8_t severity; /* enum audit_severity; never from service bytes */
};

extern const struct audit_shape audit_shapes[EVENT_COUNT];
extern const struct audit_def audit_events[EVENT_COUNT];

/* Of field @i of a row of audit_events. */
static inline enum audit_type audit_field_type(const struct audit_def *def, size_t i)
{
	return (enum audit_type)audit_shapes[def - audit_events].types[i];
}

#endif

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

struct audit_field {
	const char *name;
	enum audit_type type;
};

enum audit_event {
#define AUDIT_EVENT(id, lane, severity, help, ...) EVENT_##id,
#include "audit/events.def"
#undef AUDIT_EVENT
	EVENT_COUNT
};

/* One row per event: the record's keys and types, who may rely on it, how urgent it is. */
struct audit_def {
	const char *name; /* "START", the "e" of the record and MSGID of RFC 5424 */
	enum audit_lane lane;
	enum audit_severity severity;                    /* never from service bytes */
	struct audit_field fields[AUDIT_FIELDS_MAX + 1]; /* ends with AUDIT_END */
};

extern const struct audit_def audit_events[EVENT_COUNT];

/* What a producer needs of a row: it writes values and no names, and has none of them in its file.
 */
struct audit_shape {
	uint8_t lane;
	uint8_t types[AUDIT_FIELDS_MAX + 1]; /* enum audit_type; ends with AUDIT_END */
};

extern const struct audit_shape audit_shapes[EVENT_COUNT];

#endif

#include "audit/refusals.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "audit/audit.h"
#include "base/clock.h"

#define REFUSALS_PER_SECOND 8
#define TEXT_SIZE           256

static bool has_room(struct refusals *r)
{
	uint64_t second = clock_monotonic_ms() / 1000;

	if (second != r->second) {
		r->second = second;
		r->recorded = 0;
	}
	return r->recorded < REFUSALS_PER_SECOND;
}

void audit_refuse(struct refusals *r, const char *from, const char *reason)
{
	char text[TEXT_SIZE];

	if (!has_room(r)) {
		r->unrecorded++;
		return;
	}
	r->recorded++;
	if (r->unrecorded)
		(void)snprintf(text, sizeof(text), "%s (and %" PRIu64 " unrecorded before)", reason,
			       r->unrecorded);
	else
		(void)snprintf(text, sizeof(text), "%s", reason);
	r->unrecorded = 0;
	audit_emit(EVENT_MESSAGE_REFUSED, AUDIT_S(from), AUDIT_S(text));
}

void audit_refuse_rest(struct refusals *r, const char *from)
{
	char text[TEXT_SIZE];

	if (!r->unrecorded || !has_room(r))
		return;
	(void)snprintf(text, sizeof(text), "%" PRIu64 " more, unrecorded", r->unrecorded);
	r->unrecorded = 0;
	r->recorded++;
	audit_emit(EVENT_MESSAGE_REFUSED, AUDIT_S(from), AUDIT_S(text));
}

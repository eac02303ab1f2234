#ifndef AUDIT_REFUSALS_H
#define AUDIT_REFUSALS_H

#include <stdint.h>

/*
 * MESSAGE_REFUSED of one peer, at most 8 a second, so that one that sends nothing but nonsense does
 * not push our own decisions out of the ring; the others are counted and the number is put on
 * record too: with the next record, or by audit_refuse_rest() when none comes. All zero to begin
 * with.
 */
struct refusals {
	uint64_t second;
	uint32_t recorded; /* in this second */
	uint64_t unrecorded;
};

void audit_refuse(struct refusals *r, const char *from, const char *reason);

/* To be called now and then, as seldom as once a second. */
void audit_refuse_rest(struct refusals *r, const char *from);

#endif

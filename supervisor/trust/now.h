#ifndef TRUST_NOW_H
#define TRUST_NOW_H

#include <stdint.h>

/*
 * The time by which certificates are judged (security.md): never earlier than what somebody trusted
 * has signed. Nothing that a clock once said is kept, so one boot at a wrong time leaves no trace.
 * All in seconds, since 1970 unless said otherwise.
 */
struct trust_clock {
	uint64_t real_s;    /* CLOCK_REALTIME: a claim of the battery, the network, the operator */
	uint64_t build_s;   /* of the firmware */
	uint64_t signed_s;  /* `time` of the trust policy in force, 0: none */
	uint64_t counted_s; /* CLOCK_BOOTTIME that has gone by since it came into force */
};

uint64_t trust_now_s(const struct trust_clock *clock);

#endif

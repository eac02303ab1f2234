#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_monotonic_ms(void); /* CLOCK_MONOTONIC in milliseconds: deadlines and delays */
uint64_t clock_boot_us(void); /* CLOCK_BOOTTIME in microseconds: time stamps of audit records */
uint64_t
clock_real_us(void); /* CLOCK_REALTIME in microseconds since 1970: a claim, never a deadline */

#endif

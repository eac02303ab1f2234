#ifndef BENCH_MOMENT_H
#define BENCH_MOMENT_H

#include <stdint.h>

uint64_t now_ns(void); /* CLOCK_MONOTONIC */

/* The product's C library prints no floating point: microseconds with one digit behind the point.
 */
#define TENTHS        "%llu.%llu"
#define IN_US(ns)     (unsigned long long)(ns) / 1000, (unsigned long long)(ns) / 100 % 10
#define IN_TENTHS(ns) (unsigned long long)(ns) / 10, (unsigned long long)(ns) % 10

/* From here on children note when they call execveat(2). */
void moment_open(void);
uint64_t moment_ns(void); /* of the last one */

#endif

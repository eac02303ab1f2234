#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Colour only on a terminal, and not when NO_COLOR is set (no-color.org). Call once; @environment
 * as main() gets it. */
void terminal_open(char *const *environment);

enum colour { COLOUR_NONE, COLOUR_GOOD, COLOUR_BAD, COLOUR_DIM, COLOUR_COUNT };

/* Escape sequences for standard output, "" when it is not to be coloured. */
const char *terminal_colour(enum colour colour);

/* Text of a device or an image, made safe for a terminal: control bytes become '?'. Writes to
 * standard output. */
void terminal_print_safe(const char *text);

/* EXIT_REFUSED when a policy or verification said no, else EXIT_FAILED. */
int terminal_exit(const struct err *err);

/* "bartizan: CONTEXT: reason (hint)" on standard error. Returns EXIT_FAILED, or EXIT_REFUSED when a
 * policy or verification said no. */
int terminal_fail(const char *context, const struct err *err);

/* From now on progress is a line of JSON on standard output, terminal or not:
 * {"event":WHAT,"done":N,"total":N}. */
void terminal_progress_as_events(void);

/* A bar on standard error while something long runs; nothing unless that is a terminal. @done ==
 * @total ends it. */
void terminal_progress(const char *what, uint64_t done, uint64_t total);

#endif

#ifndef BARTIZAN_CHECK_H
#define BARTIZAN_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/proto.h"

/* check harden: the kernel's knobs. EXIT_OK or EXIT_FAILED. */
int check_harden(bool as_json);

/*
 * One number of the CIS Docker Benchmark 1.6.0. Without @reason it is judged by the rows of the
 * launcher's report that name it; with one no running service can be asked, and @reason says why or
 * who looks instead.
 */
struct cis_item {
	const char *number;
	const char *title;
	const char *reason;
};

extern const struct cis_item cis_items[];
extern const size_t cis_item_count;

/* Is @number one of the words of @list? */
bool cis_names(const char *list, const char *number);

/* How sound a service is, of 100: a warning is half a pass. */
unsigned int check_score(unsigned int passed, unsigned int warned, unsigned int failed);

#endif

#ifndef UNIT_NOTED_CALLS_H
#define UNIT_NOTED_CALLS_H

#include <dlfcn.h>
#include <string.h>

/* The order of what reaches the disk: a double of a call notes a letter and makes the call. */
static char calls[64];

static inline void note_call(char what)
{
	size_t length = strlen(calls);

	if (length + 1 < sizeof(calls))
		calls[length] = what;
}

/* What the double stands before. */
static inline void *next_of(const char *symbol)
{
	void *function = dlsym(RTLD_NEXT, symbol);

	assert_non_null(function);
	return function;
}

#endif

#ifndef SECCOMP_JSON_H
#define SECCOMP_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * A bounded, strict reader of JSON (RFC 8259): the caller says what it expects, there is no tree,
 * no allocation and no recursion. Every error names file, line and column of what was not expected.
 * The text need not be terminated.
 */
struct json {
	const char *name;
	const char *text;
	size_t size;
	size_t at;
	size_t word; /* where the last string or number began */
	struct err *err;
};

/* -EINVAL with "name:line:column: reason" of the place where the reader stands. */
int json_fail(const struct json *json, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same reader at the beginning of the last string or number, for a message about it. */
struct json json_back(const struct json *json);

/*
 * The members of an object, one per call: 1 with its name in @key, 0 behind the last. *@first must
 * be true at the first call. -EINVAL: no object, no string, or a name longer than @size - 1 bytes.
 */
int json_object_next(struct json *json, bool *first, char *key, size_t size);

/* The elements of an array: 1 when there is one to be read, 0 behind the last. */
int json_array_next(struct json *json, bool *first);

/* A string; only plain printable ASCII without escapes, which is what names are. */
int json_word(struct json *json, char *to, size_t size);

/* Any string; its content is dropped. */
int json_skip_string(struct json *json);

/* A whole number without sign, fraction or exponent, at most @max. */
int json_number(struct json *json, uint64_t max, uint64_t *number);

/* Does null stand here? It is then read. */
bool json_null(struct json *json);

/* Nothing but white space is left. */
int json_end(struct json *json);

#endif

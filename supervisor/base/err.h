#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What went wrong, in words that reach the operator. The caller owns it; whoever meets the failure
 * fills it in on the spot, so the text names the file, key or call that failed and nobody has to
 * guess on the way up. It crosses process boundaries inside messages: fixed size, no pointers; a
 * receiver calls err_sanitize() before use.
 */
struct err {
	int32_t code;   /* positive errno value, 0 = no error */
	char msg[200];  /* the reason: "unknown key \"memroy\"" */
	char hint[124]; /* what to do about it, may be empty */
};

/* Fill in @e (may be NULL) and return -code, so that `return err_set(e, EINVAL, "...")` reads as
 * one step. */
int err_set(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* As err_set() with ": " and the text of errno value @code appended. Returns -code. */
int err_sys(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Add or replace the hint of @e. Returns -e->code, so it can end the function; -EINVAL when @e is
 * NULL. */
int err_hint(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Put "format: " before the message that is there (context such as "file:line"). Returns -e->code,
 * -EINVAL when @e is NULL. */
int err_prefix(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Make an err from another process safe to print: terminated, no control bytes, a code in 1..4095.
 */
void err_sanitize(struct err *e);

/*
 * An accident, to be tried again: no memory, no room, a helper that was killed in the middle.
 * Everything else is a decision, and repeating the question would only repeat the answer.
 */
bool err_is_accident(int32_t code);

/* Short text of an errno value ("Permission denied"); never NULL. */
const char *err_text(int code);

#endif

#ifndef POLICY_LINES_H
#define POLICY_LINES_H

#include <stddef.h>

#include "base/err.h"

/*
 * The raw text before inih sees it. inih cuts section names over 49 characters, calls back before
 * it reports an over-long line, takes ':' for '=' and text behind ']': all of that is refused here,
 * with control characters, bytes outside ASCII (comments excepted) and files over 64 KiB. -EINVAL,
 * -EFBIG.
 */
int policy_lines_check(const char *file, const char *bytes, size_t size, struct err *err);

#endif

#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define ERRNO_MAX 4095 /* the kernel's MAX_ERRNO */

const char *err_text(int code)
{
	return strerror(code);
}

/* Who reports a failure never returns success: a call that says it worked but did not leaves errno
 * at 0. */
static int failure(int code)
{
	return code > 0 && code <= ERRNO_MAX ? code : EPERM;
}

int err_set(struct err *e, int code, const char *format, ...)
{
	va_list args;

	code = failure(code);
	if (!e)
		return -code;
	e->code = code;
	e->hint[0] = '\0';
	va_start(args, format);
	(void)vsnprintf(e->msg, sizeof(e->msg), format, args);
	va_end(args);
	return -code;
}

int err_sys(struct err *e, int code, const char *format, ...)
{
	va_list args;
	size_t used;

	code = failure(code);
	if (!e)
		return -code;
	e->code = code;
	e->hint[0] = '\0';
	va_start(args, format);
	(void)vsnprintf(e->msg, sizeof(e->msg), format, args);
	va_end(args);
	used = strlen(e->msg);
	(void)snprintf(e->msg + used, sizeof(e->msg) - used, ": %s", err_text(code));
	return -code;
}

int err_hint(struct err *e, const char *format, ...)
{
	va_list args;

	if (!e)
		return -EINVAL; /* nobody knows the code any more; never 0, which would read as
				   success */
	va_start(args, format);
	(void)vsnprintf(e->hint, sizeof(e->hint), format, args);
	va_end(args);
	return -e->code;
}

int err_prefix(struct err *e, const char *format, ...)
{
	char before[sizeof(e->msg)];
	char after[sizeof(e->msg)];
	va_list args;

	if (!e)
		return -EINVAL; /* nobody knows the code any more; never 0, which would read as
				   success */
	va_start(args, format);
	(void)vsnprintf(before, sizeof(before), format, args);
	va_end(args);
	memcpy(after, e->msg, sizeof(after));
	str_join(e->msg, sizeof(e->msg), before, ": ", after);
	return -e->code;
}

void err_sanitize(struct err *e)
{
	if (e->code < 1 || e->code > ERRNO_MAX)
		e->code = EPROTO;
	str_sanitize(e->msg, sizeof(e->msg));
	str_sanitize(e->hint, sizeof(e->hint));
}

bool err_is_accident(int32_t code)
{
	static const int accidents[] = {ENOMEM, EAGAIN,    EBUSY,      EMFILE, ENFILE,
					ENOSPC, ETIMEDOUT, ECONNRESET, EPIPE,  EINTR,
					ECHILD, ESRCH,     ESHUTDOWN};

	for (size_t i = 0; i < sizeof(accidents) / sizeof(accidents[0]); i++)
		if (accidents[i] == code)
			return true;
	return false;
}

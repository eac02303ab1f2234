#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"

static int log_fd = 2;
static const char *log_program = "";

void log_open(int fd, const char *program)
{
	log_fd = fd;
	log_program = program;
}

void log_line(const char *format, ...)
{
	char line[512];
	va_list args;
	size_t used = 0;

	if (*log_program)
		used = (size_t)snprintf(line, sizeof(line), "%.32s: ", log_program);
	va_start(args, format);
	(void)vsnprintf(line + used, sizeof(line) - used - 1, format, args);
	va_end(args);
	used = strlen(line);
	line[used] = '\n';
	(void)fd_write_all(log_fd, line, used + 1);
}

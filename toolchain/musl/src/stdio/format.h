/* What vsnprintf.c and vfprintf.c share. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

struct __format_sink {
	void (*put)(struct __format_sink *, const char *, size_t);
};

/* A va_list in a struct can be handed on by its address on every architecture. */
struct __format_arguments {
	va_list list;
};

/* As vsnprintf(3) says: the bytes that there are, or -1 with errno EINVAL (no such conversion) or EOVERFLOW. */
__attribute__((__visibility__("hidden"))) int __format(struct __format_sink *, const char *, va_list);

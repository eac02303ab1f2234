/*
 * vsnprintf(3), and the formatting that vfprintf(3) shares.  Takes d i o u x X c s p m %% with flags, width, precision
 * and every length; no floating point, no wide characters, no %n, no positions ("%2$s").  Anything else fails with
 * EINVAL, as an unknown conversion does in musl.
 */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "format.h"

char *__strchrnul(const char *, int);

/* Of a width, and of the digits of a number: more is a mistake and would be written blank by blank. */
#define WIDEST 0xffff

#define ALTERNATE 1u
#define ZEROS     2u
#define LEFT      4u
#define SPACE     8u
#define PLUS      16u

struct spec {
	unsigned int flags;
	int width;
	int precision; /* -1: none */
	int size;      /* -2 char, -1 short, 0 int, 1 long, 2 long long */
	char conversion;
};

static void fill(struct __format_sink *sink, char c, int count)
{
	for (; count > 0; count--)
		sink->put(sink, &c, 1);
}

static const char *read_flags(const char *f, struct spec *s)
{
	static const char flags[] = "#0- +";
	const char *at;

	for (s->flags = 0; *f && (at = strchr(flags, *f)); f++)
		s->flags |= 1u << (at - flags);
	return f;
}

/* Digits or '*'; a number that does not fit into an int is INT_MAX, which no output reaches. */
static const char *read_number(const char *f, int *number, struct __format_arguments *arguments)
{
	if (*f == '*') {
		*number = va_arg(arguments->list, int);
		return f + 1;
	}
	for (*number = 0; *f >= '0' && *f <= '9'; f++)
		*number = *number > (INT_MAX - 9) / 10 ? INT_MAX : *number * 10 + (*f - '0');
	return f;
}

static const char *read_spec(const char *f, struct spec *s, struct __format_arguments *arguments)
{
	f = read_number(read_flags(f, s), &s->width, arguments);
	if (s->width < 0) {
		s->flags |= LEFT;
		s->width = s->width == INT_MIN ? INT_MAX : -s->width;
	}
	s->precision = -1;
	if (*f == '.')
		f = read_number(f + 1, &s->precision, arguments);
	for (s->size = 0; *f == 'l' || *f == 'h'; f++)
		s->size += *f == 'l' ? 1 : -1;
	if (*f == 'z' || *f == 't')
		s->size = 1;
	if (*f == 'j')
		s->size = 2;
	if (*f == 'z' || *f == 't' || *f == 'j')
		f++;
	s->conversion = *f;
	return *f ? f + 1 : f;
}

static long long take_signed(const struct spec *s, struct __format_arguments *arguments)
{
	int value;

	if (s->size >= 2)
		return va_arg(arguments->list, long long);
	if (s->size == 1)
		return va_arg(arguments->list, long);
	value = va_arg(arguments->list, int);
	return s->size == 0 ? value : s->size == -1 ? (short)value : (signed char)value;
}

static unsigned long long take_unsigned(const struct spec *s, struct __format_arguments *arguments)
{
	unsigned int value;

	if (s->size >= 2)
		return va_arg(arguments->list, unsigned long long);
	if (s->size == 1)
		return va_arg(arguments->list, unsigned long);
	value = va_arg(arguments->list, unsigned int);
	return s->size == 0 ? value : s->size == -1 ? (unsigned short)value : (unsigned char)value;
}

/* Text of @length bytes with blanks around it. */
static int put_field(struct __format_sink *sink, const struct spec *s, const char *text, size_t length)
{
	int blanks;

	if (length > INT_MAX)
		return -1;
	blanks = s->width > (int)length ? s->width - (int)length : 0;
	fill(sink, ' ', s->flags & LEFT ? 0 : blanks);
	sink->put(sink, text, length);
	fill(sink, ' ', s->flags & LEFT ? blanks : 0);
	return blanks + (int)length;
}

static int put_string(struct __format_sink *sink, const struct spec *s, const char *text)
{
	if (!text)
		text = "(null)";
	return put_field(sink, s, text, strnlen(text, s->precision < 0 ? INT_MAX : (size_t)s->precision));
}

/* Sign or base, zeros, digits, with blanks around them. */
static int put_number(struct __format_sink *sink, const struct spec *s, const char *prefix, unsigned long long number)
{
	unsigned int base = s->conversion == 'o' ? 8 : (s->conversion | 32) == 'x' ? 16 : 10;
	char digits[3 * sizeof(number)];
	char *at = digits + sizeof(digits);
	int zeros, count, blanks, size = (int)strlen(prefix);

	for (; number; number /= base) {
		*--at = "0123456789abcdef"[number % base];
		if (s->conversion == 'X' && *at >= 'a')
			*at = (char)(*at - 32);
	}
	count = (int)(digits + sizeof(digits) - at);
	zeros = (s->precision < 0 ? 1 : s->precision) - count;
	if (base == 8 && s->flags & ALTERNATE && zeros <= 0)
		zeros = 1;
	if (zeros < 0)
		zeros = 0;
	if (s->flags & ZEROS && !(s->flags & LEFT) && s->precision < 0 && s->width > size + zeros + count)
		zeros = s->width - size - count;
	if (zeros > WIDEST)
		return -1;
	size += zeros + count;
	blanks = s->width > size ? s->width - size : 0;
	fill(sink, ' ', s->flags & LEFT ? 0 : blanks);
	sink->put(sink, prefix, strlen(prefix));
	fill(sink, '0', zeros);
	sink->put(sink, at, (size_t)count);
	fill(sink, ' ', s->flags & LEFT ? blanks : 0);
	return size + blanks;
}

static int put_signed(struct __format_sink *sink, const struct spec *s, long long number)
{
	const char *sign = number < 0 ? "-" : s->flags & PLUS ? "+" : s->flags & SPACE ? " " : "";

	return put_number(sink, s, sign, number < 0 ? 0 - (unsigned long long)number : (unsigned long long)number);
}

static int put_hex(struct __format_sink *sink, const struct spec *s, unsigned long long number)
{
	return put_number(sink, s, s->flags & ALTERNATE && number ? s->conversion == 'X' ? "0X" : "0x" : "", number);
}

static int put_pointer(struct __format_sink *sink, struct spec *s, const void *pointer)
{
	s->conversion = 'x';
	s->flags |= ALTERNATE;
	if (s->precision < (int)(2 * sizeof(pointer)))
		s->precision = 2 * sizeof(pointer);
	return put_hex(sink, s, (uintptr_t)pointer);
}

/* Bytes written, -1 when there were too many, -2 when there is no such conversion. */
static int put_one(struct __format_sink *sink, struct spec *s, struct __format_arguments *arguments)
{
	char c;

	if (s->width > WIDEST)
		return -1;
	switch (s->conversion) {
	case 'd':
	case 'i':
		return put_signed(sink, s, take_signed(s, arguments));
	case 'o':
	case 'u':
		return put_number(sink, s, "", take_unsigned(s, arguments));
	case 'x':
	case 'X':
		return put_hex(sink, s, take_unsigned(s, arguments));
	case 'p':
		return put_pointer(sink, s, va_arg(arguments->list, void *));
	case 's':
		return put_string(sink, s, va_arg(arguments->list, const char *));
	case 'm':
		return put_string(sink, s, strerror(errno));
	case 'c':
		c = (char)va_arg(arguments->list, int);
		return put_field(sink, s, &c, 1);
	case '%':
		return put_field(sink, s, "%", 1);
	}
	return -2;
}

int __format(struct __format_sink *sink, const char *f, va_list list)
{
	struct __format_arguments arguments;
	int total = 0, count;
	struct spec s;

	va_copy(arguments.list, list);
	while (*f) {
		size_t plain = (size_t)(__strchrnul(f, '%') - f);

		sink->put(sink, f, plain);
		f += plain;
		count = plain > INT_MAX ? -1 : (int)plain;
		if (!plain) {
			f = read_spec(f + 1, &s, &arguments);
			count = put_one(sink, &s, &arguments);
		}
		if (count < 0 || count > INT_MAX - total) {
			errno = count == -2 ? EINVAL : EOVERFLOW;
			total = -1;
			break;
		}
		total += count;
	}
	va_end(arguments.list);
	return total;
}

struct memory {
	struct __format_sink sink;
	char *at;
	size_t room;
};

static void put_memory(struct __format_sink *sink, const char *text, size_t length)
{
	struct memory *to = (struct memory *)sink;

	if (length > to->room)
		length = to->room;
	memcpy(to->at, text, length);
	to->at += length;
	to->room -= length;
}

int vsnprintf(char *restrict buffer, size_t size, const char *restrict format, va_list list)
{
	char nothing[1];
	struct memory to = {.sink.put = put_memory, .at = size ? buffer : nothing, .room = size ? size - 1 : 0};
	int total = __format(&to.sink, format, list);

	*to.at = 0;
	return total;
}

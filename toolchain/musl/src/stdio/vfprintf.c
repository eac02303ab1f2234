/* vfprintf(3) over the formatting of vsnprintf.c.  An unbuffered stream gets a buffer for the time of the call. */
#include "stdio_impl.h"
#include "format.h"

struct stream {
	struct __format_sink sink;
	FILE *file;
};

static void put_stream(struct __format_sink *sink, const char *text, size_t length)
{
	FILE *f = ((struct stream *)sink)->file;

	if (!ferror(f))
		__fwritex((const void *)text, length, f);
}

int vfprintf(FILE *restrict f, const char *restrict format, va_list list)
{
	struct stream to = {.sink.put = put_stream, .file = f};
	unsigned char buffer[80], *own = 0;
	int before, total = -1;

	FLOCK(f);
	before = f->flags & F_ERR;
	f->flags &= ~F_ERR;
	if (!f->buf_size) {
		own = f->buf;
		f->buf = buffer;
		f->buf_size = sizeof(buffer);
		f->wpos = f->wbase = f->wend = 0;
	}
	if (f->wend || !__towrite(f))
		total = __format(&to.sink, format, list);
	if (own) {
		f->write(f, 0, 0);
		if (!f->wpos)
			total = -1;
		f->buf = own;
		f->buf_size = 0;
		f->wpos = f->wbase = f->wend = 0;
	}
	if (ferror(f))
		total = -1;
	f->flags |= before;
	FUNLOCK(f);
	return total;
}

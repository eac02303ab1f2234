#include "printer.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

uint64_t printer_due(uint64_t start_ms, uint64_t rate, uint64_t done)
{
	uint64_t wanted = (clock_monotonic_ms() - start_ms) * rate / 1000;

	return wanted > done ? wanted - done : 0;
}

/* The pipe is full while there is no recorder: what did not go in is kept. */
static bool write_rest(struct printer *s)
{
	ssize_t n = s->rest_size ? write(s->pipe[1], s->rest, s->rest_size) : 0;

	if (n < 0)
		return false;
	s->rest_size -= (size_t)n;
	memmove(s->rest, s->rest + n, s->rest_size);
	return s->rest_size == 0;
}

void printer_turn(struct printer *s)
{
	uint64_t count = printer_due(s->start_ms, s->rate, s->done);

	if (!write_rest(s))
		return;
	/* Whole pages of lines at a time: 100,000 a second are asked for. */
	while (count && s->left) {
		while (count && s->left && s->rest_size + s->size + 32 < sizeof(s->rest)) {
			char *line = s->rest + s->rest_size;
			int size = snprintf(line, 32, "line %llu ", (unsigned long long)s->done);

			for (; size < (int)s->size; size++)
				line[size] = (char)('a' + size % 26);
			line[size++] = '\n';
			s->rest_size += (size_t)size;
			s->left--;
			s->done++;
			count--;
		}
		if (!write_rest(s))
			return;
	}
}

/* The bytes of hexadecimal @text, with room for one more; the caller frees them. */
static char *from_hex(const char *text, size_t *size)
{
	char *bytes = malloc(strlen(text) / 2 + 1);

	*size = strlen(text) / 2;
	for (size_t i = 0; bytes && i < *size; i++) {
		unsigned int byte = 0;

		(void)sscanf(text + 2 * i, "%2x", &byte);
		bytes[i] = (char)byte;
	}
	return bytes;
}

static void print_hex(struct printer *s, const char *text)
{
	size_t size;
	char *line = from_hex(text, &size);

	if (!line)
		exit(1);
	line[size++] = '\n';
	for (size_t at = 0; at < size;) {
		ssize_t n = write(s->pipe[1], line + at, size - at);

		if (n > 0)
			at += (size_t)n;
		else
			(void)poll(NULL, 0, 5);
	}
	free(line);
}

void printer_datagram(int fd, const char *text)
{
	size_t size;
	char *bytes = from_hex(text, &size);

	if (!bytes || send(fd, bytes, size, 0) != (ssize_t)size)
		exit(1);
	free(bytes);
}

static void start(struct printer *s, uint64_t lines, uint64_t rate, uint64_t size)
{
	s->left = lines;
	s->rate = rate;
	s->size = size < 32000 ? size : 32000;
	s->done = 0;
	s->start_ms = clock_monotonic_ms();
}

bool printer_command(struct printer printers[2], const char *text)
{
	unsigned long long lines, rate, size;

	if (sscanf(text, "output %llu %llu %llu", &lines, &rate, &size) == 3)
		start(&printers[0], lines, rate, size);
	else if (sscanf(text, "other %llu %llu %llu", &lines, &rate, &size) == 3)
		start(&printers[1], lines, rate, size);
	else if (strncmp(text, "part ", 5) == 0)
		(void)dprintf(printers[0].pipe[1], "%s", text + 5);
	else if (strncmp(text, "hex ", 4) == 0)
		print_hex(&printers[0], text + 4);
	else if (strncmp(text, "raw ", 4) == 0)
		(void)dprintf(printers[0].pipe[1], "%s\n", text + 4);
	else
		return false;
	return true;
}

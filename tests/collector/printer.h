#ifndef PRINTER_H
#define PRINTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one service prints, as told; what did not go into the pipe is kept. */
struct printer {
	const char *name;
	int pipe[2];
	uint64_t left, rate, done, size;
	uint64_t start_ms;
	size_t rest_size;
	char rest[32768];
};

/* How many of something with this rate are due since @start_ms and not done. */
uint64_t printer_due(uint64_t start_ms, uint64_t rate, uint64_t done);
/* A word about what they print, the first one where nothing is said; false: it is about something
 * else. */
bool printer_command(struct printer printers[2], const char *text);
void printer_turn(struct printer *s);
void printer_datagram(int fd, const char *text); /* one of these bytes, in hex */

#endif

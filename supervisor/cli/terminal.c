#include "cli/terminal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/options.h"

#define BAR_WIDTH 40
#define REDRAW_MS 100

static bool coloured;

void terminal_open(char *const *environment)
{
	coloured = isatty(STDOUT_FILENO) == 1;
	for (; environment && *environment; environment++)
		if (str_starts(*environment, "NO_COLOR=") && (*environment)[9])
			coloured = false;
}

const char *terminal_colour(enum colour colour)
{
	static const char *const sequences[COLOUR_COUNT] = {
		[COLOUR_NONE] = "\033[0m",
		[COLOUR_GOOD] = "\033[32m",
		[COLOUR_BAD] = "\033[31m",
		[COLOUR_DIM] = "\033[2m",
	};

	return coloured ? sequences[colour] : "";
}

void terminal_print_safe(const char *text)
{
	for (; *text; text++)
		(void)putchar((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
}

int terminal_exit(const struct err *err)
{
	switch (err->code) {
	case EPERM:
	case EACCES:
	case EBADMSG:
	case EKEYREJECTED:
	case ENOEXEC:
	case ENOKEY:
	case ESTALE:
		return EXIT_REFUSED;
	default:
		return EXIT_FAILED;
	}
}

int terminal_fail(const char *context, const struct err *err)
{
	struct err safe = *err;

	err_sanitize(&safe);
	(void)fflush(stdout);
	/* A text that names the file by itself needs it but once. */
	(void)fprintf(stderr, "bartizan: %s%s%s%s%s%s\n",
		      str_starts(safe.msg, context) ? "" : context,
		      str_starts(safe.msg, context) ? "" : ": ", safe.msg, safe.hint[0] ? " (" : "",
		      safe.hint, safe.hint[0] ? ")" : "");
	return terminal_exit(&safe);
}

static bool as_events;

void terminal_progress_as_events(void)
{
	as_events = true;
}

void terminal_progress(const char *what, uint64_t done, uint64_t total)
{
	static uint64_t drawn_ms;
	uint64_t now_ms = clock_monotonic_ms();
	char bar[BAR_WIDTH + 1];
	uint64_t filled = total ? done * BAR_WIDTH / total : BAR_WIDTH;

	if ((!as_events && isatty(STDERR_FILENO) != 1) ||
	    (done != total && now_ms - drawn_ms < REDRAW_MS))
		return;
	drawn_ms = now_ms;
	if (as_events) {
		(void)printf("{\"event\":\"%s\",\"done\":%" PRIu64 ",\"total\":%" PRIu64 "}\n",
			     what, done, total);
		(void)fflush(stdout);
		return;
	}
	for (uint64_t i = 0; i < BAR_WIDTH; i++)
		bar[i] = i < filled ? '#' : '.';
	bar[BAR_WIDTH] = '\0';
	(void)fprintf(stderr, "\r%s [%s] %3" PRIu64 " %%%s", what, bar,
		      total ? done * 100 / total : 100, done == total ? "\r\033[K" : "");
}

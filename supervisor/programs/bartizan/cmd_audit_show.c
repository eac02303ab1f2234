/* bartizan audit show: every record of a trail. A record from before the clock was set gets its
 * time from a later one of its boot, which has both clocks. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit.h"
#include "base/fd.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "record_filter.h"
#include "trail.h"

#define BOOTS_MAX 4096u /* of later ones records without a time stay without */

static bool as_json;
static const char *since_text;
static const char *until_text;
static const char *filter_text;

/* CLOCK_REALTIME - CLOCK_BOOTTIME of a boot, from its first record with a time. */
struct dating {
	size_t count;
	struct {
		uint64_t boot;
		uint64_t offset_us;
	} boots[BOOTS_MAX];
};

struct show {
	struct dating *dating;
	struct record_filter filter;
};

static uint64_t *offset_of(struct dating *d, uint64_t boot)
{
	for (size_t i = d->count; i-- > 0;)
		if (d->boots[i].boot == boot)
			return &d->boots[i].offset_us;
	return NULL;
}

static bool take_offset(void *context, struct spool_span line, struct spool_view *view)
{
	const struct show *show = context;
	struct dating *d = show->dating;
	uint64_t real_us = view->time.size ? spool_time_read(view->time.at, view->time.size) : 0;

	(void)line;
	if (real_us < view->boot_us || d->count == BOOTS_MAX || offset_of(d, view->boot))
		return true;
	d->boots[d->count].boot = view->boot;
	d->boots[d->count++].offset_us = real_us - view->boot_us;
	return true;
}

static void print_text(const struct spool_view *view, const char *at, bool worked_out)
{
	(void)printf("%c%.*s %" PRIu64 " %.*s %s%.*s%s ", worked_out ? '~' : ' ',
		     at ? SPOOL_TIME_SIZE : 1, at ? at : "-", view->n, (int)view->service.size,
		     view->service.at,
		     terminal_colour((view->pri & 7u) <= SEVERITY_ERROR ? COLOUR_BAD : COLOUR_NONE),
		     (int)view->event.size, view->event.at, terminal_colour(COLOUR_NONE));
	/* As stored: every control byte in it is escaped. */
	(void)fwrite(view->fields.at, 1, view->fields.size, stdout);
	(void)printf("\n");
}

static bool print_record(void *context, struct spool_span line, struct spool_view *view)
{
	struct show *show = context;
	const uint64_t *offset = view->time.size ? NULL : offset_of(show->dating, view->boot);
	static char text[SPOOL_TIME_SIZE]; /* @view may point to it afterwards */
	const char *at = view->time.size ? view->time.at : NULL;

	if (offset && *offset + view->boot_us <= SPOOL_TIME_MAX_US) {
		spool_time_write(text, *offset + view->boot_us);
		at = text;
		view->time = (struct spool_span){text, SPOOL_TIME_SIZE};
	}
	if (!record_filter_match(&show->filter, view))
		return true;
	if (!as_json) {
		print_text(view, at, offset != NULL);
		return !ferror(stdout);
	}
	(void)printf("{\"at\":%s%.*s%s,\"worked_out\":%d,\"record\":", at ? "\"" : "",
		     at ? SPOOL_TIME_SIZE : 4, at ? at : "null", at ? "\"" : "", offset != NULL);
	(void)fwrite(line.at, 1, line.size, stdout);
	(void)printf("}\n");
	return !ferror(stdout);
}

int audit_show_main(int argc, char **argv)
{
	static const struct option options[] = {
		{.name = "since",
		 .argument = "TIME",
		 .help = "not older: 2026-11-23T22:00:00Z, or how long ago: 10m",
		 .value = &since_text},
		{.name = "until", .argument = "TIME", .help = "not younger", .value = &until_text},
		{.name = "filter",
		 .argument = "TERMS",
		 .help = "event=START,service=web,severity=warning,producer=init",
		 .value = &filter_text},
		{.name = "json", .help = "print JSON, the stored record inside", .flag = &as_json},
		{.name = NULL},
	};
	static const struct usage usage = {
		.synopsis =
			"audit show [--since TIME] [--until TIME] [--filter TERMS] [--json] [DIR]",
		.summary = "Print a trail. A time with ~ before it was worked out from a later "
			   "record of the same boot.",
		.options = options,
		.most = 1};
	struct show show = {.dating = NULL};
	unsigned int unread;
	struct operands operands;
	struct err err = {0};
	int dir_fd;
	int r;

	as_json = false;
	since_text = until_text = filter_text = NULL;
	r = options_read(&usage, argc, argv, &operands);
	if (!r && record_filter_read(&show.filter, since_text, until_text, filter_text))
		r = -EINVAL;
	if (r)
		return OPTIONS_EXIT(r);
	dir_fd = audit_open_dir(operands.count ? operands.at[0] : NULL);
	show.dating = calloc(1, sizeof(*show.dating));
	if (audit_drop(&err)) {
		fd_close(&dir_fd);
		free(show.dating);
		return terminal_fail("audit show", &err);
	}
	if (dir_fd < 0 || !show.dating) {
		(void)fprintf(stderr, "bartizan: audit show: the spool: %s\n",
			      dir_fd < 0 ? err_text(-dir_fd) : err_text(ENOMEM));
		fd_close(&dir_fd);
		free(show.dating);
		return EXIT_FAILED;
	}
	(void)trail_walk(dir_fd, NULL, &show, take_offset);
	unread = trail_walk(dir_fd, "audit show", &show, print_record);
	(void)fflush(stdout);
	fd_close(&dir_fd);
	free(show.dating);
	return ferror(stdout) || unread ? EXIT_FAILED : EXIT_OK;
}

/* Commands that read the spool: logs, events. They print what the recorder stored, made safe for a
 * terminal, and ask nobody. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "commands.h"
#include "privilege.h"
#include "record_filter.h"
#include "spool/reader.h"

#define LAST_MAX  100000
#define FOLLOW_MS 200

static bool follow;
static bool as_json;
static const char *last_text;
static const char *since_text;
static const char *until_text;
static const char *filter_text;
static const char *spool_path;

struct show {
	struct spool_reader reader;
	void (*print)(const struct spool_reader *reader);
	struct record_filter filter;
	uint64_t last; /* only so many of the newest records; 0: all */
};

/* Where the spool is depends on whose eyes see it: the console has it at /spool, everybody else
 * below the state partition. */
static int open_spool(const char *below, const char *name)
{
	static const char *const places[] = {"/spool", "/state/spool"};
	CLEAN_FD int spool_fd = -1;
	CLEAN_FD int fd = -1;

	if (spool_path)
		spool_fd = open(spool_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; !spool_path && spool_fd < 0 && i < ARRAY_SIZE(places); i++)
		spool_fd = open(places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (spool_fd < 0)
		return -errno;
	fd = openat(spool_fd, below, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!name)
		return take_fd(&fd);
	if (!str_is_name(name))
		return -ENOENT;
	fd_close(&spool_fd);
	spool_fd = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return spool_fd < 0 ? -errno : take_fd(&spool_fd);
}

/* When the newest segment was written; 0: there is none. */
static int64_t written_ns(int dir_fd)
{
	struct spool_range range;
	CLEAN_FD int fd = -1;
	struct stat st;

	if (dir_fd < 0 || spool_segment_range(dir_fd, &range))
		return 0;
	fd = spool_segment_open(dir_fd, range.last);
	return fd < 0 || fstat(fd, &st)
		       ? 0
		       : (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

/* What a service prints lies in one of two places, by its log_driver; another version may have said
 * otherwise: the one that was written last counts. */
static int open_output(const char *name)
{
	int shipped = open_spool("svc", name);
	int local = open_spool("local", name);

	if (local >= 0 && written_ns(local) >= written_ns(shipped)) {
		fd_close(&shipped);
		return local;
	}
	fd_close(&local);
	return shipped;
}

int open_audit_spool(void)
{
	spool_path = NULL;
	return open_spool("audit", NULL);
}

/* Behind which record to start so that the newest @count are shown. 0: at the oldest. */
static uint64_t before_last(int dir_fd, uint64_t count, const struct record_filter *filter)
{
	int again = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
	uint64_t *newest = calloc((size_t)count, sizeof(*newest));
	struct spool_reader reader;
	uint64_t seen = 0;
	uint64_t start = 0;

	spool_reader_open(&reader, again, 0);
	while (newest && spool_reader_peek(&reader) == 1) {
		if (record_filter_match(filter, &reader.view))
			newest[seen++ % count] = reader.view.n;
		spool_reader_next(&reader);
	}
	if (seen >= count)
		start = newest ? newest[seen % count] - 1 : 0;
	spool_reader_close(&reader);
	free(newest);
	return start;
}

/* Wait for more. False: a key on the terminal ends it. */
static bool wait_for_more(void)
{
	struct pollfd keys = {.fd = isatty(STDIN_FILENO) ? STDIN_FILENO : -1, .events = POLLIN};

	(void)fflush(stdout);
	return poll(&keys, 1, FOLLOW_MS) <= 0 && !ferror(stdout);
}

/* What arrives after the newest were counted belongs to -f: without it no more than asked for is
 * printed. */
static void show_all(struct show *show)
{
	uint64_t left = show->last && !follow ? show->last : UINT64_MAX;

	do {
		while (left && spool_reader_peek(&show->reader) == 1 && !ferror(stdout)) {
			bool wanted = record_filter_match(&show->filter, &show->reader.view);

			if (wanted)
				show->print(&show->reader);
			spool_reader_next(&show->reader);
			left -= wanted;
		}
	} while (follow && wait_for_more());
	(void)fflush(stdout);
}

/* What a JSON string says, as far as a terminal may have it: the two escapes of printable bytes are
 * undone, others stay visible. */
static void print_string(struct spool_span span)
{
	char *text = malloc(span.size + 1);
	size_t used = 0;

	if (!text)
		return;
	for (size_t i = 0; i < span.size; i++) {
		bool plain =
			span.at[i] == '\\' && i + 1 < span.size && strchr("\"\\", span.at[i + 1]);

		i += plain;
		text[used++] = span.at[i];
	}
	text[used] = '\0';
	terminal_print_safe(text);
	free(text);
}

static void print_raw(const struct spool_reader *reader)
{
	print_string(spool_reader_line(reader));
	(void)printf("\n");
}

static void print_json(const struct spool_reader *reader)
{
	struct spool_span line = spool_reader_line(reader);

	(void)fwrite(line.at, 1, line.size, stdout);
	(void)printf("\n");
}

/* A line that was too long for one record goes on in the next one: no line end between them. */
static void print_output(const struct spool_reader *reader)
{
	static bool open_line;
	struct spool_span line;
	struct spool_span part;
	bool piece;

	if (spool_line_member(&reader->view, "tag", &part) == 0 &&
	    spool_line_member(&reader->view, "line", &line) == 0) {
		print_string(part);
		(void)printf(part.size ? ": " : "");
		print_string(line);
		(void)printf("\n");
		return;
	}
	if (spool_line_member(&reader->view, "line", &line) ||
	    spool_line_member(&reader->view, "part", &part)) {
		print_raw(reader);
		return;
	}
	piece = !spool_span_equal(part, "0");
	if (open_line && (!piece || spool_span_equal(part, "1")))
		(void)printf("\n");
	print_string(line);
	open_line = piece;
	if (!piece)
		(void)printf("\n");
}

static void print_event(const struct spool_reader *reader)
{
	const struct spool_view *v = &reader->view;

	if (v->time.size)
		print_string(v->time);
	else
		(void)printf("+%llu.%06llu", (unsigned long long)(v->boot_us / 1000000),
			     (unsigned long long)(v->boot_us % 1000000));
	(void)printf(" ");
	print_string(v->service);
	(void)printf(" %s",
		     terminal_colour((v->pri & 7u) <= SEVERITY_ERROR ? COLOUR_BAD : COLOUR_NONE));
	print_string(v->event);
	(void)printf("%s ", terminal_colour(COLOUR_NONE));
	/* The fields as they are stored: every control byte in them is escaped, whatever a service
	 * wrote. */
	(void)fwrite(v->fields.at, 1, v->fields.size, stdout);
	(void)printf("\n");
}

static int run(struct show *show, int dir_fd, const char *context)
{
	struct err err = {0};
	uint64_t start;

	if (privilege_drop(&err)) {
		(void)close(dir_fd);
		return terminal_fail(context, &err);
	}
	start = show->last ? before_last(dir_fd, show->last, &show->filter) : 0;
	spool_reader_open(&show->reader, dir_fd, start);
	show_all(show);
	spool_reader_close(&show->reader);
	return ferror(stdout) ? EXIT_FAILED : EXIT_OK;
}

static int read_arguments(const struct usage *usage, int argc, char **argv,
			  struct operands *operands, struct show *show)
{
	int r;

	follow = false;
	as_json = false;
	last_text = NULL;
	since_text = NULL;
	until_text = NULL;
	filter_text = NULL;
	spool_path = NULL;
	r = options_read(usage, argc, argv, operands);
	if (!r && last_text && str_u64(last_text, 1, LAST_MAX, &show->last)) {
		(void)fprintf(stderr, "bartizan: %s: -n %s: want a number from 1 to %d\n", argv[0],
			      last_text, LAST_MAX);
		return -EINVAL;
	}
	return r ? r : record_filter_read(&show->filter, since_text, until_text, filter_text);
}

/* clang-format off */
#define FOLLOW {.name = "follow", .letter = 'f', .help = "go on with what comes; a key ends it on a terminal", .flag = &follow}
#define LAST {.name = "last", .letter = 'n', .argument = "N", .help = "only the newest N", .value = &last_text}
#define SINCE {.name = "since", .argument = "TIME", .help = "not older: 2026-11-23T22:00:00Z, or how long ago: 10m", .value = &since_text}
#define UNTIL {.name = "until", .argument = "TIME", .help = "not younger", .value = &until_text}
#define FILTER {.name = "filter", .argument = "TERMS", .help = "event=START,service=web,severity=warning,producer=init", .value = &filter_text}
#define SPOOL {.name = "spool", .argument = "DIR", .help = "read the spool in DIR", .value = &spool_path}
#define JSON {.name = "json", .help = "print the stored JSON lines", .flag = &as_json}
/* clang-format on */

int cmd_logs(int argc, char **argv)
{
	static const struct option options[] = {FOLLOW, LAST,  SINCE,         UNTIL,
						JSON,   SPOOL, {.name = NULL}};
	static const struct usage usage = {
		.synopsis = "logs [-f] [-n N] [--since TIME] [--until TIME] [--json] SERVICE",
		.summary = "Print what a service wrote. Lines without a time, from before "
			   "the clock was set,\nare within any span.",
		.options = options,
		.least = 1,
		.most = 1};
	struct show show = {.print = print_output};
	struct operands operands;
	int r = read_arguments(&usage, argc, argv, &operands, &show);
	int fd;

	if (r)
		return OPTIONS_EXIT(r);
	fd = open_output(operands.at[0]);
	if (fd < 0) {
		(void)fprintf(stderr, "bartizan: logs: %.32s: %s\n", operands.at[0],
			      fd == -ENOENT ? "nothing is stored of a service of this name"
					    : err_text(-fd));
		return fd == -ENOENT ? EXIT_UNKNOWN : EXIT_FAILED;
	}
	if (as_json)
		show.print = print_json;
	return run(&show, fd, "logs");
}

int cmd_events(int argc, char **argv)
{
	static const struct option options[] = {FOLLOW, LAST, SINCE, UNTIL,
						FILTER, JSON, SPOOL, {.name = NULL}};
	static const struct usage usage = {
		.synopsis = "events [-f] [-n N] [--since TIME] [--until TIME] [--filter TERMS] "
			    "[--json]",
		.summary = "Print the audit records of this device. Records without a time, "
			   "from before the clock\nwas set, are within any span.",
		.options = options};
	struct show show = {.print = print_event};
	struct operands operands;
	int r = read_arguments(&usage, argc, argv, &operands, &show);
	int fd;

	if (r)
		return OPTIONS_EXIT(r);
	fd = open_spool("audit", NULL);
	if (fd < 0) {
		(void)fprintf(stderr, "bartizan: events: the spool: %s\n", err_text(-fd));
		return EXIT_FAILED;
	}
	if (as_json)
		show.print = print_json;
	return run(&show, fd, "events");
}

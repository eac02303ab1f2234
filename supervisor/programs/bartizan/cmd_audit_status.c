/* bartizan audit status, resend: the device's side of delivery. Status is worked out from what lies
 * in the spool, so it can be had when nobody answers. */
#ifndef BARTIZAN_HOST

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/text.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "control_client.h"
#include "privilege.h"
#include "spool/segment.h"
#include "spool/spool.h"

#define ANSWER_MS 10000

static bool as_json;

struct status {
	uint64_t records;
	uint64_t last_n;
	uint64_t delivered_n; /* the cursor: what the collector has read */
	uint64_t waiting;     /* audit records behind it */
	uint64_t checkpoint_age_s;
	bool has_checkpoint;
	uint64_t lost;     /* what GAP records say */
	uint64_t sealed_n; /* last SEAL */
	bool connected;
	char collector[96];
	char protocol[24];
	char why[200]; /* not connected */
};

static void copy_member(const struct spool_view *view, const char *name, char *to, size_t size)
{
	struct spool_span span;

	to[0] = '\0';
	if (spool_line_member(view, name, &span))
		return;
	span.size = span.size < size ? span.size : size - 1;
	memcpy(to, span.at, span.size);
	to[span.size] = '\0';
}

static void take(struct status *s, const struct spool_view *view)
{
	uint64_t count = 0;

	s->records++;
	s->last_n = view->n;
	s->waiting += view->n > s->delivered_n;
	if (spool_span_equal(view->event, "GAP") && spool_line_number(view, "count", &count) == 0)
		s->lost += count;
	if (spool_span_equal(view->event, "SEAL"))
		s->sealed_n = view->n;
	s->connected |= spool_span_equal(view->event, "SHIPPER_CONNECTED");
	if (spool_span_equal(view->event, "SHIPPER_FAILED"))
		s->connected = false;
	else if (!spool_span_equal(view->event, "SHIPPER_CONNECTED"))
		return;
	copy_member(view, "collector", s->collector, sizeof(s->collector));
	copy_member(view, "protocol", s->protocol, sizeof(s->protocol));
	copy_member(view, "reason", s->why, sizeof(s->why));
}

static void walk(struct status *s, int dir_fd)
{
	uint32_t number = 0;

	while (spool_segment_after(dir_fd, number, &number) == 0) {
		struct segment_lines lines;
		const char *line = NULL;
		size_t size = 0;

		if (segment_lines_open(&lines, dir_fd, number))
			continue;
		while (segment_lines_next(&lines, &line, &size) == 0) {
			struct spool_view view;

			if (spool_line_parse(line, size, &view) == 0)
				take(s, &view);
		}
		segment_lines_close(&lines);
	}
}

/* The cursor lies beside the directory of the segments. */
static void read_cursor(struct status *s, int dir_fd)
{
	CLEAN_FD int spool_fd = openat(dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t now_s = clock_real_us() / 1000000u;
	uint64_t boot;
	struct stat st;

	if (spool_fd < 0 || spool_cursor_read(spool_fd, &boot, &s->delivered_n))
		return;
	s->has_checkpoint = true;
	if (fstatat(spool_fd, "cursor", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    now_s > (uint64_t)st.st_mtime)
		s->checkpoint_age_s = now_s - (uint64_t)st.st_mtime;
}

static void print_json(const struct status *s)
{
	char buffer[2048];
	struct text t = TEXT_IN(buffer);

	text_add(&t, "{");
	text_add_json_u64(&t, "records", s->records);
	text_add_json_u64(&t, "last_n", s->last_n);
	text_add_json_u64(&t, "sealed_n", s->sealed_n);
	text_add_json_u64(&t, "queue", s->waiting);
	text_add_json_u64(&t, "delivered_n", s->delivered_n);
	text_add_json_key(&t, "checkpoint_age_s");
	if (s->has_checkpoint)
		text_add_u64(&t, s->checkpoint_age_s);
	else
		text_add(&t, "null");
	text_add_json_u64(&t, "lost", s->lost);
	text_add_json_u64(&t, "connected", s->connected);
	text_add_json_member(&t, "collector", s->collector);
	text_add_json_member(&t, "protocol", s->protocol);
	text_add_json_member(&t, "reason", s->connected ? "" : s->why);
	text_add(&t, "}");
	(void)puts(t.at);
}

static void print_text(const struct status *s)
{
	(void)printf("collector    %s%s%s %s\n",
		     terminal_colour(s->connected ? COLOUR_GOOD : COLOUR_BAD),
		     *s->collector ? s->collector : "not heard of", terminal_colour(COLOUR_NONE),
		     s->connected ? s->protocol : s->why);
	(void)printf("queue        %" PRIu64 " records wait\n", s->waiting);
	if (s->has_checkpoint)
		(void)printf("checkpoint   n=%" PRIu64 ", %" PRIu64 " s ago\n", s->delivered_n,
			     s->checkpoint_age_s);
	else
		(void)printf("checkpoint   none yet\n");
	(void)printf("sealed       up to n=%" PRIu64 " of %" PRIu64 "\n", s->sealed_n, s->last_n);
	(void)printf("lost         %s%" PRIu64 "%s\n",
		     terminal_colour(s->lost ? COLOUR_BAD : COLOUR_GOOD), s->lost,
		     terminal_colour(COLOUR_NONE));
}

int audit_status_main(int argc, char **argv)
{
	static const struct option options[] = {
		{.name = "json", .help = "print JSON", .flag = &as_json},
		{.name = NULL},
	};
	static const struct usage usage = {.synopsis = "audit status [--json] [DIR]",
					   .summary = "What waits for the collector, the last "
						      "checkpoint, what was sealed, what was lost.",
					   .options = options,
					   .most = 1};
	static struct status status;
	struct operands operands;
	struct err err = {0};
	int dir_fd;
	int r;

	as_json = false;
	status = (struct status){0};
	r = options_read(&usage, argc, argv, &operands);
	if (r)
		return OPTIONS_EXIT(r);
	dir_fd = audit_open_dir(operands.count ? operands.at[0] : NULL);
	if (dir_fd < 0) {
		(void)fprintf(stderr, "bartizan: audit status: the spool: %s\n", err_text(-dir_fd));
		return EXIT_FAILED;
	}
	if (audit_drop(&err)) {
		fd_close(&dir_fd);
		return terminal_fail("audit status", &err);
	}
	read_cursor(&status, dir_fd);
	walk(&status, dir_fd);
	fd_close(&dir_fd);
	if (as_json)
		print_json(&status);
	else
		print_text(&status);
	return EXIT_OK;
}

int audit_resend_main(int argc, char **argv)
{
	static const char *from;
	static const struct option options[] = {
		{.name = "from",
		 .argument = "N",
		 .help = "the first record to send",
		 .value = &from,
		 .required = true},
		{.name = NULL},
	};
	static const struct usage usage = {
		.synopsis = "audit resend --from N",
		.summary = "Send every record from N on to the collector once more; `audit verify "
			   "--anchor` "
			   "says what it lacks.\nThe collector knows duplicates by (b, n).",
		.options = options};
	const struct control_question question = {
		.verb = VERB_RESEND, .name = "", .patience_ms = ANSWER_MS};
	uint64_t number = 0;
	struct operands operands;
	struct err err = {0};
	int exit_code;
	int r;

	from = NULL;
	r = options_read(&usage, argc, argv, &operands);
	if (r)
		return OPTIONS_EXIT(r);
	if (str_u64(from, 1, UINT64_MAX, &number)) {
		(void)fprintf(stderr,
			      "bartizan: audit resend: --from %.32s: want a number from 1\n", from);
		return EXIT_USAGE;
	}
	exit_code = control_ask_number(&question, number, &err);
	if (err.code)
		(void)terminal_fail("audit resend", &err);
	return exit_code;
}

#endif

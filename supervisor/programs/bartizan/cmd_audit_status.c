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
#include "spool/line.h"
#include "spool/spool.h"
#include "trail.h"

#define ANSWER_MS 10000
#define DAY_S     86400
#define SOON_DAYS 30

#define ENDS_MAX 5 /* our certificate, those of DEVICE_COLLECTORS_MAX collectors */

static bool as_json;

/* When a certificate ends, as the shipper last said. */
struct end {
	char whose[96];
	uint64_t until_s;
};

struct status {
	uint64_t records;
	uint64_t last_n;
	uint64_t delivered_n; /* the cursor: what the collector has read */
	uint64_t waiting;     /* audit records behind it */
	uint64_t checkpoint_age_s;
	bool has_checkpoint;
	uint64_t lost;       /* what GAP records say */
	uint64_t sealed_n;   /* last SEAL */
	unsigned int unread; /* segments */
	bool connected;
	char collector[96];
	char protocol[24];
	char why[200]; /* not connected */
	struct end ends[ENDS_MAX];
	unsigned int end_count;
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

static void take_end(struct status *s, const struct spool_view *view)
{
	struct end end = {0};
	unsigned int i = 0;

	copy_member(view, "whose", end.whose, sizeof(end.whose));
	if (spool_line_number(view, "until_s", &end.until_s))
		return;
	while (i < s->end_count && !str_equal(s->ends[i].whose, end.whose))
		i++;
	if (i == ENDS_MAX)
		return;
	s->ends[i] = end;
	s->end_count += i == s->end_count;
}

/* False: not known, or the clock is not set. */
static bool days_left(const struct status *s, const char *whose, int64_t *days)
{
	int64_t now_s = (int64_t)(clock_real_us() / 1000000u);

	for (unsigned int i = 0; i < s->end_count; i++) {
		int64_t left_s = (int64_t)s->ends[i].until_s - now_s;

		if (!str_equal(s->ends[i].whose, whose))
			continue;
		/* Whole days; what ended a minute ago ended -1 days from now. */
		*days = left_s >= 0 ? left_s / DAY_S : -1 - (-1 - left_s) / DAY_S;
		return now_s > SPOOL_CLOCK_FLOOR_S;
	}
	return false;
}

static bool take(void *context, struct spool_span line, struct spool_view *view)
{
	struct status *s = context;
	uint64_t count = 0;

	(void)line;
	s->records++;
	s->last_n = view->n;
	s->waiting += view->n > s->delivered_n;
	if (spool_span_equal(view->event, "GAP") && spool_line_number(view, "count", &count) == 0)
		s->lost += count;
	if (spool_span_equal(view->event, "SEAL"))
		s->sealed_n = view->n;
	if (spool_span_equal(view->event, "CERTIFICATE") ||
	    spool_span_equal(view->event, "CERTIFICATE_ENDS"))
		take_end(s, view);
	s->connected |= spool_span_equal(view->event, "SHIPPER_CONNECTED");
	if (spool_span_equal(view->event, "SHIPPER_FAILED"))
		s->connected = false;
	else if (!spool_span_equal(view->event, "SHIPPER_CONNECTED"))
		return true;
	copy_member(view, "collector", s->collector, sizeof(s->collector));
	copy_member(view, "protocol", s->protocol, sizeof(s->protocol));
	copy_member(view, "reason", s->why, sizeof(s->why));
	return true;
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

static void add_days(struct text *t, const struct status *s, const char *name, const char *whose)
{
	int64_t days;

	text_add_json_key(t, name);
	if (days_left(s, whose, &days))
		text_add_i64(t, days);
	else
		text_add(t, "null");
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
	text_add_json_u64(&t, "unread_segments", s->unread);
	text_add_json_u64(&t, "connected", s->connected);
	text_add_json_member(&t, "collector", s->collector);
	text_add_json_member(&t, "protocol", s->protocol);
	text_add_json_member(&t, "reason", s->connected ? "" : s->why);
	add_days(&t, s, "client_certificate_days", "client");
	add_days(&t, s, "collector_certificate_days", s->collector);
	text_add(&t, "}");
	(void)puts(t.at);
}

static void print_days(const struct status *s, const char *name, const char *whose)
{
	int64_t days;

	if (!days_left(s, whose, &days))
		(void)printf("%s not known", name);
	else
		(void)printf("%s %s%" PRId64 "%s days left", name,
			     terminal_colour(days < SOON_DAYS ? COLOUR_BAD : COLOUR_GOOD), days,
			     terminal_colour(COLOUR_NONE));
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
	print_days(s, "certificates client", "client");
	print_days(s, ", collector", s->collector);
	(void)printf("\n");
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
						      "checkpoint, what was sealed, what was "
						      "lost, when certificates end.",
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
	status.unread = trail_walk(dir_fd, "audit status", &status, take);
	fd_close(&dir_fd);
	if (as_json)
		print_json(&status);
	else
		print_text(&status);
	return status.unread ? EXIT_FAILED : EXIT_OK;
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

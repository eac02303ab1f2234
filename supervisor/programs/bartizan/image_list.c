/* `image list`: what the launcher says of each version, and what a failed one wrote last, from the
 * spool. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "control_client.h"
#include "generated/autoconf.h"
#include "image_device.h"
#include "privilege.h"
#include "spool/reader.h"

#define ROWS_MAX    (CONFIG_SERVICES_MAX * 4)
#define LINES       20
#define PATIENCE_MS 10000
#define TIME_SIZE   64

static struct {
	size_t count;
	struct message_row_image at[ROWS_MAX];
} rows;

static void keep(void *context, const union message *m)
{
	(void)context;
	if (m->head.type == M_ROW_IMAGE && rows.count < ROWS_MAX)
		rows.at[rows.count++] = m->row_image;
}

/* ---- as a table */

static void print_row(const struct message_row_image *row)
{
	/* The device's printf has no floating point. */
	uint64_t tenths = (row->size * 10 + (1 << 19)) >> 20;

	(void)printf("%-16s %-16s %-12s %-8s %6llu.%u MiB", row->name,
		     *row->version ? row->version : "-", row->state,
		     row->running  ? "running"
		     : row->active ? "active"
				   : "",
		     (unsigned long long)tenths / 10, (unsigned int)(tenths % 10));
	if (str_equal(row->state, "trial"))
		(void)printf("  %u tries left", row->left);
	if (*row->why)
		(void)printf("  %s", row->why);
	(void)printf("\n");
}

/* ---- as JSON */

/* Of a text that is printable ASCII by now. */
static void print_string(const char *text)
{
	(void)putchar('"');
	for (; *text; text++)
		(void)printf(*text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	(void)putchar('"');
}

/* As the spool writes times, so that texts compare as times do. */
static void format_time(uint64_t at_us, char to[TIME_SIZE])
{
	time_t seconds = (time_t)(at_us / 1000000);
	struct tm tm;

	to[0] = '\0';
	if (gmtime_r(&seconds, &tm))
		(void)snprintf(to, TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%06uZ",
			       tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
			       tm.tm_sec, (unsigned int)(at_us % 1000000));
}

static bool is_before(const struct spool_reader *r, const char *limit)
{
	size_t size = r->view.time.size;

	return size && size < TIME_SIZE && strncmp(r->view.time.at, limit, size) <= 0;
}

/* One pass for the count, one for the lines: there is no other end to begin at. */
static uint64_t count_before(int spool_fd, const char *limit, uint64_t skip)
{
	struct spool_reader reader;
	struct spool_span line;
	uint64_t count = 0;

	spool_reader_open(&reader, fcntl(spool_fd, F_DUPFD_CLOEXEC, 0), 0);
	while (spool_reader_peek(&reader) == 1 && is_before(&reader, limit)) {
		bool output = spool_line_member(&reader.view, "line", &line) == 0;

		/* The text as it is stored: every byte that JSON would not have is escaped. */
		if (output && skip != UINT64_MAX && count >= skip)
			(void)printf("%s\"%.*s\"", count > skip ? "," : "", (int)line.size,
				     line.at);
		count += output;
		spool_reader_next(&reader);
	}
	spool_reader_close(&reader);
	return count;
}

static void print_lines(int spools_fd, const struct message_row_image *row)
{
	CLEAN_FD int fd =
		openat(spools_fd, row->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char limit[TIME_SIZE];
	uint64_t count;

	format_time(row->at_us, limit);
	(void)printf(",\"log\":[");
	if (fd >= 0) {
		count = count_before(fd, limit, UINT64_MAX);
		(void)count_before(fd, limit, count > LINES ? count - LINES : 0);
	}
	(void)printf("]");
}

static void print_reason(int spools_fd, const struct message_row_image *row)
{
	(void)printf(",\"reason\":");
	print_string(row->why);
	(void)printf(",\"generation\":%u", row->generation);
	if (row->exit_code == CLD_EXITED)
		(void)printf(",\"exit_status\":%d", row->exit_status);
	else if (row->exit_code)
		(void)printf(",\"signal\":%d", row->exit_status);
	print_lines(spools_fd, row);
}

static void print_json(int spools_fd, const struct message_row_image *row)
{
	(void)printf("{\"name\":");
	print_string(row->name);
	(void)printf(",\"version\":");
	print_string(row->version);
	(void)printf(",\"state\":");
	print_string(row->state);
	(void)printf(",\"active\":%s,\"running\":%s,\"tries_left\":%u,\"tries_done\":%u,"
		     "\"size\":%" PRIu64,
		     row->active ? "true" : "false", row->running ? "true" : "false", row->left,
		     row->done, row->size);
	if (*row->why)
		print_reason(spools_fd, row);
	(void)printf("}");
}

int image_list(const char *name, bool json, struct err *err)
{
	struct message_image m = {.head = {.type = M_IMAGE, .subject = SUBJECT_NONE},
				  .verb = IMAGE_LIST};
	const struct control_question question = {.patience_ms = PATIENCE_MS, .row = keep};
	/* Before privileges go: the spools of services are for root and the shipper. */
	CLEAN_FD int spools_fd =
		json ? open("/state/spool/svc", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int r;

	rows.count = 0;
	if (str_copy(m.name, sizeof(m.name), name)) {
		(void)err_set(err, EINVAL, "no service has a name that long");
		return EXIT_USAGE;
	}
	r = control_exchange(&(const struct control_exchange){IMAGES_PATH, PEER_LAUNCHER, &m, -1},
			     &question, err);
	if (r != EXIT_OK)
		return r;
	if (json)
		(void)printf("[");
	for (size_t i = 0; i < rows.count; i++) {
		if (json && i)
			(void)printf(",\n ");
		if (json)
			print_json(spools_fd, &rows.at[i]);
		else
			print_row(&rows.at[i]);
	}
	if (json)
		(void)printf("]\n");
	return EXIT_OK;
}

#include "rows.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"
#include "cli/terminal.h"

static enum colour colour_of(const struct message_row_service *row)
{
	if (str_equal(row->state, "running"))
		return str_equal(row->health, "unhealthy") ? COLOUR_BAD : COLOUR_GOOD;
	return str_equal(row->state, "failed") || str_equal(row->state, "refused") ? COLOUR_BAD
										   : COLOUR_DIM;
}

static int widest(const struct rows *rows, size_t offset, const char *title)
{
	size_t width = strlen(title);

	for (int i = 0; i < rows->count; i++) {
		size_t length = strlen((const char *)&rows->at[i] + offset);

		width = length > width ? length : width;
	}
	return (int)width;
}

static void print_number(const char *format_width, int32_t pid)
{
	if (pid > 0)
		(void)printf("%*" PRId32 "  ", (int)strlen(format_width), pid);
	else
		(void)printf("%*s  ", (int)strlen(format_width), "-");
}

void rows_print_table(const struct rows *rows)
{
	int name = widest(rows, offsetof(struct message_row_service, name), "NAME");
	int version = widest(rows, offsetof(struct message_row_service, version), "VERSION");

	(void)printf("%-*s  %-9s  %-9s  %7s  %5s  %8s  %-*s  %s\n", name, "NAME", "STATE", "HEALTH",
		     "PID", "UID", "RESTARTS", version, "VERSION", "REASON");
	for (int i = 0; i < rows->count; i++) {
		const struct message_row_service *row = &rows->at[i];

		(void)printf("%-*s  %s%-9s%s  %-9s  ", name, row->name,
			     terminal_colour(colour_of(row)), row->state,
			     terminal_colour(COLOUR_NONE),
			     str_equal(row->health, "none") ? "-" : row->health);
		print_number("1234567", row->pid);
		print_number("12345", (int32_t)row->uid);
		(void)printf("%8" PRIu32 "  %-*s  %s\n", row->restarts, version,
			     row->version[0] ? row->version : "-",
			     row->why.code ? row->why.msg : "");
	}
}

static void print_exit(const struct message_row_service *row)
{
	if (row->exit_code == CLD_EXITED)
		(void)printf("last exit    exit status %" PRId32 "\n", row->exit_status);
	else if (row->exit_code)
		(void)printf("last exit    killed by signal %" PRId32 "\n", row->exit_status);
}

void rows_print_one(const struct message_row_service *row)
{
	char hash[65];
	uint64_t now_ms = clock_monotonic_ms();

	str_hex(hash, row->root_hash, sizeof(row->root_hash));
	(void)printf("name         %s\n", row->name);
	(void)printf("state        %s%s%s", terminal_colour(colour_of(row)), row->state,
		     terminal_colour(COLOUR_NONE));
	(void)printf(", since %" PRIu64 " s\n",
		     now_ms > row->since_ms ? (now_ms - row->since_ms) / 1000 : 0);
	(void)printf("health       %s\n", row->health);
	if (row->pid > 0)
		(void)printf("pid          %" PRId32 "\n", row->pid);
	(void)printf("restarts     %" PRIu32 "\n", row->restarts);
	print_exit(row);
	if (row->version[0]) {
		(void)printf("version      %s (epoch %" PRIu32 ")\n", row->version, row->epoch);
		(void)printf("root hash    %s\n", hash);
		(void)printf("uid          %" PRIu32 "\n", row->uid);
	}
	if (row->why.code)
		(void)printf("reason       %s\n", row->why.msg);
	if (row->why.code && row->why.hint[0])
		(void)printf("hint         %s\n", row->why.hint);
}

static void add_i64(struct text *text, const char *name, int64_t number)
{
	text_add_json_key(text, name);
	text_add_i64(text, number);
}

void rows_print_json(const struct message_row_service *row)
{
	char buffer[2048] = "";
	char hash[65];
	struct text text = TEXT_IN(buffer);

	str_hex(hash, row->root_hash, sizeof(row->root_hash));
	text_add(&text, "{");
	text_add_json_member(&text, "name", row->name);
	text_add_json_member(&text, "state", row->state);
	text_add_json_member(&text, "health", row->health);
	add_i64(&text, "pid", row->pid);
	text_add_json_u64(&text, "uid", row->uid);
	text_add_json_u64(&text, "generation", row->head.generation);
	text_add_json_u64(&text, "restarts", row->restarts);
	text_add_json_member(&text, "version", row->version);
	text_add_json_u64(&text, "epoch", row->epoch);
	text_add_json_member(&text, "root_hash", row->version[0] ? hash : "");
	text_add_json_u64(&text, "since_ms", row->since_ms);
	add_i64(&text, "exit_code", row->exit_code);
	add_i64(&text, "exit_status", row->exit_status);
	text_add_json_member(&text, "reason", row->why.code ? row->why.msg : "");
	text_add_json_member(&text, "hint", row->why.code ? row->why.hint : "");
	text_add(&text, "}");
	(void)fputs(buffer, stdout);
}

void rows_print_text_json(const struct message_row_text *row)
{
	char buffer[2048] = "";
	struct text text = TEXT_IN(buffer);

	text_add(&text, "{");
	text_add_json_member(&text, "key", row->key);
	text_add_json_member(&text, "value", row->value);
	text_add(&text, "}");
	(void)fputs(buffer, stdout);
}

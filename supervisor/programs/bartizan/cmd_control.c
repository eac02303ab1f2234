/* Commands that ask the supervisor: ps status start stop restart inspect helpers poweroff reboot.
 */
#include <stdio.h>

#include "base/str.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "commands.h"
#include "control_client.h"
#include "rows.h"

/* An answer of stored facts comes at once; one that waits for a service to stop may take its
 * stop_timeout. */
#define FACTS_MS  10000
#define CHANGE_MS 660000

static bool as_json;
static const struct option json_option[] = {
	{.name = "json", .help = "print JSON instead of columns", .flag = &as_json},
	{.name = NULL},
};

static int read_arguments(const struct usage *usage, int argc, char **argv,
			  struct operands *operands)
{
	as_json = false; /* the console runs many commands in one process */
	return options_read(usage, argc, argv, operands);
}

/* Says what is wrong, if anything was said, and keeps the exit code that the supervisor chose. */
static int conclude(const char *context, int exit_code, const struct err *err)
{
	if (err->code)
		(void)terminal_fail(context, err);
	return exit_code;
}

static void keep_row(void *context, const union message *row)
{
	struct rows *rows = context;

	if (row->head.type == M_ROW_SERVICE && rows->count < ROWS_MAX)
		rows->at[rows->count++] = row->row_service;
}

static void print_list(const struct rows *rows)
{
	(void)printf("[");
	for (int i = 0; i < rows->count; i++) {
		(void)printf("%s", i ? ",\n " : "");
		rows_print_json(&rows->at[i]);
	}
	(void)printf("]\n");
}

int cmd_ps(int argc, char **argv)
{
	static const struct usage usage = {.synopsis = "ps [--json]",
					   .summary = "List the services and what they are doing.",
					   .options = json_option};
	static struct rows rows;
	struct control_question question = {VERB_PS, "", FACTS_MS, keep_row, &rows};
	struct operands operands;
	struct err err = {0};
	int r = read_arguments(&usage, argc, argv, &operands);

	if (r)
		return OPTIONS_EXIT(r);
	rows.count = 0;
	r = control_ask(&question, &err);
	if (r == EXIT_OK && as_json)
		print_list(&rows);
	else if (r == EXIT_OK)
		rows_print_table(&rows);
	return conclude("ps", r, &err);
}

int cmd_status(int argc, char **argv)
{
	static const struct usage usage = {
		.synopsis = "status SERVICE [--json]",
		.summary = "Show one service. Exits 0: running (and not unhealthy), 3: not "
			   "running, 4: unknown,\n"
			   "5: refused by policy or verification, 1: failed or unhealthy.",
		.options = json_option,
		.least = 1,
		.most = 1};
	static struct rows rows;
	struct control_question question = {VERB_STATUS, "", FACTS_MS, keep_row, &rows};
	struct operands operands;
	struct err err = {0};
	int r = read_arguments(&usage, argc, argv, &operands);

	if (r)
		return OPTIONS_EXIT(r);
	rows.count = 0;
	question.name = operands.at[0];
	r = control_ask(&question, &err);
	if (rows.count && as_json) {
		rows_print_json(&rows.at[0]);
		(void)printf("\n");
	} else if (rows.count) {
		rows_print_one(&rows.at[0]);
	}
	return conclude(operands.at[0], r, &err);
}

static void print_progress(void *context, const union message *row)
{
	const char *name = context;

	if (row->head.type != M_ROW_TEXT || as_json)
		return;
	(void)printf("%s: %s%s%s\n", name, row->row_text.key, row->row_text.value[0] ? ": " : "",
		     row->row_text.value);
	(void)fflush(stdout);
}

static void print_outcome(const char *name, int exit_code, const struct err *err)
{
	struct message_row_text row = {.head = {.type = M_ROW_TEXT}};

	if (!as_json)
		return;
	str_join(row.key, sizeof(row.key), name, "", "");
	str_join(row.value, sizeof(row.value), exit_code == EXIT_OK ? "ok" : err->msg, "", "");
	rows_print_text_json(&row);
	(void)printf("\n");
}

static int change(const struct usage *usage, enum verb verb, int argc, char **argv)
{
	struct control_question question = {verb, "", CHANGE_MS, print_progress, NULL};
	struct operands operands;
	char name[NAME_SIZE + 8];
	struct err err = {0};
	int r = read_arguments(usage, argc, argv, &operands);

	if (r)
		return OPTIONS_EXIT(r);
	question.name = operands.at[0];
	str_join(name, sizeof(name), operands.at[0], "", "");
	question.context = name;
	r = control_ask(&question, &err);
	print_outcome(name, r, &err);
	return conclude(name, r, &err);
}

int cmd_start(int argc, char **argv)
{
	static const struct usage usage = {
		.synopsis = "start SERVICE [--json]",
		.summary = "Start a service, and what it depends on; wait until it runs.",
		.options = json_option,
		.least = 1,
		.most = 1};

	return change(&usage, VERB_START, argc, argv);
}

int cmd_stop(int argc, char **argv)
{
	static const struct usage usage = {.synopsis = "stop SERVICE [--json]",
					   .summary = "Stop a service; wait until it is gone.",
					   .options = json_option,
					   .least = 1,
					   .most = 1};

	return change(&usage, VERB_STOP, argc, argv);
}

int cmd_restart(int argc, char **argv)
{
	static const struct usage usage = {
		.synopsis = "restart SERVICE [--json]",
		.summary = "Stop a service if it runs, start it, wait until it runs.",
		.options = json_option,
		.least = 1,
		.most = 1};

	return change(&usage, VERB_RESTART, argc, argv);
}

static void print_text(void *context, const union message *row)
{
	int *count = context;

	if (row->head.type != M_ROW_TEXT)
		return;
	if (as_json) {
		(void)printf("%s", (*count)++ ? ",\n " : "[");
		rows_print_text_json(&row->row_text);
	} else {
		(*count)++;
		(void)printf("%-24s %s\n", row->row_text.key, row->row_text.value);
	}
}

static int list_texts(const struct usage *usage, enum verb verb, int argc, char **argv)
{
	int count = 0;
	struct control_question question = {verb, "", FACTS_MS, print_text, &count};
	struct operands operands;
	struct err err = {0};
	int r = read_arguments(usage, argc, argv, &operands);

	if (r)
		return OPTIONS_EXIT(r);
	if (operands.count)
		question.name = operands.at[0];
	r = control_ask(&question, &err);
	if (as_json && r == EXIT_OK)
		(void)printf("%s]\n", count ? "" : "[");
	return conclude(operands.count ? operands.at[0] : argv[0], r, &err);
}

int cmd_inspect(int argc, char **argv)
{
	static const struct usage usage = {.synopsis = "inspect SERVICE [--json]",
					   .summary =
						   "Print every option of a service as the device "
						   "enforces it; last the microseconds that the\n"
						   "signatures of its image took (verify_us), and "
						   "loop device, dm-verity and mount (map_us).",
					   .options = json_option,
					   .least = 1,
					   .most = 1};

	return list_texts(&usage, VERB_INSPECT, argc, argv);
}

int cmd_helpers(int argc, char **argv)
{
	static const struct usage usage = {
		.synopsis = "helpers [--json]",
		.summary = "List Bartizan's own processes and the deaths seen.",
		.options = json_option};

	return list_texts(&usage, VERB_HELPERS, argc, argv);
}

static int go_down(const struct usage *usage, enum verb verb, int argc, char **argv)
{
	struct control_question question = {verb, "", FACTS_MS, NULL, NULL};
	struct operands operands;
	struct err err = {0};
	int r = read_arguments(usage, argc, argv, &operands);

	if (r)
		return OPTIONS_EXIT(r);
	r = control_ask(&question, &err);
	if (r == EXIT_OK)
		(void)printf("stopping the services, then the device\n");
	return conclude(argv[0], r, &err);
}

int cmd_poweroff(int argc, char **argv)
{
	static const struct usage usage = {
		.synopsis = "poweroff",
		.summary = "Stop the services in order and switch the device off."};

	return go_down(&usage, VERB_POWEROFF, argc, argv);
}

int cmd_reboot(int argc, char **argv)
{
	static const struct usage usage = {
		.synopsis = "reboot",
		.summary = "Stop the services in order and start the device again."};

	return go_down(&usage, VERB_REBOOT, argc, argv);
}

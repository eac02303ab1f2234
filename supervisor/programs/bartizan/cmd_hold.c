/* freeze, unfreeze, isolate: incident response, asked of the launcher itself. */
#include <errno.h>
#include <stdio.h>

#include "base/str.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "commands.h"
#include "control_client.h"
#include "rows.h"

#define PATIENCE_MS 15000

static bool as_json;
static const struct option json_option[] = {
	{.name = "json", .help = "print JSON instead of columns", .flag = &as_json},
	{.name = NULL},
};

static void print_row(void *context, const union message *row)
{
	(void)context;
	if (row->head.type != M_ROW_TEXT)
		return;
	if (as_json) {
		rows_print_text_json(&row->row_text);
		(void)printf(",\n ");
	} else {
		(void)printf("  %-16s %s\n", row->row_text.key, row->row_text.value);
	}
}

static int ask(const char *name, enum hold hold, struct err *err)
{
	struct message_hold m = {.head = {.type = M_HOLD, .subject = SUBJECT_NONE}, .hold = hold};
	const struct control_question question = {.patience_ms = PATIENCE_MS, .row = print_row};

	if (str_copy(m.service, sizeof(m.service), name)) {
		(void)err_set(err, EINVAL, "no service has a name that long");
		return EXIT_UNKNOWN;
	}
	return control_exchange(
		&(const struct control_exchange){LAUNCHER_PATH, PEER_LAUNCHER, &m, -1}, &question,
		err);
}

static int change(const struct usage *usage, enum hold hold, int argc, char **argv)
{
	struct message_row_text outcome = {.head = {.type = M_ROW_TEXT}};
	struct operands operands;
	struct err err = {0};
	int r;

	as_json = false; /* the console runs many commands in one process */
	r = options_read(usage, argc, argv, &operands);
	if (r)
		return OPTIONS_EXIT(r);
	if (as_json)
		(void)printf("[");
	str_join(outcome.key, sizeof(outcome.key), operands.at[0], "", "");
	r = ask(operands.at[0], hold, &err);
	str_join(outcome.value, sizeof(outcome.value),
		 r != EXIT_OK        ? err.msg
		 : hold == HOLD_NONE ? "let go"
				     : hold_name(hold),
		 "", "");
	if (as_json) {
		rows_print_text_json(&outcome);
		(void)printf("]\n");
	} else if (r == EXIT_OK) {
		(void)printf("%s: %s\n", operands.at[0], outcome.value);
	}
	if (err.code)
		(void)terminal_fail(operands.at[0], &err);
	return r;
}

int cmd_freeze(int argc, char **argv)
{
	static const struct usage usage = {
		.synopsis = "freeze SERVICE [--json]",
		.summary =
			"Let no process of a service run any more; it stays in memory, and keeps "
			"its locks and sockets.\nIts health is not looked at; a stop or "
			"restart kills it. Exits 3 when it does not run.",
		.options = json_option,
		.least = 1,
		.most = 1};

	return change(&usage, HOLD_FROZEN, argc, argv);
}

int cmd_unfreeze(int argc, char **argv)
{
	static const struct usage usage = {.synopsis = "unfreeze SERVICE [--json]",
					   .summary = "Let a frozen or isolated service go.",
					   .options = json_option,
					   .least = 1,
					   .most = 1};

	return change(&usage, HOLD_NONE, argc, argv);
}

int cmd_isolate(int argc, char **argv)
{
	static const struct usage usage = {
		.synopsis = "isolate SERVICE [--json]",
		.summary =
			"Freeze a service, and let no other life of it begin until it is let go, "
			"by no restart and no\nreboot. Prints what is there of it; its logs "
			"and records stay. Networks to cut are not built in.",
		.options = json_option,
		.least = 1,
		.most = 1};

	return change(&usage, HOLD_ISOLATED, argc, argv);
}

/* trust show|install: what the launcher holds in force, and a bundle that it may put in its place.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/text.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "commands.h"
#include "control_client.h"
#include "rows.h"

#define PATIENCE_MS 120000 /* two processes and a file system per bundle, on the slowest board */

static bool as_json;

/* As trust.conf writes it: a section's row has its name in brackets. */
static void print_row(void *context, const union message *row)
{
	bool *began = context;
	const struct message_row_text *text = &row->row_text;
	bool section = row->head.type == M_ROW_TEXT && text->key[0] == '[';

	if (row->head.type != M_ROW_TEXT)
		return;
	if (as_json) {
		(void)printf("%s", *began ? ",\n" : "[");
		rows_print_text_json(text);
	} else if (section) {
		(void)printf("%s%.*s%s%s]\n", *began ? "\n" : "", (int)strlen(text->key) - 1,
			     text->key, *text->value ? " " : "", text->value);
	} else {
		(void)printf("%s = ", text->key);
		terminal_print_safe(text->value);
		(void)printf("\n");
	}
	*began = true;
}

static int ask(uint16_t type, int file_fd, struct err *err)
{
	struct message_plain m = {.head = {.type = type, .subject = SUBJECT_NONE}};
	bool began = false;
	const struct control_question question = {
		.patience_ms = PATIENCE_MS, .row = print_row, .context = &began};
	int r = control_exchange(
		&(const struct control_exchange){LAUNCHER_PATH, PEER_LAUNCHER, &m, file_fd},
		&question, err);

	if (as_json && began)
		(void)printf("]\n");
	return r;
}

static int install(const char *path, struct err *err)
{
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		(void)err_sys(err, errno, "%s", path);
		return EXIT_FAILED;
	}
	return ask(M_TRUST_INSTALL, fd, err);
}

int cmd_trust(int argc, char **argv)
{
	static const struct option options[] = {
		{.name = "json", .help = "print JSON", .flag = &as_json}, {0}};
	static const struct usage usage = {
		.synopsis = "trust show [--json] | install FILE",
		.summary =
			"Who may sign images and trust bundles. install takes a bundle of exactly "
			"the next version,\n"
			"signed by enough of the old and of the new roots.",
		.options = options,
		.least = 1,
		.most = 2,
	};
	struct operands operands;
	struct err err = {0};
	int r;

	as_json = false;
	r = options_read(&usage, argc, argv, &operands);
	if (r)
		return OPTIONS_EXIT(r);
	if (operands.count == 1 && str_equal(operands.at[0], "show"))
		r = ask(M_TRUST_SHOW, -1, &err);
	else if (operands.count == 2 && str_equal(operands.at[0], "install"))
		r = install(operands.at[1], &err);
	else
		return (void)fprintf(stderr, "usage: bartizan %s\n", usage.synopsis), EXIT_USAGE;
	if (err.code)
		(void)terminal_fail("trust", &err);
	return r;
}

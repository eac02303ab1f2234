/*
 * `bartizan console`: a prompt over the command table, on boards with CONFIG_CONSOLE (QEMU) only.
 * Not a shell: no files, no pipes, no expansion, no other program; the words of a line are looked
 * up in the same table as those of the command line.
 */
#include "generated/autoconf.h"

#ifdef CONFIG_CONSOLE

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/options.h"
#include "commands.h"
#include "privilege.h"

#define LINE_SIZE 256
#define WORDS_MAX 16

/* The terminal driver edits the line (backspace, ^U, ^W). Control characters do not become signals:
 * there is nothing to interrupt to. */
static void set_up_terminal(void)
{
	struct termios settings;

	if (tcgetattr(STDIN_FILENO, &settings))
		return; /* a pipe: lines come as they are */
	settings.c_iflag = ICRNL | IUTF8;
	settings.c_oflag = OPOST | ONLCR;
	settings.c_lflag = ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | IEXTEN;
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &settings);
}

static const struct command *find(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (c->function && str_equal(c->name, name))
			return c;
	return NULL;
}

static void print_help(void)
{
	for (const struct command *c = commands; c->name; c++)
		if (c->function && c->function != cmd_console)
			(void)printf("  %-10s %s\n", c->name, c->help);
	(void)printf("COMMAND --help says more.\n");
}

/* Words of @line in place. Returns their number, -E2BIG when there are too many. */
static int split(char *line, char **words)
{
	char *rest = NULL;
	int count = 0;

	for (char *word = strtok_r(line, " \t\r\n", &rest); word;
	     word = strtok_r(NULL, " \t\r\n", &rest)) {
		if (count == WORDS_MAX)
			return -E2BIG;
		words[count++] = word;
	}
	words[count] = NULL;
	return count;
}

static void run_line(char *line)
{
	char *words[WORDS_MAX + 1];
	const struct command *command;
	int count = split(line, words);
	int exit_code;

	if (count == 0)
		return;
	if (count < 0) {
		(void)printf("at most %d words\n", WORDS_MAX);
		return;
	}
	if (str_equal(words[0], "help")) {
		print_help();
		return;
	}
	/* People type the program's name here too. */
	command = find(words[str_equal(words[0], "bartizan") && count > 1 ? 1 : 0]);
	if (!command || command->function == cmd_console) {
		(void)printf("no such command; `help` lists them\n");
		return;
	}
	if (!str_equal(words[0], command->name))
		exit_code = command->function(count - 1, words + 1);
	else
		exit_code = command->function(count, words);
	(void)fflush(stdout);
	(void)fflush(stderr);
	if (exit_code)
		(void)printf("(exit %d)\n", exit_code);
}

/* False at end of file. An over-long line is thrown away whole, never run in part. */
static bool read_line(char *line, size_t size)
{
	bool whole = true;

	for (;;) {
		if (!fgets(line, (int)size, stdin))
			return false;
		if (strchr(line, '\n'))
			break;
		whole = false;
	}
	if (!whole) {
		(void)printf("line too long\n");
		line[0] = '\0';
	}
	return true;
}

int cmd_console(int argc, char **argv)
{
	static const struct usage usage = {.synopsis = "console",
					   .summary = "A prompt over these commands."};
	struct operands operands;
	char line[LINE_SIZE];
	int r = options_read(&usage, argc, argv, &operands);

	if (r)
		return OPTIONS_EXIT(r);
	privilege_keep();
	set_up_terminal();
	(void)printf("\nBartizan console. `help` lists the commands.\n");
	for (;;) {
		(void)printf("bartizan> ");
		(void)fflush(stdout);
		clearerr(stdin);
		if (!read_line(line, sizeof(line)))
			return EXIT_OK; /* the terminal hung up: init starts another console */
		run_line(line);
	}
}

#endif

/* bartizan: the command line. Finds the row of its first word in commands.c; everything else is in
 * the command's own file. */
#include <stdio.h>
#include <unistd.h>

#include "base/program.h"
#include "base/str.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "commands.h"

static int print_commands(FILE *to, int exit_code)
{
	(void)fprintf(to, "usage: bartizan COMMAND [--help] ...\n\ncommands:\n");
	for (const struct command *c = commands; c->name; c++)
		if (c->function)
			(void)fprintf(to, "  %-10s %s\n", c->name, c->help);
	(void)fprintf(to,
		      "\nexit codes: 0 ok, 1 failed, 2 usage, 3 not running, 4 unknown service,\n"
		      "5 refused by policy or verification, 6 busy, 7 supervisor away\n");
	return exit_code;
}

static const struct command *find(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (str_equal(c->name, name))
			return c;
	return NULL;
}

int PROGRAM_MAIN(int argc, char **argv)
{
	const struct command *command;

	terminal_open(environ); /* it looks for NO_COLOR */
	if (argc < 2)
		return print_commands(stderr, EXIT_USAGE);
	if (str_equal(argv[1], "--help") || str_equal(argv[1], "help"))
		return print_commands(stdout, EXIT_OK);
	command = find(argv[1]);
	if (!command) {
		(void)fprintf(stderr, "bartizan: unknown command %s (bartizan --help lists them)\n",
			      argv[1]);
		return EXIT_USAGE;
	}
	if (!command->function) {
		(void)fprintf(stderr, "bartizan: `%s` is not in this build: it is in the one %s\n",
			      command->name,
			      command->where == ON_HOST ? "for the build host (host/bartizan)"
							: "on the device");
		return EXIT_USAGE;
	}
	return command->function(argc - 1, argv + 1);
}

#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Exit codes of the command line (services.md); 125, 126 and 127 are Docker's. */
enum exit_code {
	EXIT_OK,
	EXIT_FAILED,
	EXIT_USAGE,
	EXIT_NOT_RUNNING,
	EXIT_UNKNOWN,
	EXIT_REFUSED,
	EXIT_BUSY,
	EXIT_AWAY,
};

/* One option: a flag (@flag), or one with a value (@value). The same row parses and prints the
 * help. */
struct option {
	const char *name;     /* "rootfs": given as --rootfs */
	char letter;          /* 'o': given as -o, or 0 */
	const char *argument; /* what the value is, for the help: "DIR" */
	const char *help;
	const char **value;
	bool *flag;
	bool required;
};

/* A command's own page: how it is called, what it does, its options (up to a row without name). */
struct usage {
	const char *synopsis; /* "image build --rootfs DIR ..." */
	const char *summary;  /* one sentence or more, may hold line ends */
	const struct option *options;
	int least; /* operands */
	int most;
};

#define OPTIONS_OPERANDS 8

struct operands {
	int count;
	const char *at[OPTIONS_OPERANDS];
};

/*
 * Read @argv behind argv[0]. Strict: unknown, repeated or missing options, a missing value and too
 * many operands are usage errors. "--" ends the options. Returns 0 to go on; 1: --help was printed,
 * exit 0; -EINVAL: the mistake was printed, exit EXIT_USAGE.
 */
int options_read(const struct usage *usage, int argc, char **argv, struct operands *operands);

/* What a command does with that result: leave with this exit code when it is not 0. */
#define OPTIONS_EXIT(result) ((result) > 0 ? EXIT_OK : EXIT_USAGE)

#endif

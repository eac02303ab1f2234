#include "image/commands.h"

#include <stdio.h>

#include "base/str.h"
#include "cli/options.h"

struct word {
	const char *name;
	int (*function)(int argc, char **argv);
	const char *help;
};

static const struct word words[] = {
	{"build", image_build_command, "make an image from a directory and a service file"},
	{"sign", image_sign_command, "add a signature to an image"},
	{"verify", image_verify_command,
	 "check an image as a device would, and all of its content"},
	{"inspect", image_inspect_command,
	 "show what an image says about itself, without trusting it"},
	{"lint", image_lint_command, "look for what an image should not hold"},
	{"diff", image_diff_command, "count the blocks that differ between two images"},
	{"delta", image_delta_command, "write the blocks that make one image from another"},
};

static int print_words(FILE *to, int exit_code)
{
	(void)fprintf(to, "usage: bartizan image WORD [--help] ...\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		(void)fprintf(to, "  %-8s %s\n", words[i].name, words[i].help);
	return exit_code;
}

int image_command(int argc, char **argv)
{
	if (argc < 2)
		return print_words(stderr, EXIT_USAGE);
	if (str_equal(argv[1], "--help"))
		return print_words(stdout, EXIT_OK);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_equal(words[i].name, argv[1]))
			return words[i].function(argc - 1, argv + 1);
	(void)fprintf(stderr,
		      "bartizan: unknown word: image %s (bartizan image --help lists them)\n",
		      argv[1]);
	return EXIT_USAGE;
}

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
	{"sign", image_sign_command, "add a signature to an image"},
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

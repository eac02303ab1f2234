/* multicall: the programs of a board whose flash is small in one file, so that what they have in
 * common is there once (Kconfig MULTICALL). The name that it was started with says which one it is;
 * each is a process of its own as ever, with its own identity, walls and filter. */
#include <stddef.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"

#define EXIT_USAGE 2

int launcher_main(int argc, char **argv);
int supervisor_main(int argc, char **argv);
int verify_main(int argc, char **argv);
int compile_main(int argc, char **argv);
int recorder_main(int argc, char **argv);
int shipper_main(int argc, char **argv);
int bartizan_main(int argc, char **argv);

/* lint and seccomp: what the command line starts compile as (programs/bartizan/cmd_lint.c). */
static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
} programs[] = {
	{"launcher", launcher_main}, {"supervisor", supervisor_main}, {"verify", verify_main},
	{"compile", compile_main},   {"lint", compile_main},          {"seccomp", compile_main},
	{"recorder", recorder_main}, {"shipper", shipper_main},       {"bartizan", bartizan_main},
};

int main(int argc, char **argv)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "";

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (str_equal(programs[i].name, name))
			return programs[i].main(argc, argv);
	return EXIT_USAGE;
}

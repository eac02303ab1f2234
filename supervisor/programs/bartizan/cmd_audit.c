/* bartizan audit: the trail as a whole. A table of its own, because some of it is on the host only.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "audit.h"
#include "base/fd.h"
#include "base/str.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "commands.h"
#include "privilege.h"

#ifdef BARTIZAN_HOST
#define HOST(function)   function
#define DEVICE(function) NULL
#else
#define HOST(function)   NULL
#define DEVICE(function) function
#endif

/* clang-format off */
static const struct command subcommands[] = {
	{"key", HOST(audit_key_main), "make the auditor's key pair", ON_HOST},
	{"verify", audit_verify_main, "judge a trail: chain, seals, the collector's copy", ON_BOTH},
	{"show", audit_show_main, "print a trail, with the times it lacks worked out", ON_BOTH},
	{"status", DEVICE(audit_status_main), "what waits, what was delivered, what was lost", ON_DEVICE},
	{"resend", DEVICE(audit_resend_main), "send records to the collector once more", ON_DEVICE},
	{NULL, NULL, NULL, ON_BOTH},
};
/* clang-format on */

int audit_open_dir(const char *path)
{
	static const char *const places[] = {"/spool", "/state/spool"};
	CLEAN_FD int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	CLEAN_FD int audit = -1;

	for (size_t i = 0; !path && fd < 0 && i < ARRAY_SIZE(places); i++)
		fd = open(places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	audit = openat(fd, "audit", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return audit >= 0 ? take_fd(&audit) : take_fd(&fd);
}

int audit_drop(struct err *err)
{
#ifdef BARTIZAN_DEVICE
	return privilege_drop(err);
#else
	(void)err;
	return 0;
#endif
}

static int print_subcommands(FILE *to, int exit_code)
{
	(void)fprintf(to, "usage: bartizan audit COMMAND [--help] ...\n\ncommands:\n");
	for (const struct command *c = subcommands; c->name; c++)
		if (c->function)
			(void)fprintf(to, "  %-10s %s\n", c->name, c->help);
	return exit_code;
}

int cmd_audit(int argc, char **argv)
{
	if (argc < 2)
		return print_subcommands(stderr, EXIT_USAGE);
	if (str_equal(argv[1], "--help"))
		return print_subcommands(stdout, EXIT_OK);
	for (const struct command *c = subcommands; c->name; c++) {
		if (!str_equal(c->name, argv[1]))
			continue;
		if (c->function)
			return c->function(argc - 1, argv + 1);
		(void)fprintf(stderr,
			      "bartizan: `audit %s` is not in this build: it is in the one %s\n",
			      c->name,
			      c->where == ON_HOST ? "for the build host (host/bartizan)"
						  : "on the device");
		return EXIT_USAGE;
	}
	(void)fprintf(stderr, "bartizan: audit: unknown command %s (--help lists them)\n", argv[1]);
	return EXIT_USAGE;
}

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "image/commands.h"
#include "image/extract.h"
#include "image/scan.h"
#include "image/workdir.h"

struct image_lint {
	const char *allow;
	bool rules;
	struct scan scan;
	struct workdir workdir;
};

static int print_rules(void)
{
	for (unsigned int i = 0; i < scan_rule_count; i++)
		(void)printf("%-16s %-8s %s: %s\n", scan_rules[i].name,
			     scan_rules[i].refuses ? "refuses" : "warns", scan_rules[i].what,
			     scan_rules[i].hint);
	return EXIT_OK;
}

static int lint(struct image_lint *l, const char *path, struct err *err)
{
	char root[WORKDIR_PATH];
	struct stat st;
	int r;

	if (stat(path, &st) < 0)
		return err_sys(err, errno, "%s", path);
	if (S_ISDIR(st.st_mode))
		return scan_tree(&l->scan, path, err);
	r = workdir_make(&l->workdir, "/tmp/bartizan-lint", err);
	r = r ? r : workdir_join(&l->workdir, "root", root, err);
	r = r ? r : extract_image(path, &l->workdir, root, err);
	return r ? r : scan_tree(&l->scan, root, err);
}

int image_lint_command(int argc, char **argv)
{
	static struct image_lint l;
	const struct option options[] = {
		{.name = "allow",
		 .argument = "RULE,...",
		 .help = "what is accepted",
		 .value = &l.allow},
		{.name = "json", .help = "one JSON object for each finding", .flag = &l.scan.json},
		{.name = "rules", .help = "list the rules", .flag = &l.rules},
		{0},
	};
	const struct usage usage = {
		.synopsis = "image lint (FILE | DIR | --rules) [--allow RULE,...] [--json]",
		.summary = "Looks for what an image or root file system should not hold: setuid "
			   "files, shells, compilers,\n"
			   "left-over caches, private keys and other secrets. `image build` does "
			   "the same.",
		.options = options,
		.least = 0,
		.most = 1,
	};
	struct operands operands;
	struct err err = {0};
	int r = options_read(&usage, argc, argv, &operands);

	if (r)
		return OPTIONS_EXIT(r);
	if (l.rules)
		return print_rules();
	if (!operands.count) {
		(void)fprintf(stderr, "bartizan: image lint: an image or directory is needed\n");
		return EXIT_USAGE;
	}
	if (scan_accept(&l.scan, l.allow, &err)) {
		(void)terminal_fail("image lint", &err);
		return EXIT_USAGE;
	}
	r = lint(&l, operands.at[0], &err);
	workdir_remove(&l.workdir);
	if (r)
		return terminal_fail(operands.at[0], &err);
	if (!l.scan.json)
		(void)printf("%s: %" PRIu32 " warnings, nothing that refuses it\n", operands.at[0],
			     l.scan.findings);
	return EXIT_OK;
}

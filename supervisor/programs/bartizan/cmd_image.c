/* image install|list|activate|confirm|rollback|remove on the device: asked of the launcher, which
 * owns the images. */
#include <errno.h>
#include <stdio.h>

#include "base/str.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "commands.h"
#include "control_client.h"
#include "image_device.h"

#define PATIENCE_MS       60000
#define PURGE_PATIENCE_MS 3600000 /* a volume may hold many files */

static bool as_json, resume, stage, downgrade, delta, purge;
static const char *name;

static const struct option json_option[] = {
	{.name = "json", .help = "print JSON", .flag = &as_json},
	{.name = NULL},
};

static const struct option install_options[] = {
	{.name = "name",
	 .argument = "NAME",
	 .help = "of the service; default: as the file is called",
	 .value = &name},
	{.name = "resume", .help = "go on where an earlier one stopped", .flag = &resume},
	{.name = "stage", .help = "do not activate it", .flag = &stage},
	{.name = "downgrade",
	 .help = "an older version of the same epoch is meant",
	 .flag = &downgrade},
	{.name = "delta",
	 .help = "FILE is a block file (image delta) against the active version",
	 .flag = &delta},
	{.name = "json", .help = "print progress as JSON, a line each", .flag = &as_json},
	{.name = NULL},
};

static const struct option remove_options[] = {
	{.name = "purge", .help = "also its volumes and secrets; its records stay", .flag = &purge},
	{.name = NULL},
};

static void reset(void)
{
	as_json = resume = stage = downgrade = delta = purge = false;
	name = NULL;
}

static int conclude(const char *context, int exit_code, const struct err *err)
{
	if (exit_code && err->code)
		(void)terminal_fail(context, err);
	return exit_code;
}

static int install(const struct usage *usage, int argc, char **argv)
{
	struct operands operands;
	struct image_stream s = {0};
	struct err err = {0};
	int r = options_read(usage, argc, argv, &operands);

	if (r)
		return OPTIONS_EXIT(r);
	s.file = operands.at[0];
	s.name = name;
	s.json = as_json;
	s.flags = (resume ? IMAGE_RESUME : 0u) | (stage ? IMAGE_STAGE : 0u) |
		  (downgrade ? IMAGE_DOWNGRADE : 0u) | (delta ? IMAGE_DELTA : 0u);
	return conclude("image install", image_send(&s, &err), &err);
}

static int list(const struct usage *usage, int argc, char **argv)
{
	struct operands operands;
	struct err err = {0};
	int r = options_read(usage, argc, argv, &operands);

	if (r)
		return OPTIONS_EXIT(r);
	return conclude("image list",
			image_list(operands.count ? operands.at[0] : "", as_json, &err), &err);
}

static int change(const struct usage *usage, enum image_verb verb, int argc, char **argv)
{
	struct message_image m = {.head = {.type = M_IMAGE, .subject = SUBJECT_NONE}, .verb = verb};
	struct control_question question = {.patience_ms = PATIENCE_MS};
	struct operands operands;
	struct err err = {0};
	int r = options_read(usage, argc, argv, &operands);

	if (r)
		return OPTIONS_EXIT(r);
	if (purge && operands.count > 1) {
		(void)err_set(&err, EINVAL, "--purge is of the whole service, not of a version");
		return conclude(argv[0], EXIT_USAGE, &err);
	}
	if (purge) {
		m.verb = IMAGE_PURGE;
		question.patience_ms = PURGE_PATIENCE_MS;
	}
	if (str_copy(m.name, sizeof(m.name), operands.at[0]) ||
	    (operands.count > 1 && str_copy(m.version, sizeof(m.version), operands.at[1]))) {
		(void)err_set(&err, EINVAL, "no service or version has a name that long");
		return conclude(argv[0], EXIT_USAGE, &err);
	}
	r = control_exchange(&(const struct control_exchange){IMAGES_PATH, PEER_LAUNCHER, &m, -1},
			     &question, &err);
	return conclude(argv[0], r, &err);
}

static int activate(const struct usage *usage, int argc, char **argv)
{
	return change(usage, IMAGE_ACTIVATE, argc, argv);
}

static int confirm(const struct usage *usage, int argc, char **argv)
{
	return change(usage, IMAGE_CONFIRM, argc, argv);
}

static int roll_back(const struct usage *usage, int argc, char **argv)
{
	return change(usage, IMAGE_ROLLBACK, argc, argv);
}

static int take_away(const struct usage *usage, int argc, char **argv)
{
	return change(usage, IMAGE_REMOVE, argc, argv);
}

static const struct image_word {
	const char *word;
	int (*run)(const struct usage *usage, int argc, char **argv);
	struct usage usage;
} words[] = {
	{"install",
	 install,
	 {.synopsis = "image install FILE|- [--name NAME] [--resume] [--stage] [--delta]",
	  .summary = "Install an image: verified in full, then activated on trial. A version that "
		     "does not\nkeep running or never gets healthy gives way to the one before.",
	  .options = install_options,
	  .least = 1,
	  .most = 1}},
	{"list",
	 list,
	 {.synopsis = "image list [NAME] [--json]",
	  .summary = "List the installed versions; with --json also why one was given up.",
	  .options = json_option,
	  .most = 1}},
	{"activate",
	 activate,
	 {.synopsis = "image activate NAME VERSION",
	  .summary = "Run another installed version; the service is restarted.",
	  .least = 2,
	  .most = 2}},
	{"confirm",
	 confirm,
	 {.synopsis = "image confirm NAME",
	  .summary = "The version that runs is good: end its trial, refuse older epochs.",
	  .least = 1,
	  .most = 1}},
	{"rollback",
	 roll_back,
	 {.synopsis = "image rollback NAME",
	  .summary = "Go back to the version before and restart the service.",
	  .least = 1,
	  .most = 1}},
	{"remove",
	 take_away,
	 {.synopsis = "image remove NAME [VERSION | --purge]",
	  .summary = "Remove a version, or all; the active one only when the service is stopped. "
		     "With --purge\nall that the service has on the device, also when the device "
		     "policy does not name it any more:\nversions, volumes, secrets, its user id. "
		     "Its records stay, and so does the lowest epoch.",
	  .options = remove_options,
	  .least = 1,
	  .most = 2}},
};

int cmd_image(int argc, char **argv)
{
	bool helps = argc == 2 && str_equal(argv[1], "--help");
	FILE *to = helps ? stdout : stderr;

	reset();
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(words); i++)
		if (str_equal(argv[1], words[i].word))
			return words[i].run(&words[i].usage, argc - 1, argv + 1);
	(void)fprintf(to, "usage:\n");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		(void)fprintf(to, "  bartizan %s\n", words[i].usage.synopsis);
	(void)fprintf(to, "Building, signing and inspecting: host/bartizan\n");
	return helps ? EXIT_OK : EXIT_USAGE;
}

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "image/commands.h"
#include "policy/key.h"

/* The reference of all three files, from the tables that the programs run on. */

struct file {
	const char *name;
	const char *what;
	const struct policy_format *format;
};

static const struct file files[] = {
	{"service.ini", "inside the signed image; `[image]` is written by `bartizan image build`",
	 &policy_service_format},
	{"supervisor.conf", "device policy, in the verified firmware", &policy_device_format},
	{"trust.conf", "who may sign what, in the verified firmware", &policy_trust_format},
};

static const char *const limit_words[] = {
	[LIMIT_MISSING] = "none",
	[LIMIT_MAX] = "at most the device's",
	[LIMIT_SUBSET] = "as the device allows",
	[LIMIT_EQUAL] = "compared by the launcher",
	[LIMIT_FREE] = "free",
};

/* The default in the words of the file; what is computed stands in the help. */
static const char *default_of(const struct policy_key *key)
{
	if (key->required)
		return "required";
	return key->doc->dflt ? key->doc->dflt : "";
}

static void print_range(const struct policy_key *key, struct text *out)
{
	struct policy_key scratch = *key;
	uint64_t number = key->min;

	if (!key->max || key->words || key->max == UINT32_MAX || key->type == &policy_type_octal)
		return;
	scratch.offset = 0;
	scratch.width = sizeof(number);
	text_add(out, " (");
	if (!key->type->print(&scratch, &number, 0, out)) {
		text_add(out, "?");
		return;
	}
	text_add(out, " to ");
	number = key->max;
	(void)key->type->print(&scratch, &number, 0, out);
	text_add(out, ")");
}

static bool is_number(const struct policy_key *key)
{
	return key->type == &policy_type_size || key->type == &policy_type_time ||
	       key->type == &policy_type_count || key->type == &policy_type_rate ||
	       key->type == &policy_type_cpus;
}

static void print_syntax(const struct policy_key *key, struct text *out)
{
	for (uint64_t i = 0; key->words && i <= key->max; i++) {
		text_add(out, i ? " " : "");
		text_add(out, key->words[i]);
	}
	if (!key->words)
		text_add(out, key->type->syntax);
	if (is_number(key))
		print_range(key, out);
}

static void print_row(const struct policy_key *key)
{
	char syntax[512] = "";
	struct text out = TEXT_IN(syntax);

	print_syntax(key, &out);
	(void)printf("| `%s%s` | %s | %s | %s: %s | %s%s |\n", key->name,
		     key->name[strlen(key->name) - 1] == '.' ? "NAME" : "", syntax, default_of(key),
		     limit_words[key->limit.kind], key->limit.reason, key->doc->help,
		     key->many ? " May be repeated." : "");
}

static void print_refusals(const struct policy_section *section)
{
	if (!section->refusal_count)
		return;
	(void)printf("\nRefused, each with its reason:");
	for (size_t i = 0; i < section->refusal_count; i++)
		(void)printf(" `%s`", section->refusals[i].name);
	(void)printf(".\n");
}

static void print_file(const struct file *file)
{
	(void)printf("\n## %s\n%s.\n", file->name, file->what);
	for (size_t i = 0; i < file->format->count; i++) {
		const struct policy_section *section = &file->format->sections[i];

		(void)printf("\n### [%s%s]%s\n", section->name, section->named ? " NAME" : "",
			     section->required ? " (required)" : "");
		(void)printf("| key | value | default | bound | what it does "
			     "|\n|---|---|---|---|---|\n");
		for (size_t k = 0; k < section->count; k++)
			print_row(&section->keys[k]);
		print_refusals(section);
	}
}

static void print_key(const struct policy_section *section, const struct policy_key *key)
{
	char syntax[512] = "";
	struct text out = TEXT_IN(syntax);

	print_syntax(key, &out);
	(void)printf("[%s] %s = %s\n  %s\n  default: %s\n  bound: %s: %s\n", section->name,
		     key->name, syntax, key->doc->help, default_of(key),
		     limit_words[key->limit.kind], key->limit.reason);
}

static const char *const limit_names[] = {
	[LIMIT_MISSING] = "none", [LIMIT_MAX] = "max",   [LIMIT_SUBSET] = "subset",
	[LIMIT_EQUAL] = "equal",  [LIMIT_FREE] = "free",
};

static void print_json_key(const struct file *file, const struct policy_section *section,
			   const struct policy_key *key)
{
	static bool more;
	char syntax[512] = "";
	char line[2048] = "";
	struct text form = TEXT_IN(syntax);
	struct text t = TEXT_IN(line);

	print_syntax(key, &form);
	text_add(&t, more ? ",\n {" : "[{");
	text_add_json_member(&t, "file", file->name);
	text_add_json_member(&t, "section", section->name);
	text_add_json_member(&t, "key", key->name);
	text_add_json_member(&t, "syntax", syntax);
	text_add_json_member(&t, "default", default_of(key));
	text_add_json_member(&t, "bound", limit_names[key->limit.kind]);
	text_add_json_member(&t, "reason", key->limit.reason);
	text_add_json_member(&t, "guide", key->doc->guide ? key->doc->guide : "");
	text_add_json_member(&t, "help", key->doc->help);
	text_add(&t, key->many ? ",\"many\":true}" : ",\"many\":false}");
	(void)printf("%s", line);
	more = true;
}

static int explain_json(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		for (size_t s = 0; s < files[i].format->count; s++)
			for (size_t k = 0; k < files[i].format->sections[s].count; k++)
				print_json_key(&files[i], &files[i].format->sections[s],
					       &files[i].format->sections[s].keys[k]);
	(void)printf("]\n");
	return EXIT_OK;
}

/* A key may stand in several sections and files: all of them are shown. */
static int explain_key(const char *name)
{
	int found = 0;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		for (size_t s = 0; s < files[i].format->count; s++) {
			const struct policy_section *section = &files[i].format->sections[s];
			const struct policy_key *key =
				policy_key_find(section->keys, section->count, name);

			if (!key)
				continue;
			found++;
			(void)printf("%s: ", files[i].name);
			print_key(section, key);
		}
	if (!found)
		(void)fprintf(stderr, "bartizan: no key %s (bartizan explain lists all)\n", name);
	return found ? EXIT_OK : EXIT_FAILED;
}

int explain_command(int argc, char **argv)
{
	bool as_json = false;
	const struct option options[] = {
		{.name = "json", .help = "every key as one JSON array", .flag = &as_json},
		{0},
	};
	const struct usage usage = {
		.synopsis = "explain [KEY] [--json]",
		.options = options,
		.summary = "Explains one key of the configuration files, or prints the whole "
			   "reference as Markdown.",
		.most = 1,
	};
	struct operands operands;
	int r = options_read(&usage, argc, argv, &operands);

	if (r)
		return OPTIONS_EXIT(r);
	if (as_json)
		return explain_json();
	if (operands.count)
		return explain_key(operands.at[0]);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		print_file(&files[i]);
	return EXIT_OK;
}

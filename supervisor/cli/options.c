#include "cli/options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define OPTIONS_MAX 32

struct reading {
	const struct usage *usage;
	bool seen[OPTIONS_MAX];
};

static int mistake(const struct usage *u, const char *what, const char *word)
{
	(void)fprintf(stderr, "bartizan: %s%s%s\nusage: bartizan %s (--help explains)\n", what,
		      word ? " " : "", word ? word : "", u->synopsis);
	return -EINVAL;
}

static void print_option(const struct option *o)
{
	char left[40];
	char letter[] = "-x, ";

	letter[1] = o->letter;
	(void)snprintf(left, sizeof(left), "%s--%s%s%s", o->letter ? letter : "    ", o->name,
		       o->argument ? " " : "", o->argument ? o->argument : "");
	(void)printf("  %-28s %s%s\n", left, o->help, o->required ? " (required)" : "");
}

static void print_help(const struct usage *u)
{
	(void)printf("usage: bartizan %s\n%s\n", u->synopsis, u->summary);
	if (u->options && u->options[0].name)
		(void)printf("\noptions:\n");
	for (const struct option *o = u->options; o && o->name; o++)
		print_option(o);
}

/* --name, --name=value and -l; *inline_value is what stands behind '='. */
static int find(const struct usage *u, const char *word, const char **inline_value)
{
	const char *equals = strchr(word, '=');
	size_t length = word[1] == '-' && equals ? (size_t)(equals - word) : strlen(word);

	*inline_value = word[1] == '-' && equals ? equals + 1 : NULL;
	for (int i = 0; u->options && u->options[i].name; i++) {
		const struct option *o = &u->options[i];

		if (word[1] == '-' && strlen(o->name) == length - 2 &&
		    strncmp(word + 2, o->name, length - 2) == 0)
			return i;
		if (o->letter && length == 2 && word[1] == o->letter)
			return i;
	}
	return -ENOENT;
}

static int read_option(struct reading *r, const char *word, const char *next, bool *took_next)
{
	const char *value;
	int index = find(r->usage, word, &value);
	const struct option *o;

	if (index < 0 || index >= OPTIONS_MAX)
		return mistake(r->usage, "unknown option", word);
	o = &r->usage->options[index];
	if (r->seen[index])
		return mistake(r->usage, "repeated option", word);
	r->seen[index] = true;
	if (o->flag && value)
		return mistake(r->usage, "option takes no value:", word);
	if (o->flag) {
		*o->flag = true;
		return 0;
	}
	*took_next = !value;
	*o->value = value ? value : next;
	return *o->value ? 0 : mistake(r->usage, "option needs a value:", word);
}

static int check_required(const struct reading *r, const struct operands *operands)
{
	const struct usage *u = r->usage;
	char word[32];

	for (int i = 0; u->options && u->options[i].name; i++)
		if (u->options[i].required && !r->seen[i]) {
			(void)snprintf(word, sizeof(word), "--%s", u->options[i].name);
			return mistake(u, "missing option", word);
		}
	if (operands->count < u->least)
		return mistake(u, "something is missing", NULL);
	return 0;
}

int options_read(const struct usage *usage, int argc, char **argv, struct operands *operands)
{
	struct reading r = {.usage = usage};
	bool only_operands = false;

	memset(operands, 0, sizeof(*operands));
	for (int i = 1; i < argc; i++) {
		bool took_next = false;

		if (!only_operands && str_equal(argv[i], "--help")) {
			print_help(usage);
			return 1;
		}
		if (!only_operands && str_equal(argv[i], "--")) {
			only_operands = true;
			continue;
		}
		if (only_operands || argv[i][0] != '-' || !argv[i][1]) {
			if (operands->count == usage->most || operands->count == OPTIONS_OPERANDS)
				return mistake(usage, "unexpected", argv[i]);
			operands->at[operands->count++] = argv[i];
			continue;
		}
		if (read_option(&r, argv[i], argv[i + 1], &took_next))
			return -EINVAL;
		i += took_next;
	}
	return check_required(&r, operands);
}

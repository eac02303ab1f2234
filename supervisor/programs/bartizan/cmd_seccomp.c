/* seccomp: what filters answer. `compile` has the profiles; the name of a service stands for its
 * profile. */
#include "commands.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "cli/options.h"
#include "cli/terminal.h"

#ifdef BARTIZAN_HOST
#include "seccomp/show.h"

int cmd_seccomp(int argc, char **argv)
{
	return seccomp_command(argc, argv);
}
#else
#include "control_client.h"

#define FACTS_MS  10000
#define WORDS_MAX 16

/* What `inspect` says of one service. */
struct found {
	char profile[128];
	bool jit;
};

static void keep(void *context, const union message *row)
{
	struct found *found = context;

	if (row->head.type != M_ROW_TEXT)
		return;
	if (str_equal(row->row_text.key, "seccomp"))
		str_join(found->profile, sizeof(found->profile), row->row_text.value, "", "");
	if (str_equal(row->row_text.key, "mdwe"))
		found->jit = str_equal(row->row_text.value, "no");
}

static int ask(const char *name, struct found *found)
{
	struct control_question question = {VERB_INSPECT, name, FACTS_MS, keep, found};
	struct err err = {0};
	int r = control_ask(&question, &err);

	if (r == EXIT_OK && found->profile[0] == '/') {
		(void)err_set(&err, ENOENT, "the profile of %s lies in its image", name);
		(void)err_hint(&err, "bartizan seccomp show FILE on the build host");
		r = EXIT_FAILED;
	}
	if (err.code)
		(void)terminal_fail("seccomp", &err);
	return r;
}

static bool is_service(const char *word)
{
	return str_is_name(word) && !str_starts(word, "builtin:");
}

/* Operands behind the verb that are names of services become their profiles. */
int cmd_seccomp(int argc, char **argv)
{
	static struct found found[WORDS_MAX];
	char *words[WORDS_MAX + 2] = {argv[0]};
	static char jit[] = "--jit";
	bool any_jit = false;
	int count = 1;

	if (argc > 1 && str_equal(argv[1], "record"))
		return cmd_record(argc - 1, argv + 1);
	for (int i = 1; i < argc && count < WORDS_MAX; i++) {
		words[count] = argv[i];
		if (count > 1 && is_service(argv[i]) && argv[i - 1][0] != '-') {
			int r;

			memset(&found[count], 0, sizeof(found[count]));
			r = ask(argv[i], &found[count]);
			if (r != EXIT_OK)
				return r;
			words[count] = found[count].profile;
			any_jit |= found[count].jit;
		}
		count++;
	}
	if (any_jit)
		words[count++] = jit;
	words[count] = NULL;
	return run_compile(words);
}
#endif

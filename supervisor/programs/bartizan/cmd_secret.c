/*
 * secret add|ls|rm: the value comes on standard input, goes to the launcher in a sealed memfd and
 * is printed by nobody.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "commands.h"
#include "control_client.h"
#include "ipc/proto.h"
#include "policy/policy.h"

#define PATIENCE_MS 10000

static const struct secret_verb {
	const char *name;
	uint16_t type;
	int operands;
} verbs[] = {{"add", M_SECRET_ADD, 3}, {"rm", M_SECRET_RM, 3}, {"ls", M_SECRET_LS, 2}};

/* What stands on standard input, whole. fd or -errno. */
static int read_value(struct err *err)
{
	static char value[POLICY_SECRET_BYTES + 1];
	ssize_t n = fd_read_up_to(STDIN_FILENO, value, sizeof(value));
	int fd;

	if (n < 0)
		return err_sys(err, (int)-n, "standard input");
	if (n == 0 || n == (ssize_t)sizeof(value)) {
		explicit_bzero(value, sizeof(value));
		return err_set(err, EFBIG, "a secret holds 1 to %u bytes", POLICY_SECRET_BYTES);
	}
	fd = fd_sealed_memfd("secret", value, (size_t)n);
	explicit_bzero(value, sizeof(value));
	return fd < 0 ? err_sys(err, -fd, "memory for the value") : fd;
}

static void print_name(void *context, const union message *row)
{
	(void)context;
	if (row->head.type != M_ROW_TEXT)
		return;
	terminal_print_safe(row->row_text.key);
	(void)printf("\n");
}

static int ask(const struct secret_verb *verb, const struct operands *operands, struct err *err)
{
	struct message_secret m = {.head = {.type = verb->type, .subject = SUBJECT_NONE}};
	const struct control_question question = {.patience_ms = PATIENCE_MS, .row = print_name};
	CLEAN_FD int value_fd = -1;

	if (str_copy(m.service, sizeof(m.service), operands->at[1]) ||
	    (verb->operands > 2 && str_copy(m.name, sizeof(m.name), operands->at[2]))) {
		(void)err_set(err, EINVAL, "no service or secret has a name that long");
		return EXIT_USAGE;
	}
	if (verb->type == M_SECRET_ADD) {
		value_fd = read_value(err);
		if (value_fd < 0)
			return EXIT_FAILED;
	}
	return control_exchange(
		&(const struct control_exchange){LAUNCHER_PATH, PEER_LAUNCHER, &m, value_fd},
		&question, err);
}

int cmd_secret(int argc, char **argv)
{
	static const struct usage usage = {
		.synopsis = "secret add SERVICE NAME | ls SERVICE | rm SERVICE NAME",
		.summary = "Secrets that a service names in its file. add reads the value, up to "
			   "512 KB, from standard input.",
		.least = 2,
		.most = 3,
	};
	struct operands operands;
	struct err err = {0};
	int r = options_read(&usage, argc, argv, &operands);

	if (r)
		return OPTIONS_EXIT(r);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (!str_equal(operands.at[0], verbs[i].name) ||
		    operands.count != verbs[i].operands)
			continue;
		r = ask(&verbs[i], &operands, &err);
		if (err.code)
			(void)terminal_fail("secret", &err);
		return r;
	}
	(void)fprintf(stderr, "usage: bartizan %s\n", usage.synopsis);
	return EXIT_USAGE;
}

#ifndef BARTIZAN_CONTROL_CLIENT_H
#define BARTIZAN_CONTROL_CLIENT_H

#include "ipc/proto.h"

#define CONTROL_PATH  "/run/bartizan/control"
#define LAUNCHER_PATH "/run/bartizan/launcher" /* its own, not through the supervisor */

struct control_question {
	enum verb verb;
	const char *name; /* "" where the verb takes none */
	int patience_ms;  /* between two messages of the answer */
	/* Called for every row, whose texts are terminated and printable by then. May be NULL. */
	void (*row)(void *context, const union message *row);
	void *context;
};

/*
 * Connect, give up privileges, ask, hand out the rows. Returns the exit code of services.md; *err
 * says why when it is not EXIT_OK (code 0: there is nothing to say, as with `status` of a stopped
 * service).
 */
int control_ask(const struct control_question *question, struct err *err);

/* The same with a verb that takes a number. */
int control_ask_number(const struct control_question *question, uint64_t number, struct err *err);

/* Connect to @peer at @path. The descriptor or -errno. Privileges are kept: the caller drops them.
 */
int control_connect(const char *path, enum peer peer, struct err *err);

/* What came is from a process that prints what images and services say: made harmless before anyone
 * sees it. */
void control_make_printable(union message *m);

/* One question to @peer at @path: @message, with @value_fd unless that is -1. Otherwise as
 * control_ask(); of @question only patience and rows count. */
struct control_exchange {
	const char *path;
	enum peer peer;
	const void *message;
	int value_fd;
};
int control_exchange(const struct control_exchange *x, const struct control_question *question,
		     struct err *err);

#endif

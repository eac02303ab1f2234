#ifndef BARTIZAN_CONTROL_CLIENT_H
#define BARTIZAN_CONTROL_CLIENT_H

#include "ipc/proto.h"

#define CONTROL_PATH "/run/bartizan/control"

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

#endif

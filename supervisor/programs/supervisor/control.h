#ifndef SUPERVISOR_CONTROL_H
#define SUPERVISOR_CONTROL_H

#include "supervisor.h"

/* Exit codes of the command line (services.md). */
enum control_exit {
	CONTROL_OK = 0,
	CONTROL_FAILED = 1,
	CONTROL_NOT_RUNNING = 3,
	CONTROL_UNKNOWN = 4,
	CONTROL_REFUSED = 5,
	CONTROL_BUSY = 6,
	CONTROL_AWAY = 7,
};

enum client_phase { CLIENT_ASKING, CLIENT_ROWS, CLIENT_WAITING, CLIENT_ENDING };

struct verb_row;

struct client {
	struct channel channel; /* fd -1: free place */
	struct watch watch;
	struct timer limit;
	uint32_t uid;
	uint32_t pid;
	enum client_phase phase;
	const struct verb_row *verb;
	struct service *service; /* of verbs that need one */
	uint64_t number;         /* of verbs that take one */
	uint32_t next_row;
	enum service_state shown; /* last state told while waiting */
	struct message_end end;
};

/* One row per verb. Rows of the answer come one at a time, so that a slow client costs no memory.
 */
struct verb_row {
	enum verb number; /* proto.h */
	const char *name;
	bool needs_service;
	bool audited; /* it changes something */
	/* Do it. Leaves the phase at CLIENT_ROWS, or sets CLIENT_WAITING. */
	void (*begin)(struct client *c);
	/* Row number @index of the answer; false: there are no more. NULL: none at all. */
	bool (*row)(const struct client *c, uint32_t index, union message *row);
	/* Of waiting verbs: true when the state is final for this question; c->end then says what
	 * to answer. */
	bool (*settled)(struct client *c);
	/* How long it may wait, in ms. */
	uint64_t (*patience_ms)(const struct client *c);
};

const struct verb_row *control_verb(uint32_t number); /* NULL: no such verb */
const struct stranger *control_stranger(const char *name);

#endif

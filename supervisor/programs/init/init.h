#ifndef INIT_INIT_H
#define INIT_INIT_H

#include "audit/refusals.h"
#include "children.h"
#include "event/loop.h"
#include "helpers.h"
#include "ipc/channel.h"
#include "power.h"
#include "producers.h"
#include "store.h"

/* Why nothing may start, as one word for the launcher; "" when all is as the board declares. The
 * first reason stays. */
#define LOCK_WORD 24

/* init's end of a socket to one of the two programs that talk to it. */
struct link {
	struct channel channel;
	struct watch watch;
	bool writable_wanted;
	bool greeted;   /* everything that a new peer is told first has been sent */
	uint32_t place; /* how far that went */
	struct refusals refusals;
};

/* A process that was reaped before anybody had announced it: the announcement may still lie in the
 * launcher's socket. */
#define STRANGERS_MAX 64
struct stranger {
	pid_t pid;
	int status;
	struct rusage usage;
	uint64_t at_ms;
};

struct init {
	struct loop loop;
	char locked[LOCK_WORD];
	int signal_fd;
	struct watch signals;
	int watchdog_fd;
	uint64_t watchdog_ms;
	struct timer watchdog;
	bool unwell; /* a critical service is: the watchdog goes hungry */
	struct producers producers;
	struct children children;
	struct store store;
	struct link launcher;
	struct link supervisor;
	bool launcher_ready;
	bool launcher_up_due; /* M_LAUNCHER_UP is still to be sent */
	struct helpers helpers;
	struct timer repeat; /* unacknowledged exits */
	struct timer reap_more;
	struct stranger strangers[STRANGERS_MAX];
	unsigned int next_stranger;
	struct power_off power;
};

/* Mounts to read-only root: every step of architecture.md, "Boot", up to the launcher. A step that
 * fails locks the device, see boot.c, and the rest is done all the same. */
void boot_run(struct init *init);

/* Remember the first reason; says it on the console and in the audit trail. */
void init_lock(struct init *init, const char *word, const char *reason);

#endif

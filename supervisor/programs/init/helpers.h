#ifndef INIT_HELPERS_H
#define INIT_HELPERS_H

#include <sys/types.h>

#include "event/loop.h"
#include "ipc/proto.h"

struct init;

/* The resident helpers: asked of the launcher at boot and after each death, after a delay that
 * depends on how it died. */
enum helper_state {
	HELPER_WAITING, /* for its time, or for the launcher */
	HELPER_DUE,
	HELPER_ASKED,
	HELPER_RUNNING,
};

struct helper_row {
	enum helper_state state;
	uint32_t generation;
	uint64_t started_ms;
	uint32_t crash_ms;  /* the next delay after an attack signal */
	uint32_t failed_ms; /* the next delay after a launch that failed */
	uint32_t quick;     /* deaths in a row within the first second of life */
	struct timer timer;
	struct init *init;
	bool died_due; /* M_HELPER_DIED is still to be sent */
	struct message_exited died;
};

struct helpers {
	struct helper_row rows[HELPER_COUNT];
	int state_fd;             /* the supervisor's memory */
	uint64_t state_deaths[3]; /* CLOCK_MONOTONIC of its last crashes */
};

/* True for helpers that init keeps alive; the launcher starts verify and compile by itself when it
 * needs one. */
bool helper_is_resident(enum helper helper);

/* Make the supervisor's state memory and start the launcher. */
void helpers_start(struct init *init);

/* The launcher is ready: every helper that does not run is due now. */
void helpers_launcher_ready(struct init *init);

/* The launcher is gone: what it was asked for will not come. */
void helpers_launcher_gone(struct init *init);

/* Send one request that is due. 1: sent, 0: none is due, or -errno of channel_send(). */
int helpers_ask_next(struct init *init);

/* M_CHILD said that it lives. -ESTALE: not the one that was asked for. */
int helpers_started(struct init *init, enum helper helper, uint32_t generation, pid_t pid);

/* M_HELPER_FAILED. -ESTALE as above. */
int helpers_failed(struct init *init, enum helper helper, uint32_t generation,
		   const struct err *err);

/* It was reaped. */
void helpers_died(struct init *init, enum helper helper, const struct message_exited *exited);

/* How long to wait before the next start. Pure, for tests: an attack signal waits 10 s doubling to
 * 10 min (from @crash_ms on), anything else starts at once, unless it keeps dying in its first
 * second. */
uint32_t helper_delay(int code, int status, uint32_t *crash_ms, uint32_t *quick, uint64_t lived_ms);
bool helper_is_attack(int code, int status);

#endif

#ifndef INIT_POWER_H
#define INIT_POWER_H

#include "event/loop.h"
#include "ipc/proto.h"

struct init;

/* Going down, one stage after the other, each with a deadline after which the next begins whatever
 * happened. */
enum power_stage {
	STAGE_UP,
	STAGE_ASKING,   /* the supervisor stops the services in order and answers M_POWER */
	STAGE_KILLING,  /* what is left of the services */
	STAGE_FLUSHING, /* the recorder writes what is in the rings */
	STAGE_SHIPPING, /* the shipper sends what it can */
	STAGE_CLEARING, /* every process but init is killed */
	STAGE_LEAVING,  /* a child syncs, unmounts and calls reboot(2) */
	STAGE_FORCING,  /* the same without sync */
	STAGE_LOST,     /* reboot(2) does not work: nobody feeds the watchdog any more */
	STAGE_COUNT
};

struct power_off {
	enum power_stage stage;
	enum power how;
	bool shutdown_due; /* M_SHUTDOWN is still to be sent */
	struct timer deadline;
	struct init *init;
};

/* Somebody told init: ask the supervisor to stop the services first. Harmless when the device is
 * going down already. */
void power_ask(struct init *init, enum power how, const char *why);

/* The supervisor said that all services are down. */
void power_now(struct init *init, enum power how);

/* Something died: the stage under way may be over. */
void power_check(struct init *init);

/* No helper is started any more. */
bool power_is_ending(const struct init *init);

/* In a child of init: sync, unmount, reboot(2). Does not return. */
_Noreturn void power_leave(enum power how);

#endif
